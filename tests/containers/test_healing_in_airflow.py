"""A real Airflow with the service DAGs: an outage that spent all tries is outlived, a deleted run leaves nothing."""

import os
import signal
import time
from pathlib import Path

import pytest
from tests.containers.engine_proxy import EngineProxy
from tests.containers.test_survival import SCRIPT, Training
from tests.containers.training_airflow import TrainingAirflow

from pushtune.healing.action_log import actions_file, keep
from pushtune.healing.exhausted import read_histories
from pushtune.records import read_faults
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_labels import INSTALLATION, installation_id
from pushtune.settings import Settings

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]
CHECKS_KEPT_DAYS = "0.0001"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    made = EngineProxy(tmp_path_factory.mktemp("engine") / "engine.sock")
    yield made
    made.cut()


@pytest.fixture(scope="module")
def airflow(tmp_path_factory, image, client, proxy):
    home = tmp_path_factory.mktemp("healing")
    (home / "watched.yaml").write_text("repositories: []\n")
    made = TrainingAirflow(
        home, image, SCRIPT, ("check_containers.py", "clean_up.py"),
        DOCKER_HOST=proxy.url, PUSHTUNE_RESTART_LIMIT="1", PUSHTUNE_KEEP_CHECKS_DAYS=CHECKS_KEPT_DAYS,
        PUSHTUNE_WATCHED_REPOSITORIES=str(home / "watched.yaml"), AIRFLOW__CORE__PARALLELISM="4",
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
    )  # fmt: skip
    yield made
    made.stop()
    engine = ContainerEngine(client)
    for container in engine.find_labelled({INSTALLATION: installation_id(Settings(home=made.home))}):
        engine.remove(container.id)


def ended_checks(airflow: TrainingAirflow) -> set[str]:
    asked = {"state": ["success", "failed"], "limit": 100}
    runs = airflow.call("GET", "/dags/check_containers/dagRuns", params=asked)["dag_runs"]
    return {run["dag_run_id"] for run in runs}


def state_of(airflow: TrainingAirflow, dag_id: str, run_id: str) -> str:
    return str(airflow.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])


def trained(airflow: TrainingAirflow, client) -> Training:
    training = Training(airflow, client)
    training.finish()
    airflow.wait(lambda: state_of(airflow, "training", training.run_id) == "success", "the run has succeeded")
    return training


def test_a_task_that_spent_its_tries_on_an_outage_is_cleared_and_resumes(airflow, client, proxy):
    training = Training(airflow, client)
    proxy.cut()
    os.kill(airflow.task_process(training.run_id), signal.SIGKILL)
    airflow.wait(lambda: state_of(airflow, "training", training.run_id) == "failed", "the run has failed")
    run_folder = training.folder.parents[1]
    (fault,) = read_faults(run_folder)
    assert fault["kind"] == "EngineUnavailable"
    time.sleep(1)
    assert read_histories(Settings(home=airflow.home)) == {}
    epochs, container = training.epochs(), training.container()
    proxy.mend()
    airflow.wait(lambda: airflow.trial(training.run_id).get("state") == "running", "the task runs again")
    (history,) = read_histories(Settings(home=airflow.home)).values()
    assert (history.clears, history.given_up) == (1, False)
    assert "EngineUnavailable" in actions_file(Settings(home=airflow.home)).read_text()
    assert training.container() == container, "it has trained on all the time"
    assert training.finish()["restarts"] == 0
    assert training.epochs() > epochs and read_faults(run_folder) == []
    airflow.wait(lambda: state_of(airflow, "training", training.run_id) == "success", "the run has succeeded")


def test_a_deleted_run_leaves_no_folder_and_old_checks_go(airflow, client):
    other, training = trained(airflow, client), trained(airflow, client)
    kept, deleted = Path(training.folder.parents[1]), training.run_id
    airflow.call("DELETE", f"/dags/training/dagRuns/{deleted}")
    for place in kept.parent.rglob("*"):
        os.utime(place, (time.time() - 3600, time.time() - 3600), follow_symlinks=False)
    airflow.wait(lambda: ended_checks(airflow), "a check has ended")
    before = ended_checks(airflow)
    time.sleep(float(CHECKS_KEPT_DAYS) * 86_400)
    cleaning = airflow.start_run("clean_up")
    airflow.wait(lambda: state_of(airflow, "clean_up", cleaning) in ("success", "failed"), "the cleaning has ended")
    assert state_of(airflow, "clean_up", cleaning) == "success", f"logs are in {airflow.home}"
    assert not kept.exists()
    lines = actions_file(Settings(home=airflow.home)).read_text().splitlines()
    (line,) = [line for line in lines if str(kept) in line and '"removed"' in line and '"old"' in line]
    assert "does not know this run" in line
    assert not ended_checks(airflow) & before
    assert other.folder.is_dir(), "the other run is known and stays"


def test_a_person_is_told_even_while_the_checks_fail(airflow, proxy):
    settings = Settings(home=airflow.home)
    proxy.cut()
    try:
        record = {
            "unix_time": time.time(), "verdict": "given_up", "action": "removed", "reason": "no try left",
            "dag_id": "training", "run_id": "r", "task_id": "trial", "map_index": -1, "attempt": 3, "name": "n",
            "container_id": "c", "trial_folder": "",
        }  # fmt: skip
        keep(settings, record)
        airflow.wait(lambda: list(settings.outbox.glob("*.eml")), "the mail lies in the outbox: there is no key")
    finally:
        proxy.mend()
    (mail,) = settings.outbox.glob("*.eml")
    assert "no try left" in mail.read_text()
    checks = ended_checks(airflow)
    airflow.wait(lambda: len(ended_checks(airflow) - checks) >= 2, "two more checks have ended")
    assert list(settings.outbox.glob("*.eml")) == [mail]
