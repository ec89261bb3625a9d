from dataclasses import asdict, replace

import pytest

from pushtune.errors import (
    ImageBroken,
    ResultUnusable,
    ScriptFailed,
    TrialInfeasible,
    TrialInterrupted,
    TrialKilled,
    TrialOutOfMemory,
    TrialStalled,
)
from pushtune.running.container_engine import ContainerState
from pushtune.running.outcome import is_crash, judge, outcome_document
from pushtune_contract.result import Notice, Objective, TrialResult, write_result

ENDED = ContainerState("c1", "pushtune-x", {}, "sha256:ab", "exited", 0, False, "", 100.0, 112.5)
RESULT = TrialResult("done", "00", objective=Objective("accuracy", "maximize", 0.9, 3, "holdout"), seconds=12.0)


def ended(code: int, **changes) -> ContainerState:
    return replace(ENDED, exit_code=code, **changes)


def test_done_and_pruned_return_the_result(tmp_path):
    write_result(tmp_path, RESULT)
    assert judge(ended(0), tmp_path, 0) == RESULT
    write_result(tmp_path, replace(RESULT, status="pruned"))
    assert judge(ended(83), tmp_path, 0).status == "pruned"


@pytest.mark.parametrize(
    ("code", "status", "error"), [(80, "infeasible", TrialInfeasible), (81, "script_error", ScriptFailed)]
)
def test_the_script_s_own_line_is_told(tmp_path, code, status, error):
    notice = Notice("bad\nvalue\x1b[0m", file="net.py", line=7, kind="ValueError")
    write_result(tmp_path, replace(RESULT, status=status, error=notice))
    with pytest.raises(error, match=r"Received: net\.py:7: ValueError: bad value\."):
        judge(ended(code), tmp_path, 0)
    write_result(tmp_path, replace(RESULT, status=status))
    with pytest.raises(error, match="no reason was given"):
        judge(ended(code), tmp_path, 0)


def test_a_result_that_is_missing_or_says_something_else_is_refused(tmp_path):
    with pytest.raises(ResultUnusable, match=r"code 0 \(DONE\) must leave result.json.*no such file"):
        judge(ended(0), tmp_path, 0)
    write_result(tmp_path, RESULT)
    with pytest.raises(ResultUnusable, match=r"exit code 83 \(pruned\).*Received: done"):
        judge(ended(83), tmp_path, 0)
    (tmp_path / "result.json").write_text('{"status": "done", "script_sha256": "0", "extra": 1}')
    with pytest.raises(ResultUnusable, match="follow the contract.*extra"):
        judge(ended(0), tmp_path, 0)


@pytest.mark.parametrize("code", [82, 137, 143, 130, 255, 1, 139])
def test_everything_else_is_an_interruption_that_is_retried(tmp_path, code):
    with pytest.raises(TrialInterrupted, match=f"exit code {code}.*newest checkpoint"):
        judge(ended(code), tmp_path, 0)


@pytest.mark.parametrize(("code", "killed"), [(82, True), (137, True), (143, True), (1, False), (139, False)])
def test_what_is_stopped_from_outside_is_told_from_what_ends_by_itself(tmp_path, code, killed):
    with pytest.raises(TrialInterrupted) as interrupted:
        judge(ended(code), tmp_path, 0)
    assert isinstance(interrupted.value, TrialKilled) is killed


def test_an_engine_error_is_told(tmp_path):
    with pytest.raises(TrialInterrupted, match="exit code 255, disk is full") as interrupted:
        judge(ended(255, error="disk is full"), tmp_path, 0)
    assert not isinstance(interrupted.value, TrialKilled)


def test_memory_and_commands_have_their_own_error(tmp_path):
    with pytest.raises(TrialOutOfMemory, match="PUSHTUNE_TRIAL_MEMORY_BYTES"):
        judge(ended(137, oom_killed=True), tmp_path, 0)
    for code in (125, 126, 127):
        with pytest.raises(ImageBroken, match="make images"):
            judge(ended(code), tmp_path, 0)


def test_a_child_that_was_killed_for_its_memory_does_not_spoil_a_result(tmp_path):
    write_result(tmp_path, RESULT)
    assert judge(ended(0, oom_killed=True), tmp_path, 0) == RESULT


def test_crashes_in_a_row_without_progress_end_and_kills_do_not(tmp_path):
    with pytest.raises(TrialStalled, match="3 in a row did not"):
        judge(ended(139), tmp_path, 3)
    with pytest.raises(TrialInterrupted):
        judge(ended(137), tmp_path, 3)
    assert [code for code in (0, 80, 81, 82, 83, 137, 1, 139, 134) if is_crash(ended(code))] == [1, 139, 134]


def test_document_is_small_and_complete():
    spec = {"name": "trials/003", "folder": "/w/trials/003"}
    assert outcome_document(spec, ENDED, RESULT, 2) == {
        "name": "trials/003", "folder": "/w/trials/003", "status": "done", "seconds": 12.0, "container_id": "c1",
        "image_digest": "sha256:ab", "restarts": 2,
        "objective": asdict(RESULT.objective),
    }
    stopped = outcome_document(spec, ENDED, None, 0)
    assert (stopped["status"], stopped["objective"], stopped["seconds"]) == ("pruned", None, 12.5)
