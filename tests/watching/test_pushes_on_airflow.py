"""On a real Airflow every push is trained exactly once, whatever is paused, merged, deleted or killed meanwhile."""

import argparse
import contextlib
import io
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from tests.pretended_instance import running_on
from tests.watching.airflow_instance import AirflowInstance
from tests.watching.git_http_server import serve
from tests.watching.git_origin import Origin

from pushtune.commands.pushes import pushes
from pushtune.settings import load_settings
from pushtune.watching.webhook import sign

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

WATCHED = ("usual", "merged", "paused", "killed", "deleted", "returning")
OTHERS = ("away", "hooked")
SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pushes")


@pytest.fixture(scope="module")
def origins(folder: Path) -> dict[str, Origin]:
    for name in (*WATCHED, *OTHERS):
        (folder / name).mkdir()
    return {name: Origin(folder / name) for name in (*WATCHED, *OTHERS)}


@pytest.fixture(scope="module")
def airflow(folder: Path, origins: dict[str, Origin]) -> Iterator[AirflowInstance]:
    with serve(folder) as address:
        pass
    entries = [{"name": name, "url": origins[name].url, "ignore_paths": ["*.md"]} for name in WATCHED]
    away = {"name": "away", "url": f"{address}/away/origin.git", "watch": False}
    hooked = {"name": "hooked", "url": origins["hooked"].url, "webhook_connection_id": "hook"}
    once_a_day = {"poll_interval_seconds": 86_400}
    instance = AirflowInstance(folder / "home", [*entries, away, hooked | once_a_day])
    try:
        instance.add_connection("hook", SECRET)
        yield instance
    finally:
        instance.stop()


def hold(airflow: AirflowInstance, name: str, held: bool) -> None:
    """Let the run of ``name`` last until it is released."""
    path = airflow.home / f"hold-{name}"
    path.touch() if held else path.unlink()


def test_each_push_starts_one_run(airflow: AirflowInstance, origins: dict[str, Origin]) -> None:
    assert airflow.quiet("usual") == [], "an empty repository starts nothing"
    for _ in range(2):
        airflow.wait_for("usual", origins["usual"].commit_and_push(), "trained")
    airflow.wait_for("usual", origins["usual"].commit_and_push("README.md"), "filtered")
    runs = airflow.quiet("usual")
    assert [run["run_type"] for run in runs] == ["asset_triggered"] * 3
    assert airflow.task_states("usual", runs[2]["dag_run_id"])["wait_for_push"] == "skipped"


def test_pushes_while_a_run_is_active_become_one_more_run(airflow: AirflowInstance, origins: dict[str, Origin]) -> None:
    hold(airflow, "merged", True)
    first = origins["merged"].commit_and_push()
    airflow.wait_for("merged", first, "running")
    between = [origins["merged"].commit_and_push() for _ in range(3)]
    last = origins["merged"].commit_and_push()
    hold(airflow, "merged", False)
    airflow.wait_for("merged", last, "trained")
    ledger = airflow.ledger("merged")
    assert [ledger[commit]["reason"] for commit in between] == [last] * 3
    assert [(ledger[commit]["state"], ledger[commit]["runs"]) for commit in (first, last)] == [("trained", 1)] * 2
    trained = [run for run in airflow.quiet("merged") if is_training(airflow, "merged", run["dag_run_id"])]
    assert len(trained) == 2
    assert listed(airflow, "merged") == {first: "trained", last: "trained"} | dict.fromkeys(between, "superseded")


def listed(airflow: AirflowInstance, name: str) -> dict[str, str]:
    """Return commit -> state as the command prints them; a browser's login must open the same addresses."""
    (airflow.home / "run").mkdir(exist_ok=True)
    shutil.copy(airflow.home / "passwords.json", airflow.home / "run")
    settings = load_settings({"PUSHTUNE_HOME": str(airflow.home)})
    port = urlsplit(airflow.address).port or 0
    with running_on(settings, port), contextlib.redirect_stdout(io.StringIO()) as output:
        assert pushes(settings, argparse.Namespace(repository=name, json=True)) == 0
    cookie = {"_token": airflow.headers["Authorization"].removeprefix("Bearer ")}
    assert requests.get(f"{airflow.address}/api/v2/assets", cookies=cookie, timeout=30).status_code == 200
    return {row["commit"]: row["state"] for row in json.loads(output.getvalue())[name]}


def is_training(airflow: AirflowInstance, dag_id: str, run_id: str) -> bool:
    return airflow.task_states(dag_id, run_id)["train"] == "success"


def test_a_push_to_a_paused_dag_waits_for_it(airflow: AirflowInstance, origins: dict[str, Origin]) -> None:
    airflow.wait_for("paused", origins["paused"].commit_and_push(), "trained")
    airflow.quiet("paused")
    airflow.pause("paused", True)
    commit = origins["paused"].commit_and_push()
    assert len(airflow.quiet("paused")) == 1
    airflow.pause("paused", False)
    assert airflow.wait_for("paused", commit, "trained")["runs"] == 1
    assert len(airflow.quiet("paused")) == 2


def test_a_push_while_the_triggerer_is_dead_is_noticed_by_the_next(
    airflow: AirflowInstance, origins: dict[str, Origin]
) -> None:
    airflow.wait_for("killed", origins["killed"].commit_and_push(), "trained")
    airflow.kill("triggerer")
    commit = origins["killed"].commit_and_push()
    assert len(airflow.quiet("killed")) == 1
    airflow.start("triggerer")
    assert airflow.wait_for("killed", commit, "trained")["runs"] == 1
    assert len(airflow.quiet("killed")) == 2


def test_the_changes_of_a_run_that_was_deleted_are_trained_with_the_next_push(
    airflow: AirflowInstance, origins: dict[str, Origin]
) -> None:
    hold(airflow, "deleted", True)
    lost = origins["deleted"].commit_and_push()
    record = airflow.wait_for("deleted", lost, "running")
    airflow.delete_run("deleted", record["run_id"])
    hold(airflow, "deleted", False)
    commit = origins["deleted"].commit_and_push("README.md")
    airflow.wait_for("deleted", commit, "trained")
    assert airflow.ledger("deleted")[lost]["state"] == "superseded"


def test_a_run_waits_without_a_worker_for_a_repository_that_does_not_answer(
    airflow: AirflowInstance, origins: dict[str, Origin], folder: Path
) -> None:
    commit = origins["away"].commit_and_push()
    run_id = airflow.start_run("away")
    airflow.wait(lambda: airflow.task_states("away", run_id)["wait_for_push"] == "deferred", "the sensor is deferred")
    (url,) = [entry["url"] for entry in airflow.watched if entry["name"] == "away"]
    with serve(folder, port=urlsplit(url).port or 0):
        airflow.wait_for("away", commit, "trained")
        again = airflow.start_run("away", commit=commit[:10])
        airflow.wait(lambda: airflow.task_states("away", again).get("finish") == "success", "the second run has ended")
        unknown = airflow.start_run("away", commit="feedfacefeed")
        airflow.wait(lambda: airflow.task_states("away", unknown).get("wait_for_push") == "failed", "it is refused")
    assert airflow.ledger("away")[commit]["runs"] == 2


def test_a_repository_that_is_taken_out_and_put_back_is_not_trained_again(
    airflow: AirflowInstance, origins: dict[str, Origin]
) -> None:
    head = origins["returning"].commit_and_push()
    airflow.wait_for("returning", head, "trained")
    airflow.watch([entry for entry in airflow.watched if entry["name"] != "returning"])
    airflow.wait(lambda: not airflow.knows("returning"), "the DAG is gone")
    time.sleep(20)  # Airflow forgets assets that nothing refers to every few seconds
    airflow.watch(airflow.watched)
    airflow.wait(lambda: airflow.knows("returning"), "the DAG is back")
    assert airflow.ledger("returning")[head]["state"] == "trained"
    assert len(airflow.quiet("returning")) == 1


def test_a_webhook_wakes_the_watcher_long_before_it_would_poll(
    airflow: AirflowInstance, origins: dict[str, Origin]
) -> None:
    """The secret is a connection in Airflow's database; the watcher of this repository polls once a day."""
    address = f"{airflow.address}/pushtune-hooks/hooked"
    for _ in range(2):
        commit = origins["hooked"].commit_and_push()
        body = json.dumps({"ref": "refs/heads/main", "after": commit}).encode()
        headers = sign(body, SECRET, int(time.time()))
        assert requests.post(address, data=body, headers=headers, timeout=30).status_code == 202
        assert requests.post(address, data=body, headers=headers, timeout=30).status_code == 409
        assert requests.post(address, data=body, timeout=30).status_code == 401
        airflow.wait_for("hooked", commit, "trained")
    assert len(airflow.quiet("hooked")) == 2
