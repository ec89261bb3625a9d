"""Whatever dies in the middle of a training, the run ends as if nothing had happened."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from driver import Driver

from pushtune.commands import instance
from pushtune.commands.supervisor import instance_file
from pushtune.running.container_labels import TRIAL_FOLDER
from pushtune_contract.progress import read_progress
from pushtune_contract.result import TrialResult, read_result

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]
EPOCHS = 16
OUTAGE_SECONDS = 60


def start(driver: Driver, name: str, scripts: Path, pause_seconds: float = 1.0) -> tuple[str, Path]:
    """Push the slow script to a repository of its own and train it as it is; return the run and its baseline."""
    driver.watch(name, watch=False)
    script = (scripts / "slow_digits.py").read_text().replace("time.sleep(1.0)", f"time.sleep({pause_seconds})")
    driver.push(name, {"train.py": script}, "Slow digits")
    run_id = driver.trigger(name, rounds=0)
    return run_id, driver.folder(name, run_id) / "baseline"


def epochs_done(folder: Path) -> list[int]:
    return [line.epoch for line in read_progress(folder) if line.kind == "epoch"]


def wait_for_epoch(driver: Driver, folder: Path, epoch: int) -> None:
    driver.wait(f"epoch {epoch}", lambda: len(epochs_done(folder)) >= epoch)


def finish(driver: Driver, name: str, folder: Path) -> TrialResult:
    """Wait for the end; every epoch must have been trained exactly once and nothing be left."""
    run = driver.finished_run(name, 0)
    states: dict[Any, Any] = {key: task["state"] for key, task in driver.tasks(name, run["dag_run_id"]).items()}
    assert run["state"] == "success", states
    assert epochs_done(folder) == list(range(1, EPOCHS + 1))
    assert driver.containers(everything=True) == []
    return read_result(folder)


def test_a_killed_container_comes_back_from_its_checkpoint(driver: Driver, scripts: Path) -> None:
    _, folder = start(driver, "killed_container", scripts)
    wait_for_epoch(driver, folder, 4)
    (container,) = driver.containers()
    container.kill(signal="SIGKILL")
    result = finish(driver, "killed_container", folder)
    assert result.resumed_from_epochs, "it resumed, and did not begin anew"


def test_a_killed_task_process_finds_its_container_again(driver: Driver, scripts: Path) -> None:
    name = "killed_task"
    run_id, folder = start(driver, name, scripts)
    wait_for_epoch(driver, folder, 3)
    (before,) = driver.containers()
    task = next(
        t for key, t in driver.tasks(name, run_id).items() if key[0].startswith("train_") and t["state"] == "running"
    )
    driver.kill_task_process(task["id"])
    wait_for_epoch(driver, folder, 6)
    assert [container.id for container in driver.containers(everything=True)] in ([before.id], [])
    result = finish(driver, name, folder)
    assert result.resumed_from_epochs == [], "the container was never stopped"


@pytest.mark.long
def test_an_api_server_that_is_silent_for_a_minute_costs_nothing(driver: Driver, scripts: Path) -> None:
    name = "silent_api"
    run_id, folder = start(driver, name, scripts, pause_seconds=7.0)
    wait_for_epoch(driver, folder, 2)
    (before,) = driver.containers()
    server = json.loads(instance_file(driver.settings).read_text())["components"]["api-server"]["pid"]
    os.kill(server, signal.SIGSTOP)
    try:
        time.sleep(OUTAGE_SECONDS)
    finally:
        os.kill(server, signal.SIGCONT)
    result = finish(driver, name, folder)
    assert result.resumed_from_epochs == [], "the container was never stopped"
    assert [event["id"] for event in created(driver, folder)] == [before.id]
    ended = [task for task in driver.tasks(name, run_id).values() if task["state"] == "success"]
    assert {task["try_number"] for task in ended} == {1}


def created(driver: Driver, folder: Path) -> list[dict[str, Any]]:
    """Return the engine's events of containers that were created for this training."""
    label = f"{TRIAL_FOLDER}={folder}"
    wanted = {"event": "create", "label": label}
    return list(driver.engine.api.events(since=0, until=int(time.time()) + 1, filters=wanted, decode=True))


def test_a_restart_of_everything_in_the_middle(driver: Driver, scripts: Path) -> None:
    name = "restarted"
    _, folder = start(driver, name, scripts)
    wait_for_epoch(driver, folder, 4)
    instance.down(driver.settings)
    assert driver.containers() == []
    driver.start()
    result = finish(driver, name, folder)
    assert result.resumed_from_epochs, "it resumed, and did not begin anew"
