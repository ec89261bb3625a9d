"""A trial whose model cannot be built ends before its data is read; any other trial notices nothing."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.runtime_runs import Run, needs_tensorflow, run_text

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.request import TrialRequest
from pushtune_runtime.dry_run import forked_trial
from pushtune_runtime.dry_run.forked_trial import DryRun
from pushtune_runtime.session import Session
from pushtune_runtime.source_index import Sources
from pushtune_runtime.value_overrides import LiteralOverrides

KERNEL = "train.py:10:4#0.Conv2D.kernel_size"
UNITS = "train.py:13:4#0.Dense.units"
SCRIPT = """
import hashlib, random
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers
open("data_was_read", "w").close()
x, y = np.random.rand(64, 8, 8, 1).astype("float32"), np.random.randint(0, 2, 64)
model = keras.Sequential([
    layers.Input((8, 8, 1)),
    layers.Conv2D(4, 3),
    layers.Flatten(),
    layers.Dropout(0.2),
    layers.Dense(6),
    layers.Dense(2, activation="softmax"),
])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=2, verbose=0)
print([layer.name for layer in model.layers], random.random(), np.random.rand(), keras.layers.Dense(1).name)
print(hashlib.sha256(b"".join(np.array(weight).tobytes() for weight in model.get_weights())).hexdigest())
"""
UNKNOWN_SHAPE = SCRIPT.replace("Input((8, 8, 1))", "Input(x.shape[1:])")


def _trial(folder: Path, text: str, overrides: "dict[str, int | float | str]") -> Run:
    return run_text(folder, text, mode="trial", trial_number=1, overrides=overrides)


@needs_tensorflow
@pytest.mark.slow
def test_a_trial_that_cannot_be_built_ends_before_the_data_is_read(tmp_path: Path) -> None:
    overrides: dict[str, int | float | str] = {UNITS: 8, KERNEL: 9}
    early = _trial(tmp_path / "early", SCRIPT, overrides)
    late = _trial(tmp_path / "late", UNKNOWN_SHAPE, overrides)
    for done in (early, late):
        assert (done.exit_code, done.result.status) == (ExitCode.INFEASIBLE, "infeasible")
        assert done.result.error is not None
        assert "output size" in done.result.error.message
        assert (done.result.error.file, done.result.error.line) == ("train.py", 8)
    assert early.result.error == late.result.error
    assert early.result.applied == late.result.applied == [KERNEL, UNITS]
    assert not (early.output / "data_was_read").exists()
    assert (late.output / "data_was_read").exists()


@needs_tensorflow
@pytest.mark.slow
def test_a_trial_that_can_be_built_computes_the_same(tmp_path: Path) -> None:
    """Weights, names of layers, and all random numbers that follow; with an added layer and added dropout."""
    overrides: dict[str, int | float | str] = {
        UNITS: 9, KERNEL: 5, "train.py:13:4#0.Dense.extra_layers": 1, "train.py:13:4#0.Dense.added_dropout": 0.1,
    }  # fmt: skip
    with_dry_run = _trial(tmp_path / "with", SCRIPT, overrides)
    without = _trial(tmp_path / "without", UNKNOWN_SHAPE, overrides)
    assert (with_dry_run.result.status, with_dry_run.result.unapplied) == ("done", [])
    assert with_dry_run.stdout == without.stdout
    assert with_dry_run.result.objective == without.result.objective


@needs_tensorflow
@pytest.mark.slow
def test_what_fails_without_the_overrides_too_does_not_end_a_trial(tmp_path: Path) -> None:
    """A dry run does not know of the class that the script makes known in a line that is passed over."""
    text = SCRIPT.replace("open(", "keras.utils.get_custom_objects()['own'] = keras.regularizers.L2; open(")
    own = "{'module': None, 'class_name': 'own', 'config': {'l2': 0.1}, 'registered_name': 'own'}"
    text = text.replace("layers.Dense(6)", f"layers.Dense(6, kernel_regularizer={own})")
    done = _trial(tmp_path, text, {UNITS: 8})
    assert (done.result.status, done.result.applied) == ("done", [UNITS])


def _dry_run(folder: Path, overrides: "dict[str, int | float | str]", mode: str = "trial") -> DryRun:
    (folder / "train.py").write_text(SCRIPT)
    session = Session(TrialRequest(mode=mode, entry="train.py", overrides=overrides), folder, folder)
    return DryRun(session, LiteralOverrides(session, Sources(folder)))


def test_only_what_decides_shapes_is_worth_a_dry_run(tmp_path: Path) -> None:
    rate = "train.py:16:0#0.compile.learning_rate"
    assert _dry_run(tmp_path, {rate: 0.1, KERNEL: 5}).is_wanted
    assert _dry_run(tmp_path, {"train.py:13:4#0.Dense.extra_layers": 1}).is_wanted
    assert not _dry_run(tmp_path, {rate: 0.1}).is_wanted
    assert not _dry_run(tmp_path, {}).is_wanted
    assert not _dry_run(tmp_path, {KERNEL: 5}, mode="retrain").is_wanted


def test_a_resumed_trial_has_had_its_dry_run(tmp_path: Path) -> None:
    dry_run = _dry_run(tmp_path, {KERNEL: 5})
    session = dry_run._session
    session.report("start")
    assert dry_run.is_wanted
    session.report("start")
    assert not dry_run.is_wanted


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    fork = os.fork

    def noted_fork() -> int:
        started.append(fork())
        return started[-1]

    monkeypatch.setattr(os, "fork", noted_fork)
    monkeypatch.setattr(forked_trial, "LONGEST_SECONDS", 0.2)

    def wait_for_ever() -> "dict[str, object]":
        while True:
            time.sleep(1)

    assert forked_trial._in_child(wait_for_ever) is None
    with pytest.raises(ChildProcessError):
        os.waitpid(started[0], os.WNOHANG)


def test_a_process_that_fails_says_nothing() -> None:
    assert forked_trial._in_child(lambda: {"failed": object()}) is None
    assert forked_trial._in_child(lambda: {"other": 1}) is None
    answer = {"failed": None, "applied": [KERNEL]}
    assert forked_trial._in_child(lambda: answer) == answer


def test_the_values_of_the_script_itself_decide_whose_fault_it_is(tmp_path: Path) -> None:
    dry_run = _dry_run(tmp_path, {KERNEL: 9})
    assert dry_run._literals.planned
    dry_run._session.request = replace(dry_run._session.request, entry="missing.py")
    with pytest.raises(FileNotFoundError):
        dry_run._build_unchanged()
    assert (dry_run._session.request.overrides, dry_run._literals.planned) == ({}, {})
