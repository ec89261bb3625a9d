"""A run that is killed and started again ends as if nothing had happened: weights, history, output, each epoch once."""

import functools
import json
import random
import shutil
from pathlib import Path

import pytest
from tests.training import resume_runs as runs

SCRIPTS = tuple(sorted(path.stem for path in runs.SCRIPTS.glob("*.py")))
WITHIN_EPOCHS = {"checkpoint_interval_seconds": 0.001}
MOMENTS: dict[str, tuple[tuple[str, ...], dict[str, float]]] = {
    # Between the line of an epoch and its checkpoint, within an epoch, while a checkpoint is written, directly
    # after an epoch, after fit: each process goes on where the one before it was killed.
    "at every kind of moment": (("before_write:2", "batch:15", "during_write:1", "after_write:1", "after_fit:1"), {}),
    "with checkpoints within epochs": (("batch:13", "batch:9"), WITHIN_EPOCHS),
}


@functools.cache
def whole(script: str, folder: Path) -> runs.Ending:
    return runs.run_through(folder / f"whole-{script}", f"{script}.py")


@pytest.fixture(scope="session")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the runs that nothing has interrupted."""
    return tmp_path_factory.mktemp("wholes")


def assert_survives(
    script: str, kills: tuple[str, ...], request: dict[str, float], folder: Path, wholes: Path
) -> runs.Ending:
    killed = runs.run_through(folder, f"{script}.py", kills, **request)
    runs.assert_same(killed, whole(script, wholes))
    assert killed.result.exactness == "exact", killed.result.exactness_reason
    assert not list((folder / "checkpoint").glob("*/.aside*"))
    return killed


@pytest.mark.parametrize(
    ("script", "kill", "request_"),
    [
        ("callbacks_early_stopping", "batch:70", WITHIN_EPOCHS), ("two_fits", "during_write:3", {}),
        ("remembering", "batch:70", WITHIN_EPOCHS),
    ],
)  # fmt: skip
def test_a_killed_run_ends_the_same(
    script: str, kill: str, request_: dict[str, float], tmp_path: Path, wholes: Path
) -> None:
    killed = assert_survives(script, (kill,), request_, tmp_path, wholes)
    assert len(killed.result.resumed_from_epochs) == 1
    assert killed.result.seconds > whole(script, wholes).result.seconds / 2


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_kill_matrix(script: str, moment: str, tmp_path: Path, wholes: Path) -> None:
    assert_survives(script, *MOMENTS[moment], tmp_path, wholes)


@pytest.mark.slow
def test_twenty_random_kills_of_one_run(tmp_path: Path, wholes: Path) -> None:
    chance = random.Random(20)  # none of these moments lies more than two epochs of four batches ahead
    kinds = ("batch", "before_write", "during_write", "after_write")
    kills = [f"{kind}:{chance.randint(1, 8 if kind == 'batch' else 2)}" for kind in chance.choices(kinds, k=20)]
    killed = assert_survives("many_epochs", tuple(kills), {}, tmp_path, wholes)
    assert [epoch[:2] for epoch in killed.epochs] == [(1, epoch) for epoch in range(1, 46)]
    assert not [path.name for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]


def test_what_a_killed_run_has_reported_can_be_read(tmp_path: Path) -> None:
    runs.ask(tmp_path, "callbacks_early_stopping.py")
    runs.run(tmp_path, "batch:55")
    text = (tmp_path / "progress.jsonl").read_text()
    lines = [line for line in map(json.loads, text.splitlines()) if line["kind"] != "tick"]  # a slow machine ticks
    assert text.endswith("\n")
    assert [(line["kind"], line["epoch"]) for line in lines] == [("start", 0), ("epoch", 1), ("epoch", 2), ("epoch", 3)]
    assert all("val_accuracy" in line["metrics"] for line in lines[1:]), "validated within fit, which is no evaluate"


def test_a_damaged_checkpoint_is_not_used(tmp_path: Path) -> None:
    runs.ask(tmp_path, "arrays_dropout.py")
    runs.run(tmp_path, "after_write:3")
    newest = tmp_path / "checkpoint" / "fit-00001" / "000003" / "arrays.bin"
    content = bytearray(newest.read_bytes())
    content[1000] ^= 1
    newest.write_bytes(content)
    shutil.copytree(tmp_path, tmp_path.with_suffix(".copy"))
    killed = runs.ending(tmp_path, runs.run(tmp_path).stdout)
    assert killed.result.resumed_from_epochs == [2]
    assert [fit_and_epoch[:2] for fit_and_epoch in killed.epochs] == [(1, epoch) for epoch in range(1, 7)]
    assert "its content does not match its checksums" in killed.result.warnings[0].message


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4}, {"mode": "baseline"}, {"arguments": ["--fast"]}, {"overrides": {"task.py:1:0#0.fit.epochs": 3}},
        {"script_sha256": None},
    ],
)  # fmt: skip
def test_a_foreign_checkpoint_is_not_used(change: dict[str, object], tmp_path: Path) -> None:
    runs.ask(tmp_path, "arrays_dropout.py")
    runs.run(tmp_path, "after_write:3")
    runs.ask(tmp_path, "many_epochs.py" if "script_sha256" in change else "arrays_dropout.py", **change)
    killed = runs.ending(tmp_path, runs.run(tmp_path).stdout)
    assert killed.result.resumed_from_epochs == []
    assert any(f"it belongs to another run: {next(iter(change))}" in w.message for w in killed.result.warnings)


@pytest.mark.slow
def test_another_number_of_threads_resumes_and_says_so(tmp_path: Path) -> None:
    runs.ask(tmp_path, "arrays_dropout.py")
    runs.run(tmp_path, "after_write:3")
    runs.ask(tmp_path, "arrays_dropout.py", threads=2)
    killed = runs.ending(tmp_path, runs.run(tmp_path).stdout)
    assert killed.result.resumed_from_epochs == [3]
    assert killed.result.exactness == "approximate"
    assert killed.result.exactness_reason == "the environment has changed: threads was 1 and is 2"


@pytest.mark.slow
def test_a_larger_budget_goes_on_where_the_smaller_ended(tmp_path: Path, wholes: Path) -> None:
    runs.ask(tmp_path, "callbacks_early_stopping.py", epoch_budget=2)
    runs.run(tmp_path)
    runs.ask(tmp_path, "callbacks_early_stopping.py", epoch_budget=100)
    extended = runs.ending(tmp_path, runs.run(tmp_path).stdout)
    assert extended.result.resumed_from_epochs == [2]
    runs.assert_same(extended, whole("callbacks_early_stopping", wholes))
