"""A push whose script trains with a loop of its own is tuned, promoted, mailed and served like any other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import Driver

from pushtune.commands import instance
from pushtune.errors import ModelNotServed
from pushtune.records import read_record
from pushtune_contract.progress import learning_curve

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]
NAME = "own_loop"
ADDRESS = "loop@localhost"
TARGET = 0.9
ORIGIN = {"instances": [[0.0] * 16]}


@pytest.fixture(scope="module")
def trained(driver: Driver, scripts: Path) -> tuple[Path, dict[str, Any]]:
    """The run folder and the report of the push."""
    driver.watch(NAME, serve=True, target=TARGET, notify=[ADDRESS])
    driver.push(NAME, {"train.py": (scripts / "own_loop.py").read_text()}, "A loop of our own")
    run = driver.finished_run(NAME, 0)
    states = {key: task["state"] for key, task in driver.tasks(NAME, run["dag_run_id"]).items()}
    assert run["state"] == "success", states
    folder = driver.folder(NAME, run["dag_run_id"])
    record = read_record(folder, "report")
    assert record is not None
    return folder, record["document"]


def test_tuning_meets_the_target(trained: tuple[Path, dict[str, Any]]) -> None:
    folder, report = trained
    assert report["outcome"] == "target_met", report
    assert report["baseline"]["objective"] < TARGET <= report["final"]["objective"]
    assert report["winning_changes"] and all(change.startswith("train.py:") for change in report["winning_changes"])
    assert len(learning_curve(folder / "baseline")) == 2


def test_the_mail_says_that_nothing_was_held_out(driver: Driver, trained: tuple[Path, dict[str, Any]]) -> None:
    (mail,) = driver.mails(ADDRESS)
    assert "val_accuracy" in mail, "it names where the number came from"
    assert "held out" in mail


def test_the_champion_answers_what_it_learnt(driver: Driver, trained: tuple[Path, dict[str, Any]]) -> None:
    points, labels = validation_data()
    driver.wait("the served champion", lambda: driver.api.model(NAME)["status"] == "ok")
    scores = np.array(driver.api.model(NAME, {"instances": points.tolist()})["predictions"])
    accuracy = (scores.argmax(axis=1) == labels).mean()
    assert accuracy == pytest.approx(trained[1]["final"]["objective"], abs=0.005)


def validation_data() -> tuple[Any, Any]:
    """Return what the script validates with."""
    rng = np.random.default_rng(7)
    centers = rng.normal(size=(10, 16))
    labels = rng.integers(0, 10, 2000)
    points = centers[labels] + rng.normal(scale=0.9, size=(2000, 16))
    return points[1500:], labels[1500:]


def test_a_served_champion_that_is_killed_answers_again(driver: Driver, trained: tuple[Path, dict[str, Any]]) -> None:
    (container,) = driver.containers()
    container.kill(signal="SIGKILL")
    driver.wait("an answer", lambda: driver.api.model(NAME, ORIGIN)["predictions"])
    (again,) = driver.containers()
    assert again.id != container.id


def test_a_stop_ends_it_and_a_start_brings_it_back(driver: Driver, trained: tuple[Path, dict[str, Any]]) -> None:
    instance.down(driver.settings)
    assert driver.containers() == []
    driver.start()
    driver.wait("an answer", lambda: driver.api.model(NAME, ORIGIN)["predictions"])


def test_an_entry_that_no_longer_asks_for_it_ends_it(driver: Driver, trained: tuple[Path, dict[str, Any]]) -> None:
    driver.watch(NAME, target=TARGET, notify=[ADDRESS])
    driver.wait("the end of the container", lambda: driver.containers(everything=True) == [])
    with pytest.raises(ModelNotServed):
        driver.api.model(NAME)
