"""The baseline times some steps of its script with other numbers of threads, and is itself none the wiser."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.training.runtime_runs import TRAINING, needs_tensorflow, run_text

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.progress import read_progress
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import TrialResult, read_result
from pushtune_runtime import step_timing

pytestmark = needs_tensorflow
DRIVER = Path(__file__).with_name("step_timing_driver.py")
# With a hash seed the runtime does not start its process again, which would forget what the driver has changed.
ENVIRONMENT = {"PYTHONPATH": str(TRAINING), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "0"}
SCRIPT = """
import keras
import numpy as np
x = np.random.default_rng(0).random((640, 12), dtype="float32")
y = (x.sum(1) > 6).astype("int32")
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=EPOCHS, batch_size=16, verbose=0)
open("ended.txt", "a").write("once\\n")
print("loss", model.evaluate(x, y, verbose=0)[0])
"""


def drive(folder: Path, how: str = "patient", script: str = SCRIPT, **request: Any) -> "tuple[int, str, TrialResult]":
    """Run the baseline of ``script``; return exit code, output and result."""
    code, trial = folder / "code", folder / "trial"
    code.mkdir(parents=True, exist_ok=True)
    trial.mkdir(exist_ok=True)
    # One process must have enough steps for three seconds, and stop by itself where nobody ends it.
    (code / "train.py").write_text(script.replace("EPOCHS", "2 if 'timing' not in __file__ else 10**6"))
    write_request(trial, TrialRequest("baseline", "train.py", **request))
    environment = {**os.environ, **ENVIRONMENT, "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(trial), str(code), how],
        env=environment, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout, read_result(trial)


def same_training(timed: TrialResult, plain: TrialResult) -> bool:
    """Return whether two results differ in nothing but times."""
    alike = {"seconds": 0.0, "step_seconds": {}, "step_note": ""}
    return replace(timed, **alike) == replace(plain, **alike)


def test_steps_are_timed_and_the_training_does_not_change(tmp_path: Path) -> None:
    code, stdout, plain = drive(tmp_path / "plain")
    assert (code, plain.step_seconds, plain.step_note) == (ExitCode.DONE, {}, "")
    timed_code, timed_stdout, timed = drive(tmp_path / "timed", timed_threads=2)
    assert timed_code == ExitCode.DONE and timed.step_note == ""
    assert set(timed.step_seconds) == {"1", "2"}
    assert all(0.0 < seconds < 1.0 for seconds in timed.step_seconds.values())
    assert timed_stdout == stdout and same_training(timed, plain)
    trial = tmp_path / "timed" / "trial"
    assert (trial / "output" / "ended.txt").read_text() == "once\n"
    assert not (trial / "timing").exists()
    assert [line.kind for line in read_progress(trial)].count("start") == 1


def test_epochs_of_a_single_batch_are_timed(tmp_path: Path) -> None:
    _, _, result = drive(tmp_path, script=SCRIPT.replace("batch_size=16", "batch_size=640"), timed_threads=2)
    assert result.step_note == "" and set(result.step_seconds) == {"1", "2"}
    assert all(0.0 < seconds < 1.0 for seconds in result.step_seconds.values())


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    code, _, result = drive(tmp_path, "deadline", timed_threads=2)
    assert code == ExitCode.DONE and result.status == "done" and result.step_seconds == {}
    assert result.step_note == "no steps were timed: with 1 threads it took more than 0 s"
    assert not (tmp_path / "trial" / "timing").exists()


def test_sigterm_while_steps_are_timed_leaves_the_finished_result(tmp_path: Path) -> None:
    code, _, result = drive(tmp_path, "sigterm", timed_threads=2)
    assert code == ExitCode.DONE and result.status == "done" and result.objective is not None
    assert (result.step_seconds, result.step_note) == ({}, "")


def test_a_script_that_fails_when_it_is_run_again_leaves_the_result_alone(tmp_path: Path) -> None:
    script = "import sys\nif 'timing' in __file__:\n    sys.exit(3)\n" + SCRIPT
    code, _, result = drive(tmp_path, script=script, timed_threads=2)
    assert code == ExitCode.DONE and result.status == "done" and result.objective is not None
    assert result.step_note == "no steps were timed: with 1 threads the script ended before (exit code 81)"


def test_a_baseline_that_is_killed_while_it_times_steps_is_not_trained_again(tmp_path: Path) -> None:
    code, _, first = drive(tmp_path, "sigkill", timed_threads=2)
    assert code == -signal.SIGKILL and first.status == "done" and (tmp_path / "trial" / "timing").exists()
    code, stdout, again = drive(tmp_path, timed_threads=2)
    assert (code, stdout) == (ExitCode.DONE, "")
    note = "no steps were timed: a process of this baseline has ended while it did so"
    assert again == replace(first, step_note=note)
    assert [line.kind for line in read_progress(tmp_path / "trial")].count("start") == 1
    assert not (tmp_path / "trial" / "timing").exists()


def test_a_baseline_that_fails_times_nothing(tmp_path: Path) -> None:
    stop = "callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: 1 // 0)], verbose=0)\nopen"
    code, _, result = drive(tmp_path, script=SCRIPT.replace("verbose=0)\nopen", stop), timed_threads=2)
    assert code == ExitCode.SCRIPT_ERROR and (result.step_seconds, result.step_note) == ({}, "")


def test_no_steps_are_timed_beyond_the_time_limit(tmp_path: Path) -> None:
    code, _, result = drive(tmp_path, timed_threads=2, time_limit_seconds=200.0)
    assert code == ExitCode.DONE and result.step_seconds == {}
    assert result.step_note.startswith("no steps were timed: it could take ")
    assert result.step_note.endswith(" s of the time limit of 200 s are used")


def test_a_large_folder_is_not_laid_out_again(tmp_path: Path) -> None:
    script = SCRIPT + 'open("big.bin", "wb").truncate(257 * 1024 * 1024)\n'
    code, _, result = drive(tmp_path, script=script, timed_threads=2)
    assert code == ExitCode.DONE and result.step_note == (
        "no steps were timed: the script's folder holds more than 256 MiB or 20000 files, which it would take once more"
    )


def test_many_files_are_much_and_what_a_link_points_at_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_timing, "LARGEST_FOLDER_ENTRIES", 3)
    monkeypatch.setattr(step_timing, "LARGEST_FOLDER_BYTES", 1000)
    (tmp_path / "data").write_bytes(bytes(2000))
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "up").symlink_to(folder)
    (folder / "link").symlink_to(tmp_path / "data")
    assert not step_timing.holds_much(folder)
    (folder / "below" / "more").touch()
    assert step_timing.holds_much(folder)


def test_what_ended_a_process_once_is_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "trial" / "timing").mkdir(parents=True)
    _, _, result = drive(tmp_path, timed_threads=2)
    assert result.step_note == "no steps were timed: a process of this baseline has ended while it did so"


def test_short_scripts_are_not_timed(tmp_path: Path) -> None:
    done = run_text(tmp_path, SCRIPT.replace("EPOCHS", "2"), timed_threads=2)
    assert done.exit_code == ExitCode.DONE and done.result.step_seconds == {}
    assert "no steps were timed: it would take about" in done.result.step_note
    assert "for the whole script (at most 25% of that and 120 s are spent on it)" in done.result.step_note


@pytest.mark.parametrize("mode", ["trial", "retrain"])
def test_only_a_baseline_times_steps(tmp_path: Path, mode: str) -> None:
    done = run_text(tmp_path, SCRIPT.replace("EPOCHS", "2"), timed_threads=2, mode=mode)
    assert (done.result.step_seconds, done.result.step_note) == ({}, "")
