"""Runs that stop themselves."""

from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow, run_text

from pushtune_contract.exit_codes import ExitCode

pytestmark = [needs_tensorflow, pytest.mark.slow]

SCRIPT = """
import keras, numpy as np
x = np.random.default_rng(0).normal(size=(100, 3)); y = x.sum(axis=1)
m = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
m.compile(keras.optimizers.SGD(learning_rate=0.01), "mse")
m.fit(x, y, epochs=20, verbose=0)
print("epochs", len(m.history.epoch))
"""


def test_a_loss_that_is_not_a_number_ends_a_trial(tmp_path: Path) -> None:
    overrides = {"train.py:5:10#0.SGD.learning_rate": 1e30}
    trial = run_text(tmp_path / "trial", SCRIPT, mode="trial", overrides=overrides)
    assert (trial.exit_code, trial.result.status) == (ExitCode.INFEASIBLE, "infeasible")
    assert trial.result.error is not None
    assert "the loss became infinite or not a number" in trial.result.error.message
    assert trial.result.epochs_trained < 20
    assert trial.stdout == ""


def test_the_time_limit_ends_training_and_the_script_goes_on(tmp_path: Path) -> None:
    done = run_text(tmp_path, SCRIPT, time_limit_seconds=0.1)
    assert (done.exit_code, done.result.status) == (ExitCode.DONE, "done")
    assert done.stdout == "epochs 1\n"
    assert "training was stopped after epoch 1 of 20: the limit of 0 s is over" in done.messages()
    assert done.result.objective is not None


def test_a_loop_that_never_reaches_its_goal_is_ended_by_the_time_limit(tmp_path: Path) -> None:
    endless = SCRIPT.replace("m.fit(x, y, epochs=20", "while True:\n  m.fit(x, y, epochs=1")
    done = run_text(tmp_path, endless, time_limit_seconds=0.1)
    assert (done.exit_code, done.result.status, done.result.error) == (ExitCode.DONE, "done", None)
    assert (done.result.epochs_trained, done.stdout) == (1, "")
    assert done.result.objective is not None
    assert "the script called fit again after the limit of 0 s" in done.messages()
