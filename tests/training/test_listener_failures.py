"""A listener that fails is left out, and says so; the script trains on, and is not rated exact."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.training.resume_runs import environment
from tests.training.runtime_runs import needs_tensorflow

from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import TrialResult, read_result
from pushtune_runtime.keras_hooks.fit_events import FitEvents, FitListener
from pushtune_runtime.script_runner import TrainingStopped


class Listener(FitListener):
    """Notes the batches that it hears of, and fails at one of them."""

    def __init__(self, fails_at: int = -1, error: "BaseException | None" = None) -> None:
        self.heard: list[int] = []
        self._fails_at = fails_at
        self._error = error

    def on_train_batch_end(self, callback_list: Any, batch: int, logs: Any) -> None:
        self.heard.append(batch)
        if batch == self._fails_at and self._error is not None:
            raise self._error


def test_the_others_miss_nothing() -> None:
    first, second, third = Listener(1, ValueError("1")), Listener(1, KeyError("2")), Listener()
    left_out: list[Any] = []
    events = FitEvents([first, second, third], lambda listener, error: left_out.append((listener, repr(error))))
    events._tell_epoch_begin(None, 0)
    for batch in range(3):
        events._tell_batch_end(None, batch)
    assert [one.heard for one in (first, second, third)] == [[0, 1], [0, 1], [0, 1, 2]]
    assert left_out == [(first, "ValueError('1')"), (second, "KeyError('2')")]
    assert events.listeners == [third]


def test_what_ends_a_training_on_purpose_passes() -> None:
    events = FitEvents([Listener(0, TrainingStopped("pruned"))], lambda listener, error: pytest.fail("left out"))
    events._tell_epoch_begin(None, 0)
    with pytest.raises(TrainingStopped):
        events._tell_batch_end(None, 0)


SCRIPT = """
import numpy as np
from tensorflow import keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((40, 3)), np.ones((40, 1)), epochs=3, verbose=0)
model.fit(np.ones((40, 3)), np.ones((40, 1)), epochs=2, verbose=0)
model.evaluate(np.zeros((8, 3)), np.ones((8, 1)), verbose=0)
print("done")
"""
DRIVER = """
import sys
from pushtune_runtime.__main__ import main
from pushtune_runtime.keras_hooks import checkpoint_listener
from pushtune_runtime.keras_hooks.{module} import {name}
checkpoint_listener.COST_SHARE = 100.0
original, calls = {name}.{event}, []
def fail(*arguments):
    calls.append(1)
    if len(calls) == 2:
        raise RuntimeError("on purpose")
    return original(*arguments)
{name}.{event} = fail
sys.exit(main(sys.argv[1:]))
"""


def run_failing(
    folder: Path, module: str, name: str, event: str
) -> "tuple[subprocess.CompletedProcess[str], TrialResult]":
    trial, code = folder / "trial", folder / "code"
    trial.mkdir()
    code.mkdir()
    (code / "train.py").write_text(SCRIPT)
    write_request(trial, TrialRequest(mode="baseline", entry="train.py"))
    driver = DRIVER.format(module=module, name=name, event=event)
    command = [sys.executable, "-c", driver, str(trial), str(code)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240)
    return done, read_result(trial)


@needs_tensorflow
@pytest.mark.parametrize(
    ("module", "name", "event", "epochs"),
    [
        ("rate_decay", "RateDecay", "before_fit", 5),
        ("data_split", "DataSplit", "before_fit", 5),
        ("metric_capture", "MetricCapture", "on_epoch_end", 1),
        ("shuffling", "EpochShuffling", "on_epoch_begin", 5),
        ("checkpoint_listener", "CheckpointListener", "on_epoch_end", 5),
        ("checkpoint_listener", "CheckpointListener", "before_fit", 5),
    ],
)
def test_the_script_trains_on(module: str, name: str, event: str, epochs: int, tmp_path: Path) -> None:
    done, result = run_failing(tmp_path, module, name, event)
    assert (done.returncode, done.stdout) == (0, "done\n"), (result.error, done.stderr[-2000:])
    failed = f"{name} failed and was left out from then on: RuntimeError: on purpose"
    assert [warning.message for warning in result.warnings if warning.kind == "ListenerFailed"] == [failed]
    assert (result.exactness, result.exactness_reason) == ("approximate", failed)
    assert result.epochs_trained == epochs
