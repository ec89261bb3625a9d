"""Arguments of an older Keras are left out only where they say what Keras 3 does anyway."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")
TIMEOUT_SECONDS = 300
TRAINING = Path(__file__).parents[2] / "training"
SCRIPT = """
import keras
import tensorflow.keras
from pushtune_runtime.keras_hooks import legacy_arguments
from pushtune_runtime.keras_hooks.keras_classes import find_classes

legacy_arguments.install(find_classes(keras), print)
keras.layers.LSTM(4, time_major=False)
try:
    keras.layers.LSTM(4, time_major=True)
except ValueError as error:
    print("refused:", error)
"""


def test_times_first_is_refused_and_rows_first_is_left_out(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(TRAINING)},
        capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True,
    )  # fmt: skip
    assert done.stdout.count("refused:") == 1
    assert "time_major" in done.stdout
