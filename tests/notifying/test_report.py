"""The report of a run: complete runs, runs that ended at any point, and forged files."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.notifying.run_samples import (
    CHANGES,
    WINNING,
    write_record,
    write_start,
    write_training,
    write_tuned_run,
)

from pushtune.notifying.report import OUTCOMES, build_report
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import Notice, read_result


def test_numbers_are_those_of_the_results(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    report = build_report(tmp_path, mail_to=["ada@example.org"], run_page="http://127.0.0.1:8080/runs/1")

    assert report["outcome"] == "target_met"
    baseline, winner, final = (read_result(tmp_path / name) for name in ("baseline", "trials/001", "retrain"))
    assert baseline.objective is not None and winner.objective is not None
    assert report["baseline"] == {
        "objective": baseline.objective.value, "test": 0.78, "test_metrics": baseline.test_metrics
    }
    assert report["final"] == {"objective": winner.objective.value, "test": 0.9201, "test_metrics": final.test_metrics}
    assert report["objective"] == {"metric": "accuracy", "direction": "maximize", "guard": "holdout", "chance": 0.1}
    assert report["target"] == 0.9
    assert report["test_reads"] == {"baseline": 1, "trials": 0, "final": 1}


def test_origin_model_and_places(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    report = build_report(tmp_path, mail_to=["ada@example.org"], run_page="http://127.0.0.1:8080/runs/1")
    assert report["repository"] == "https://example.org/digits.git"
    assert (report["branch"], report["author"]) == ("main", "Ada")
    assert report["commit"] == "c0ffee" + "0" * 34
    assert (report["entry"], report["framework"], report["family"], report["image"]) == (
        "task.py", "keras", "cnn", "pushtune/cnn:1"
    )
    assert report["evidence"] == [{"file": "task.py", "line": 31, "says": "Conv2D: a convolution"}]
    assert report["model"] == {
        "name": "train_digits", "path": "/registry/3", "version": 3, "champion": True, "reason": "better"
    }
    assert report["mail"] == {"to": ["ada@example.org"], "where": None}
    assert report["run_page"] == "http://127.0.0.1:8080/runs/1"
    assert {"check_out", "inspect", "baseline", "trials", "retrain"} <= set(report["seconds_per_stage"])
    assert report["seconds_per_stage"]["trials"] == 31.5


def test_trials_join_plan_results_and_reasons(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    rows = build_report(tmp_path)["trials"]
    assert [(row["number"], row["round"], row["status"], row["objective"]) for row in rows] == [
        (0, 0, "done", 0.7912), (1, 1, "done", 0.9312), (2, 1, "pruned", 0.2), (3, 1, "infeasible", None),
        (4, 1, "failed", None),
    ]
    assert rows[1]["changes"] == CHANGES and rows[1]["best_epoch"] == 2 and rows[1]["seconds"] == 10.5
    assert [row["reason"] for row in rows[2:]] == [
        "worse than half of its siblings", "Out of memory", "given up after 5 restarts"
    ]


def test_changes_are_found_without_the_record_of_the_choice(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    (tmp_path / "records" / "best.json").unlink()
    report = build_report(tmp_path)
    assert report["winning_changes"] == CHANGES
    assert report["winning_trial"] == 1


def test_the_record_of_the_choice_beats_a_rewritten_request(tmp_path: Path) -> None:
    """The folder of the final training belongs to the script; what was chosen is not up to it."""
    write_tuned_run(tmp_path)
    write_request(tmp_path / "retrain", TrialRequest("retrain", "task.py", 2, overrides={}))
    report = build_report(tmp_path)
    assert report["winning_trial"] == 1 and report["winning_changes"] == CHANGES


@pytest.mark.parametrize(
    ("best", "target", "outcome"),
    [(0.9, 0.9, "target_met"), (0.85, 0.9, "best_effort"), (0.95, 0.99, "best_effort"), (0.95, None, "best_effort")],
)
def test_outcome_of_a_tuned_run(tmp_path: Path, best: float, target: Any, outcome: str) -> None:
    write_tuned_run(tmp_path, best=best)
    write_record(tmp_path, "judge_baseline", target=target)
    assert build_report(tmp_path)["outcome"] == outcome


def test_outcome_when_the_script_itself_stays_best(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_record(tmp_path, "best", number=0, changes=[])
    report = build_report(tmp_path)
    assert report["outcome"] == "no_improvement"
    assert report["final"]["objective"] == report["baseline"]["objective"] == 0.7912


def test_outcome_when_the_baseline_meets_the_target(tmp_path: Path) -> None:
    write_start(tmp_path, target=0.75)
    write_training(tmp_path / "retrain", mode="retrain", curve=(0.8,), test=0.8)
    write_record(tmp_path, "promote", version=1)
    report = build_report(tmp_path)
    assert (report["outcome"], report["winning_changes"], len(report["trials"])) == ("target_met", [], 1)


def test_the_scripts_own_error_is_the_cause(tmp_path: Path) -> None:
    write_start(tmp_path)
    error = Notice("name 'x' is not defined", "task.py", 12, "NameError", "Traceback ...")
    write_training(tmp_path / "baseline", mode="baseline", status="script_error", error=error)
    write_record(tmp_path, "judge_baseline", error="baseline has no result")
    report = build_report(tmp_path, failures=[{"stage": "train_cnn", "message": "exit code 81"}])
    assert report["outcome"] == "failed"
    assert report["error"] == {
        "stage": "baseline", "message": "name 'x' is not defined", "file": "task.py", "line": 12,
        "kind": "NameError", "traceback": "Traceback ...",
    }


def test_an_error_of_a_stage_is_shown(tmp_path: Path) -> None:
    write_start(tmp_path)
    write_record(tmp_path, "inspect", error="A repository needs a training script. Received: none.")
    assert build_report(tmp_path)["error"]["stage"] == "inspect"


def test_what_only_airflow_knows_is_shown(tmp_path: Path) -> None:
    write_start(tmp_path)
    shutil.rmtree(tmp_path / "baseline")
    report = build_report(tmp_path, failures=[{"stage": "train_cnn", "message": "given up after 5 restarts"}])
    assert report["error"] == {"stage": "train_cnn", "message": "given up after 5 restarts", "file": "", "line": 0}


def test_failed_tasks_do_not_matter_once_there_is_a_model(tmp_path: Path) -> None:
    """A trial failed, or a task was cleared after its failure was recorded."""
    write_tuned_run(tmp_path)
    failures = [{"stage": "round_1.trial", "message": "out of memory"}, {"stage": "retrain", "message": "no engine"}]
    assert build_report(tmp_path, failures=failures)["outcome"] == "target_met"


def test_a_model_that_could_not_be_registered_is_a_failure(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    (tmp_path / "records" / "promote.json").unlink()
    failures = [{"stage": "round_1.trial", "message": "out of memory"}, {"stage": "promote", "message": "locked"}]
    report = build_report(tmp_path, failures=failures)
    assert (report["outcome"], report["error"]["stage"]) == ("failed", "promote")


def test_a_run_whose_registration_somebody_prevented_has_no_model(tmp_path: Path) -> None:
    """A person marks the last training as failed while its container ends: no task says anything."""
    write_tuned_run(tmp_path)
    (tmp_path / "records" / "promote.json").unlink()
    report = build_report(tmp_path)
    assert (report["outcome"], report["error"]["stage"]) == ("failed", "promote")
    assert "before its model was registered. Its graph shows the task: clear it" in report["error"]["message"]


def test_a_failed_mail_does_not_make_the_run_fail(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_record(tmp_path, "notify", error="SendGrid answered 500")
    assert build_report(tmp_path)["outcome"] == "target_met"


def test_place_of_the_mail_comes_from_its_record(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_record(tmp_path, "notify", where="/outbox/1.eml")
    assert build_report(tmp_path, mail_to=["a@b.c"])["mail"] == {"to": ["a@b.c"], "where": "/outbox/1.eml"}


def test_a_skipped_push(tmp_path: Path) -> None:
    write_record(tmp_path, "wait_for_push", skipped="only README.md changed")
    report = build_report(tmp_path)
    assert (report["outcome"], report["skipped"], report["error"]) == ("skipped", "only README.md changed", None)


@pytest.mark.parametrize(
    ("remove", "message"),
    [
        (("records/check_out.json",), "The commit was not checked out."),
        (("records/inspect.json",), "No training script was found."),
        (("baseline",), "The script reported no metric that could be improved."),
        ((), "The run ended before a final model was trained. Its graph shows the task: clear it, or push again."),
    ],
)
def test_a_run_that_ended_early_says_what_is_missing(tmp_path: Path, remove: tuple[str, ...], message: str) -> None:
    write_start(tmp_path)
    for name in remove:
        path = tmp_path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    report = build_report(tmp_path)
    assert (report["outcome"], report["error"]["message"]) == ("failed", message)


def test_a_run_that_goes_on_is_running(tmp_path: Path) -> None:
    write_start(tmp_path)
    write_training(tmp_path / "trials" / "001", number=1, overrides=WINNING, status="running", curve=(0.8,))
    report = build_report(tmp_path, finished=False)
    assert (report["outcome"], report["error"]) == ("running", None)
    assert [row["status"] for row in report["trials"]] == ["done", "running"]
    assert report["trials"][1]["changes"] == CHANGES


def test_a_run_whose_final_model_is_not_registered_yet_is_running(tmp_path: Path) -> None:
    """The page shows it until it is over: the model, its champion and its serving are still to come."""
    write_tuned_run(tmp_path)
    (tmp_path / "records" / "promote.json").unlink()
    report = build_report(tmp_path, finished=False)
    assert (report["outcome"], report["error"], report["model"]) == ("running", None, {})
    write_record(tmp_path, "promote", name="train_digits", version=3)
    assert build_report(tmp_path, finished=False)["outcome"] == "target_met"


def test_any_part_may_be_missing(tmp_path: Path) -> None:
    """Remove each file of a complete run on its own, then all of them one after the other."""
    write_tuned_run(tmp_path / "whole")
    files = sorted(path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file())
    for name in files:
        copy = tmp_path / "copy"
        shutil.copytree(tmp_path / "whole", copy)
        (copy / name).unlink()
        assert build_report(copy)["outcome"] in OUTCOMES
        shutil.rmtree(copy)
    for name in files:
        (tmp_path / "whole" / name).unlink()
        json.dumps(build_report(tmp_path / "whole"), allow_nan=False)
    assert build_report(tmp_path / "nothing")["outcome"] == "failed"


@pytest.mark.parametrize("content", [b"\x00\xff", b"[]", b'{"status": "done"}', b"{" * 5000, b'{"status": NaN}'])
def test_forged_files_are_absent_facts(tmp_path: Path, content: bytes) -> None:
    write_tuned_run(tmp_path)
    (tmp_path / "trials" / "001" / "result.json").write_bytes(content)
    (tmp_path / "retrain" / "progress.jsonl").write_bytes(content)
    (tmp_path / "trials" / "../trials/002/request.json").write_bytes(content)
    report = build_report(tmp_path)
    assert report["outcome"] == "failed" and report["trials"][1]["status"] == "running"


def test_a_link_at_the_place_of_a_result_is_not_followed(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    result = tmp_path / "trials" / "001" / "result.json"
    result.rename(tmp_path / "elsewhere.json")
    result.symlink_to(tmp_path / "elsewhere.json")
    assert build_report(tmp_path)["final"]["objective"] is None


def test_each_warning_comes_once(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    assert build_report(tmp_path)["warnings"] == [
        {"message": "No seed is set.", "file": "task.py", "line": 3, "kind": "seed"}
    ]
