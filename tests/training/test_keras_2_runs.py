"""The same hooks on Keras 2, as the images ``keras_2_12`` and ``keras_2_15`` hold it.

``KERAS_2_PYTHON`` names the interpreter of an environment with TensorFlow 2.12 or 2.15.
"""

import os
from pathlib import Path

import pytest
from tests.training.runtime_runs import run

from pushtune_contract.exit_codes import ExitCode

PYTHON = os.environ.get("KERAS_2_PYTHON", "")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PYTHON, reason="KERAS_2_PYTHON is not set")]


def test_a_baseline(tmp_path: Path) -> None:
    done = run(tmp_path, "keras_2_image", python=PYTHON)
    assert done.exit_code == ExitCode.DONE
    assert done.stdout == "acc 2\ntwo numbers 2\n"
    assert done.result.versions["keras"].startswith("2.")
    assert done.result.objective is not None
    assert (done.result.objective.metric, done.result.objective.guard) == ("accuracy", "holdout")
    assert done.result.samples == {"train": 160, "validation": 40, "test": 40}
    assert (done.result.test_reads, done.result.epochs_trained) == (1, 4)
    tunable = {(item.owner, item.argument, item.line) for item in done.result.search_space if item.tunable}
    assert ("Dense", "units", 18) in tunable
    assert ("Dense", "units", 20) not in tunable
    assert done.result.exactness_reason == "Keras 2 has no checkpoints here: an interrupted run starts again"


def test_a_trial(tmp_path: Path) -> None:
    overrides = {
        "train.py:15:10#0.Conv2D.filters": 8,
        "train.py:21:0#0.compile.optimizer": "adam",
        "train.py:21:0#0.compile.learning_rate": 0.01,
        "train.py:21:0#0.compile.learning_rate_decay": "cosine",
        "train.py:22:10#0.fit.epochs": 1,
        "train.py:22:10#0.fit.batch_size": 16,
        "train.py:28:0#0.compile.optimizer": "nadam",
    }
    done = run(tmp_path, "keras_2_image", mode="trial", overrides=overrides, python=PYTHON)
    assert (done.exit_code, done.result.unapplied, done.result.test_reads) == (ExitCode.DONE, [], 0)
    assert done.stdout.startswith("acc 1\n")
