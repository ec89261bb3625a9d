"""The steps of a check on real containers; only the clock and Airflow's answers are given."""

import json
import time

import pytest

from pushtune.errors import ContainerRefused, EngineUnavailable
from pushtune.healing import check
from pushtune.healing.action_log import actions_file
from pushtune.healing.alerts import REPORTED, compose_alert
from pushtune.moments import Moment
from pushtune.running import attempts

pytestmark = pytest.mark.docker

HANG = """
put("heartbeat.json", json.dumps({"counter": 1, "phase": "train", "expected_seconds": 1.0, "unix_time": 0.0}))
time.sleep(600)
"""


def states(state):
    """Return what Airflow answers where each task is in ``state``."""
    return lambda **asked: {asked["run_ids"][0]: {f"{asked['task_ids'][0]}_3": state}}


def start(made):
    container_id = made.create()
    made.engine.start(container_id)
    return container_id


def look(settings, state, monkeypatch, seconds=None):
    """Run the first two steps so many seconds after the machine was booted, and return the diagnoses."""
    if seconds is not None:
        monkeypatch.setattr(check, "present", lambda: Moment(time.time(), "this boot", float(seconds)))
    containers = json.loads(json.dumps(check.list_containers(settings)))
    owners = check.owner_states(containers, state)
    return json.loads(json.dumps(check.diagnose_containers(settings, containers, owners)))


def test_a_hung_container_is_ended_for_its_task_to_resume(trial, settings, monkeypatch):
    made = trial(HANG)
    container_id = start(made)
    while not (made.folder / "heartbeat.json").exists():
        time.sleep(0.05)
    for seconds in (1000, 1060, 1120):
        (found,) = look(settings, states("running"), monkeypatch, seconds)
        assert found["verdict"] == "healthy" and check.act_on(settings, [found]) == []
    (found,) = look(settings, states("running"), monkeypatch, 1180)
    assert found["verdict"] == "hung"
    (record,) = check.act_on(settings, [found])
    assert record["container_id"] == container_id and "CPU is idle" in record["reason"]
    assert made.engine.find(container_id).status == "exited"
    (found,) = look(settings, states("up_for_retry"), monkeypatch)
    assert found["verdict"] == "dead" and check.act_on(settings, [found]) == []
    (line,) = actions_file(settings).read_text().splitlines()
    assert json.loads(line) == record and record["attempt"] == 1


def test_a_container_that_hangs_again_and_again_is_given_up(trial, settings, monkeypatch):
    made = trial(HANG)
    start(made)
    while not (made.folder / "heartbeat.json").exists():
        time.sleep(0.05)
    attempts.write_attempts(made.folder, attempts.Attempts(made.owner.request_sha256, containers=3, unmoved=2))
    for seconds in (1000, 1060, 1120, 1180):
        (found,) = look(settings, states("running"), monkeypatch, seconds)
    assert found["verdict"] == "looping"
    records = check.act_on(settings, [found])
    assert "got no further" in attempts.take_given_up(made.folder)
    mail = compose_alert(records, ["a@example.org"])
    assert mail["to"] == ["a@example.org"] and "round_1.trial[3]" in mail["text"] and "given up" in mail["subject"]


@pytest.mark.parametrize("clock_set_by_seconds", [0, 3600, -3600, 86_400])
def test_a_busy_container_without_heartbeat_is_left_alone(trial, settings, monkeypatch, clock_set_by_seconds):
    made, now = trial("while True: pass"), time.time
    start(made)
    look(settings, states("running"), monkeypatch)
    time.sleep(2)
    monkeypatch.setattr(time, "time", lambda: now() + clock_set_by_seconds)
    containers = check.list_containers(settings)
    quick = settings.model_copy(update={"hung_after_seconds": 0.0})
    (found,) = check.diagnose_containers(quick, containers, {containers[0]["id"]: "running"})
    assert found["verdict"] == "healthy"


@pytest.mark.parametrize(("body", "verdict"), [("time.sleep(600)", "orphan"), ("end('done', 0)", "leftover")])
def test_what_no_task_owns_is_removed(trial, settings, monkeypatch, body, verdict):
    made = trial(body)
    container_id = start(made)
    if verdict == "leftover":
        made.client.wait(container_id, timeout=30)
    (found,) = look(settings, lambda **asked: {}, monkeypatch)
    assert found["verdict"] == verdict and "absent" in found["reason"]
    (record,) = check.act_on(settings, [found])
    assert record["action"] == "removed" and made.containers() == []
    assert record["verdict"] not in REPORTED


def test_a_container_whose_task_has_no_try_left_is_reported(trial, settings, monkeypatch):
    made = trial("sys.exit(1)")
    made.client.wait(start(made), timeout=30)
    (found,) = look(settings, states("failed"), monkeypatch)
    assert found["verdict"] == "given_up"
    records = check.act_on(settings, [found])
    assert made.containers() == [] and "no try left" in compose_alert(records, [])["html"]


def test_nothing_is_removed_while_airflow_cannot_be_asked(trial, settings, monkeypatch):
    made = trial("time.sleep(600)")
    start(made)

    def broken(**asked):
        raise ConnectionError("no API server")

    (found,) = look(settings, broken, monkeypatch)
    assert found["verdict"] == "healthy" and "could not be asked" in found["reason"]


def test_another_installation_is_not_looked_at(trial, settings, tmp_path):
    start(trial("time.sleep(600)"))
    assert len(check.list_containers(settings)) == 1
    assert check.list_containers(settings.model_copy(update={"home": tmp_path / "another"})) == []


def test_a_trial_folder_outside_of_the_workspaces_is_not_read(trial, settings, monkeypatch, tmp_path):
    start(trial(HANG))
    (document,) = check.list_containers(settings)
    document["labels"]["trial_folder"] = str(tmp_path)
    (tmp_path / "heartbeat.json").write_text("{}")
    read = []
    monkeypatch.setattr(check, "read_heartbeat", lambda folder: read.append(folder))
    check.diagnose_containers(settings, [document], {})
    assert read == []


def test_a_mapped_and_a_plain_task_are_asked_for_by_their_own_names():
    labels = {"dag_id": "d", "run_id": "r", "task_id": "t"}
    plain = {"id": "p", "labels": {**labels, "map_index": -1}}
    mapped = {"id": "m", "labels": {**labels, "map_index": 4}}
    answers = {"r": {"t": "success", "t_4": None}}
    assert check.owner_states([plain, mapped], lambda **asked: answers) == {"p": "success", "m": "none"}


def test_no_engine_is_told(settings, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    with pytest.raises(EngineUnavailable, match="unix:///no/such.sock"):
        check.list_containers(settings)


def test_a_container_that_the_engine_cannot_end_holds_up_no_other_and_a_person_is_told_once(
    trial, settings, monkeypatch
):
    stuck = start(trial("time.sleep(600)"))
    found = look(settings, lambda **asked: {}, monkeypatch)
    another = {**found[0], "container": {**found[0]["container"], "id": "b" * 64}}
    removed = []

    def remove(self, container_id):
        if container_id == stuck:
            raise ContainerRefused("x", "tried to kill container, but did not receive an exit event", "y")
        removed.append(container_id)

    with monkeypatch.context() as patch:
        patch.setattr(check.ContainerFacade, "remove", remove)
        records = check.act_on(settings, [*found, another])
        assert [record["verdict"] for record in records] == ["stuck", "orphan"] and removed == ["b" * 64]
        assert "did not receive an exit event" in records[0]["reason"] and records[0]["verdict"] in REPORTED
        assert [record["verdict"] for record in check.act_on(settings, [*found, another])] == ["orphan"]
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    with pytest.raises(EngineUnavailable):
        check.act_on(settings, found)
