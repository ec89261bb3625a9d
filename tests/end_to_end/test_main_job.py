"""The main job: a push goes in, a tuned and promoted model comes out, and every number is the same everywhere."""

from pathlib import Path
from typing import Any

import pytest
from driver import Driver

from pushtune.promoting.registry import champion
from pushtune.records import read_record
from pushtune.settings import PROJECT_FOLDER
from pushtune_contract.result import read_result

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]
NAME = "digits"
SCRIPT = (PROJECT_FOLDER / "examples" / "digits_cnn" / "task.py").read_text()


@pytest.fixture(scope="module")
def trained(driver: Driver) -> tuple[str, Path, dict[str, Any]]:
    """The commit, run folder and report of a push that was trained."""
    driver.watch(NAME, ignore_paths=["*.md"], notify=["team@localhost"])
    commit = driver.push(NAME, {"task.py": SCRIPT}, "Add a digit reader {{ conn.x.password }} <b>")
    run = driver.finished_run(NAME, 0)
    folder = driver.folder(NAME, run["dag_run_id"])
    states = {key: task["state"] for key, task in driver.tasks(NAME, run["dag_run_id"]).items()}
    assert run["state"] == "success", states
    record = read_record(folder, "report")
    assert record is not None
    return commit, folder, record["document"]


def test_the_code_was_looked_at(trained: tuple[str, Path, dict[str, Any]]) -> None:
    _, _, report = trained
    assert (report["entry"], report["framework"], report["family"], report["image"]) == (
        "task.py",
        "keras",
        "cnn",
        "cnn",
    )
    assert {item["line"] for item in report["evidence"]} >= {19, 27}


def test_the_target_was_met_by_tuning(trained: tuple[str, Path, dict[str, Any]]) -> None:
    _, _, report = trained
    assert report["outcome"] == "target_met"
    assert report["baseline"]["objective"] < report["target"] <= report["final"]["objective"]
    assert report["baseline"]["test"] < report["target"] <= report["final"]["test"]
    assert report["winning_changes"] and all(change.startswith("task.py:") for change in report["winning_changes"])


def test_the_test_data_was_read_once_before_and_once_after(trained: tuple[str, Path, dict[str, Any]]) -> None:
    _, folder, _ = trained
    assert read_result(folder / "baseline").test_reads == 1
    assert read_result(folder / "retrain").test_reads == 1
    for trial in (folder / "trials").iterdir():
        if (trial / "result.json").exists():
            assert read_result(trial).test_reads == 0


def test_numbers_are_the_same_everywhere(driver: Driver, trained: tuple[str, Path, dict[str, Any]]) -> None:
    commit, folder, report = trained
    final = read_result(folder / "retrain")
    assert report["final"]["test"] == final.test_metrics["accuracy"]
    version = champion(driver.settings.registry_folder, NAME)
    assert version is not None and version["version"] == report["model"]["version"]
    metrics = registered_metrics(driver, version["run_id"])
    assert metrics["final.test.accuracy"] == final.test_metrics["accuracy"]
    assert metrics["baseline.test.accuracy"] == report["baseline"]["test"]
    assert list(Path(version["path"]).rglob("*.keras"))
    (mail,) = driver.mails("team@localhost")
    assert f"{report['final']['test']:.4f}" in mail and f"{report['baseline']['test']:.4f}" in mail
    assert commit[:7] in mail
    assert "{{ conn.x.password }}" in mail, "what a developer writes is never rendered"


def registered_metrics(driver: Driver, run_id: str) -> dict[str, float]:
    from mlflow.tracking import MlflowClient

    from pushtune.promoting.registry_store import database

    client = MlflowClient(tracking_uri=f"sqlite:///{database(driver.settings.registry_folder)}")
    return dict(client.get_run(run_id).data.metrics)


def test_nothing_is_left_behind(driver: Driver, trained: tuple[str, Path, dict[str, Any]]) -> None:
    assert driver.containers(everything=True) == []


def test_a_push_that_changes_nothing_relevant_is_not_trained(
    driver: Driver, trained: tuple[str, Path, dict[str, Any]]
) -> None:
    driver.push(NAME, {"README.md": "# Digits\n"}, "Describe it")
    run = driver.finished_run(NAME, 1)
    states = {key: task["state"] for key, task in driver.tasks(NAME, run["dag_run_id"]).items()}
    assert states[("wait_for_push", -1)] == "skipped" and states[("train_cnn", -1)] == "skipped"
    assert not (driver.folder(NAME, run["dag_run_id"]) / "baseline").exists()


def test_a_second_push_is_trained_without_a_command(driver: Driver, trained: tuple[str, Path, dict[str, Any]]) -> None:
    commit = driver.push(NAME, {"task.py": SCRIPT.replace("Adadelta()", "Adadelta(learning_rate=1.0)")}, "Train faster")
    position = len(driver.runs(NAME))
    driver.wait("a run of the second push", lambda: len(driver.runs(NAME)) > position - 1 and find_run(driver, commit))
    run = driver.finished_run(NAME, find_run(driver, commit) or position)
    assert run["state"] == "success"
    report = read_record(driver.folder(NAME, run["dag_run_id"]), "report")
    assert report is not None and report["document"]["commit"] == commit


def find_run(driver: Driver, commit: str) -> int | None:
    for position, run in enumerate(driver.runs(NAME)):
        record = read_record(driver.folder(NAME, run["dag_run_id"]), "check_out")
        if record is not None and record["document"].get("commit") == commit:
            return position
    return None
