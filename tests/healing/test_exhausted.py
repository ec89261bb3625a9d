"""When a task is cleared, when it is left alone, and when a person is told; Airflow's answers are given."""

from typing import Any

import pytest

from pushtune.errors import AirflowRefused, EngineUnavailable
from pushtune.healing import exhausted
from pushtune.healing.alerts import REPORTED, compose_alert
from pushtune.healing.exhausted import awaiting, clear_exhausted, read_histories, runs_to_be_cleared
from pushtune.moments import Moment, moment_in
from pushtune.records import note_fault
from pushtune.running.workspace import run_folder

TASK = {"dag_id": "digits", "run_id": "manual__1+00:00", "task_id": "round_1.trial", "map_index": 3}
RUN = "/dags/digits/dagRuns/manual__1%2B00%3A00"
pytestmark = pytest.mark.docker


class Airflow:
    """Answers as Airflow's API does for one task; notes what is cleared."""

    def __init__(self, state: str = "failed", run_state: str = "failed", try_number: int = 6) -> None:
        self.answers = {
            f"{RUN}/taskInstances/round_1.trial/3": {"state": state, "try_number": try_number, "max_tries": 5},
            RUN: {"state": run_state},
        }
        self.cleared: list[dict[str, Any]] = []

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        return self.answers[path]

    def post(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        assert path == "/dags/digits/clearTaskInstances"
        self.cleared.append(document)
        return {}


@pytest.fixture
def fault(settings):
    """A fault of now; returns the time of it."""
    folder = run_folder(settings, TASK["dag_id"], TASK["run_id"])
    note_fault(folder, TASK, "EngineUnavailable", "No engine answers.")
    return exhausted.read_faults(folder)[0]["unix_time"]


@pytest.fixture(params=[0, 3600, -3600, 86_400], ids=lambda seconds: f"clock set by {seconds} s")
def clock(settings, fault, monkeypatch, request):
    """Set what time it is; the clock of the machine was set by so many seconds after the fault."""
    (noted,) = map(moment_in, exhausted.read_faults(run_folder(settings, TASK["dag_id"], TASK["run_id"])))

    def set_to(now):
        moment = Moment(now + request.param, noted.boot_id, noted.uptime_seconds + now - fault)
        monkeypatch.setattr(exhausted, "present", lambda: moment)

    return set_to


def test_a_task_is_cleared_with_what_follows_and_it_is_recorded(settings, fault, clock):
    airflow = Airflow()
    clock(fault + 59)
    assert clear_exhausted(settings, airflow) == []
    clock(fault + 61)
    (record,) = clear_exhausted(settings, airflow)
    (cleared,) = airflow.cleared
    assert cleared["task_ids"] == [["round_1.trial", 3]] and cleared["dag_run_id"] == TASK["run_id"]
    assert cleared["include_downstream"] and cleared["reset_dag_runs"] and not cleared["only_failed"]
    assert record["verdict"] == "exhausted" and "EngineUnavailable: No engine answers." in record["reason"]
    assert record["verdict"] not in REPORTED


@pytest.mark.parametrize(
    "airflow",
    [Airflow(state="up_for_retry"), Airflow(state="success"), Airflow(run_state="success"), Airflow(try_number=5)],
    ids=["retried", "succeeded", "not needed by its run", "marked as failed by a person"],
)
def test_what_is_not_spent_is_left_alone(settings, fault, clock, airflow):
    clock(fault + 100)
    assert clear_exhausted(settings, airflow) == [] and airflow.cleared == []
    assert read_histories(settings) == {}


def test_the_pauses_grow_and_then_a_person_is_told_once(settings, fault, clock):
    airflow, now = Airflow(), fault
    for number, pause in enumerate((60, 240, 960), start=1):
        clock(now + pause - 1)
        assert clear_exhausted(settings, airflow) == []
        now += pause + 0.001
        clock(now)
        assert len(clear_exhausted(settings, airflow)) == 1 and len(airflow.cleared) == number
    clock(now + 3840)
    (record,) = clear_exhausted(settings, airflow)
    assert record["verdict"] == "given_up" and len(airflow.cleared) == 3
    mail = compose_alert([record], ["ada@example.org"])
    assert mail["to"] == ["ada@example.org"] and "round_1.trial[3]" in mail["text"] and "No engine" in mail["text"]
    clock(now + 20_000)
    assert clear_exhausted(settings, airflow) == []


def test_a_container_is_kept_for_a_task_that_is_about_to_be_cleared(settings, fault, clock):
    task = ("digits", "manual__1+00:00", "round_1.trial", 3)
    clock(fault + 359)
    assert awaiting(settings) == {task}
    assert awaiting(settings.model_copy(update={"clear_limit": 0})) == set()
    clock(fault + 361)
    assert awaiting(settings) == set(), "its run did not need it"
    clear_exhausted(settings, Airflow())
    clock(fault + 361 + 500)
    assert awaiting(settings) == {task}, "the next pause is longer"


def test_an_old_fault_is_left_to_people(settings, fault, clock):
    clock(fault + 25 * 3600)
    assert clear_exhausted(settings, Airflow()) == []


def test_nothing_is_cleared_while_the_cause_goes_on(settings, fault, clock, monkeypatch):
    clock(fault + 100)
    full = settings.model_copy(update={"disk_reserve_bytes": 2**60})
    assert clear_exhausted(full, Airflow()) == []
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    with pytest.raises(EngineUnavailable):
        clear_exhausted(settings, Airflow())


def test_a_run_that_was_deleted_keeps_back_no_other(settings, fault, clock):
    note_fault(run_folder(settings, "another", "deleted"), {**TASK, "dag_id": "another"}, "EngineUnavailable", "none")
    clock(fault + 100)

    class Refusing(Airflow):
        status_code = 404

        def get(self, path: str, **parameters: Any) -> dict[str, Any]:
            if path.startswith("/dags/another"):
                raise AirflowRefused("x", "y", "z", self.status_code)
            return super().get(path, **parameters)

    airflow = Refusing()
    assert len(clear_exhausted(settings, airflow)) == len(airflow.cleared) == 1


def test_a_refusal_is_told_once_all_others_were_cleared(settings, fault, clock):
    note_fault(run_folder(settings, "another", "mine"), {**TASK, "dag_id": "another"}, "EngineUnavailable", "none")
    clock(fault + 100)

    class Refusing(Airflow):
        def get(self, path: str, **parameters: Any) -> dict[str, Any]:
            if path.startswith("/dags/another"):
                raise AirflowRefused("The user must be allowed.", "403", "Add the connection.", 403)
            return super().get(path, **parameters)

    airflow = Refusing()
    with pytest.raises(AirflowRefused, match="Add the connection"):
        clear_exhausted(settings, airflow)
    assert len(airflow.cleared) == 1


def test_the_runs_that_will_be_cleared_are_known_to_the_cleaning(settings, fault, clock):
    folder = run_folder(settings, TASK["dag_id"], TASK["run_id"])
    clock(fault + 3600)
    assert runs_to_be_cleared(settings) == {folder}
    for _ in range(5):
        clear_exhausted(settings.model_copy(update={"clear_limit": 0}), Airflow())
    assert runs_to_be_cleared(settings) == set(), "it is given up"
    clock(fault + 25 * 3600)
    assert runs_to_be_cleared(settings) == set()


def test_a_broken_note_or_history_stops_nothing(settings, fault, clock):
    folder = run_folder(settings, "digits", "another")
    (folder / "faults").mkdir(parents=True)
    (folder / "faults" / "x_-1.json").write_text("[")
    (settings.home / "healing").mkdir()
    (settings.home / "healing" / "cleared.json").write_text("{")
    clock(fault + 100)
    assert len(clear_exhausted(settings, Airflow())) == 1
