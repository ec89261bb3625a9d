"""What is kept of a task that failed: always its words, and a fault where the reason may pass."""

from pathlib import Path

import pytest

from pushtune.errors import DiskAlmostFull, EngineUnavailable, RequirementMissing
from pushtune.pipeline.run import Run
from pushtune.pipeline.run_ending import FAILED, SKIPPED, keep_failure, outcome, report
from pushtune.records import read_faults, read_records, recorded
from pushtune.settings import Settings
from pushtune.watching.watched_repositories import WatchedRepository

TASK = {"dag_id": "digits", "run_id": "r", "task_id": "prepare_image", "map_index": -1}
TEXT = ("rule.", "received", "remedy.")


@pytest.mark.parametrize("kind", [EngineUnavailable, DiskAlmostFull])
def test_a_reason_that_may_pass_is_a_fault(tmp_path: Path, kind: type[Exception]) -> None:
    keep_failure(tmp_path, TASK, kind(*TEXT))
    (fault,) = read_faults(tmp_path)
    assert (fault["kind"], fault["dag_id"], fault["message"]) == (kind.__name__, "digits", str(kind(*TEXT)))
    assert read_records(tmp_path)["failure_prepare_image"]["document"]["message"] == str(kind(*TEXT))


def test_a_reason_that_stays_is_none_and_ends_an_older_fault(tmp_path: Path) -> None:
    keep_failure(tmp_path, TASK, EngineUnavailable(*TEXT))
    wrapped = RuntimeError("the form in which Airflow fails without a retry")
    wrapped.__cause__ = RequirementMissing(*TEXT)
    keep_failure(tmp_path, TASK, wrapped)
    assert read_faults(tmp_path) == []


def test_what_a_training_noted_itself_stays(tmp_path: Path) -> None:
    keep_failure(tmp_path, TASK, EngineUnavailable(*TEXT))
    keep_failure(tmp_path, TASK, RuntimeError("as the operator words it"))
    keep_failure(tmp_path, TASK, None)
    assert len(read_faults(tmp_path)) == 1


@pytest.mark.parametrize("task_id", [None, "wait_for_push"])
def test_a_run_whose_first_task_was_killed_has_not_found_nothing_to_train(tmp_path: Path, task_id: str | None) -> None:
    if task_id:
        keep_failure(tmp_path, {**TASK, "task_id": task_id}, None)
    word, reason = outcome(run_in(tmp_path), has_push=False)
    assert word == (FAILED if task_id else SKIPPED)
    assert reason.startswith("The run ended before anything was reported" if task_id else "There was nothing to train")


def run_in(tmp_path: Path) -> Run:
    repository = WatchedRepository(name="digits", url="/srv/digits.git")
    return Run(Settings(home=tmp_path), repository, "r", tmp_path, {"notify": []})


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_mail_links_to_where_people_reach_the_pages(tmp_path: Path, slash: str) -> None:
    keep_failure(tmp_path, TASK, EngineUnavailable(*TEXT))
    mail = report(run_in(tmp_path), has_push=True, pages_url=f"https://pushtune.example.org{slash}")
    assert mail is not None
    for form in ("html", "text"):
        assert "https://pushtune.example.org/dags/digits/runs/r" in mail[form] and "127.0.0.1" not in mail[form]


def test_a_report_that_could_not_be_made_ends_the_run_in_words(tmp_path: Path) -> None:
    with pytest.raises(OverflowError), recorded(tmp_path, "report"):
        raise OverflowError("intermediate overflow")
    assert outcome(run_in(tmp_path), has_push=True) == (FAILED, "report: intermediate overflow")


def test_one_record_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    keep_failure(tmp_path, TASK, EngineUnavailable(*TEXT))
    (tmp_path / "records" / "report.json").write_bytes(b" " * (4 * 2**20 + 1))
    assert list(read_records(tmp_path)) == ["failure_prepare_image"]
    word, reason = outcome(run_in(tmp_path), has_push=True)
    assert word == FAILED and reason.startswith("The run ended before anything was reported")


def test_a_trial_is_no_failure_of_the_run(tmp_path: Path) -> None:
    keep_failure(tmp_path, {**TASK, "task_id": "round_1.trial", "map_index": 2}, RuntimeError("x"))
    assert read_records(tmp_path) == {}
