"""Whatever dies in the middle of a training, the run ends as if nothing had happened."""

from pathlib import Path
from typing import Any

import pytest
from driver import Driver

from pushtune.commands import instance
from pushtune_contract.progress import read_progress
from pushtune_contract.result import TrialResult, read_result

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]
EPOCHS = 16


def start(driver: Driver, name: str, scripts: Path) -> tuple[str, Path]:
    """Push the slow script to a repository of its own and train it as it is; return the run and its baseline."""
    driver.watch(name, watch=False)
    driver.push(name, {"train.py": (scripts / "slow_digits.py").read_text()}, "Slow digits")
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


def test_a_restart_of_everything_in_the_middle(driver: Driver, scripts: Path) -> None:
    name = "restarted"
    _, folder = start(driver, name, scripts)
    wait_for_epoch(driver, folder, 4)
    instance.down(driver.settings)
    assert driver.containers() == []
    driver.start()
    result = finish(driver, name, folder)
    assert result.resumed_from_epochs, "it resumed, and did not begin anew"
