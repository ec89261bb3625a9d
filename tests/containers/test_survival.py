"""A real Airflow loses its task process, its container, its scheduler; the training goes on where it was."""

import os
import signal
import time

import psutil
import pytest
from tests.containers.training_airflow import LABEL, TrainingAirflow
from tests.running.trial_harness import PROLOGUE

from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_labels import INSTALLATION, installation_id
from pushtune.running.workspace import run_folder
from pushtune.settings import Settings

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]

SCRIPT = PROLOGUE + """
signal.signal(signal.SIGTERM, lambda *_: os._exit(82))
done = int(open(TRIAL + "checkpoint").read()) if os.path.exists(TRIAL + "checkpoint") else 0
for epoch in range(done + 1, 10_000):
    time.sleep(0.2)
    put("checkpoint", str(epoch))
    progress(epoch)
    if os.path.exists(TRIAL + "enough"):
        end("done", 0, objective=OBJECTIVE, epochs_trained=epoch)
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory, image, client):
    made = TrainingAirflow(tmp_path_factory.mktemp("survival"), image, SCRIPT)
    yield made
    made.stop()
    engine = ContainerEngine(client)
    for container in engine.find_labelled({INSTALLATION: installation_id(Settings(home=made.home))}):
        engine.remove(container.id)


class Training:
    """One run, as seen from its containers and its folder."""

    def __init__(self, airflow: TrainingAirflow, client) -> None:
        self.airflow = airflow
        self.engine = ContainerEngine(client)
        self.run_id = airflow.start_run("training")
        self.path = f"/dags/training/dagRuns/{self.run_id}"
        self.folder = run_folder(Settings(home=airflow.home), "training", self.run_id) / "trials" / "003"
        airflow.wait(lambda: self.epochs() >= 3, "the third epoch")

    def epochs(self) -> int:
        path = self.folder / "progress.jsonl"
        return path.read_text().count("\n") if path.exists() else 0

    def containers(self) -> list[str]:
        labels = {INSTALLATION: installation_id(Settings(home=self.airflow.home))}
        return [container.id for container in self.engine.find_labelled(labels) if container.is_running]

    def container(self) -> str:
        (found,) = self.containers()
        return found

    def wait_for_try(self, number: int) -> None:
        def running() -> bool:
            trial = self.airflow.trial(self.run_id)
            return bool(trial["try_number"] == number and trial["state"] == "running")

        self.airflow.wait(running, f"try {number} runs")

    def finish(self) -> dict:
        """Let it get on, let it end, and check that no epoch was trained twice and no container is left."""
        before = self.epochs()
        self.airflow.wait(lambda: self.epochs() > before + 2, "it gets on")
        (self.folder / "enough").touch()
        outcome = self.airflow.outcome(self.run_id)
        epochs = [line.split('"epoch": ')[1].split(",")[0] for line in (self.folder / "progress.jsonl").open()]
        assert len(epochs) == len(set(epochs)), "an epoch was trained twice"
        assert self.containers() == []
        return outcome


def test_the_task_process_is_killed_and_the_next_try_attaches(airflow, client):
    training = Training(airflow, client)
    container = training.container()
    os.kill(airflow.task_process(training.run_id), signal.SIGKILL)
    training.wait_for_try(2)
    assert training.container() == container
    outcome = training.finish()
    assert airflow.trial(training.run_id)["rendered_map_index"] == LABEL, "hostile text was rendered as a template"
    assert outcome["container_id"] == container and outcome["restarts"] == 0


def test_the_container_is_killed_and_the_next_one_resumes_within_the_same_try(airflow, client):
    training = Training(airflow, client)
    first = training.container()
    client.kill(first)
    airflow.wait(lambda: training.containers() not in ([], [first]), "the next container runs")
    assert training.finish()["restarts"] == 1
    assert airflow.trial(training.run_id)["try_number"] == 1


def test_a_user_clears_the_task_while_its_container_runs(airflow, client):
    training = Training(airflow, client)
    first = training.container()
    airflow.clear_trial(training.run_id)
    training.wait_for_try(2)
    airflow.wait(lambda: training.containers() not in ([], [first]), "the next container runs")
    training.finish()


def test_a_user_marks_the_task_as_failed_while_its_container_dies(airflow, client):
    training = Training(airflow, client)
    process = airflow.task_process(training.run_id)
    client.kill(training.container())
    airflow.call("PATCH", f"{training.path}/taskInstances/trial/0", json={"new_state": "failed"})
    airflow.wait(lambda: airflow.call("GET", training.path)["state"] == "failed", "the run has failed")
    airflow.wait(lambda: not psutil.pid_exists(process), "its process is gone")
    assert training.containers() == [], "nothing follows it"


def test_the_scheduler_with_all_its_workers_is_killed_and_the_container_is_found_again(airflow, client):
    training = Training(airflow, client)
    container = training.container()
    airflow.kill("scheduler")
    time.sleep(2)
    assert training.container() == container
    airflow.start("scheduler")
    training.wait_for_try(2)
    assert training.container() == container
    assert training.finish()["restarts"] == 0
