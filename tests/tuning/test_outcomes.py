"""What a trial's folder is taken for, whatever lies in it."""

from pathlib import Path

import pytest
from tests.tuning.tuning_samples import SCRIPT_HASH, objective, result

from pushtune.tuning.outcomes import Outcome, read_outcome
from pushtune_contract import layout
from pushtune_contract.result import Notice, Objective, TrialResult, write_result


def outcome_of(folder: Path) -> Outcome:
    return read_outcome(3, folder, objective(0.2), SCRIPT_HASH)


@pytest.mark.parametrize("status", ["done", "pruned"])
def test_an_objective_counts(tmp_path: Path, status: str) -> None:
    write_result(tmp_path, result(0.9, status, best_epoch=4, seconds=20.0))
    outcome = outcome_of(tmp_path)
    assert (outcome.status, outcome.objective, outcome.best_epoch, outcome.seconds) == (status, 0.9, 4, 20.0)


@pytest.mark.parametrize(
    ("reported", "status", "reason"),
    [
        (result(None, "infeasible", error=Notice("Negative dimension size")), "infeasible", "Negative dimension size"),
        (result(0.9, "script_error", error=Notice("no\x1b[31m file")), "failed", "script error: no [31m file"),
        (result(0.9, "interrupted"), "failed", "interrupted: no reason was given"),
        (result(None), "failed", "no objective was reported"),
        (result(0.9, unapplied=["task.py:1:0#0.Dense.units"]), "failed", "never reached the script: task.py:1"),
        (result(1.2), "failed", "no possible value"),
        (TrialResult("done", "6" * 64, objective(0.9)), "failed", "another version of the script"),
        (TrialResult("done", SCRIPT_HASH, objective(0.9, metric="auc")), "failed", "not maximize accuracy"),
        (TrialResult("done", SCRIPT_HASH, Objective("accuracy", "maximize", 0.9, 1, "none")), "failed", "other data"),
    ],
)
def test_what_does_not_count(tmp_path: Path, reported: TrialResult, status: str, reason: str) -> None:
    write_result(tmp_path, reported)
    outcome = outcome_of(tmp_path)
    assert (outcome.status, outcome.objective) == (status, None)
    assert reason in outcome.reason


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"status": "done"}', b'{"objective": NaN}', b"[" * 100_000])
def test_a_forged_result_is_a_failed_trial(tmp_path: Path, content: bytes) -> None:
    (tmp_path / layout.RESULT_FILE).write_bytes(content)
    outcome = outcome_of(tmp_path)
    assert (outcome.status, outcome.objective) == ("failed", None)
    assert outcome.reason.startswith("the result cannot be used")


def test_a_folder_in_place_of_the_result_is_a_failed_trial(tmp_path: Path) -> None:
    (tmp_path / layout.RESULT_FILE).mkdir()
    assert outcome_of(tmp_path).status == "failed"


def test_nothing_at_all_is_a_failed_trial(tmp_path: Path) -> None:
    assert outcome_of(tmp_path / "missing").reason == "the container left no result"


def test_a_trial_told_to_stop_before_its_first_result_was_not_needed(tmp_path: Path) -> None:
    (tmp_path / layout.STOP_FILE).write_text("target met by 001")
    outcome = outcome_of(tmp_path)
    assert outcome.status == "skipped"
    assert outcome.reason == "stopped before its first result: target met by 001"
