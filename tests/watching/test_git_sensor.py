"""The first task of a run: takes a push, skips, waits in the triggerer, or fails with a clear text."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    TaskDeferred,
)
from airflow.serialization.serialized_objects import DagSerialization
from tests.watching.git_http_server import PASSWORD, serve
from tests.watching.git_origin import Origin
from tests.watching.memory_store import MemoryStore

from pushtune.errors import RepositoryUnreachable
from pushtune.moments import present
from pushtune.settings import Settings
from pushtune.watching.check_out import open_mirror
from pushtune.watching.git_command import GitFailed
from pushtune.watching.git_sensor import GitSensor
from pushtune.watching.mirror import Mirror
from pushtune.watching.push_ledger import PushLedger
from pushtune.watching.push_trigger import HeadTrigger, watched_asset
from pushtune.watching.watched_repositories import WatchedRepository


@pytest.fixture(autouse=True)
def home(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PUSHTUNE_HOME", str(installation.home))
    monkeypatch.setenv("PUSHTUNE_GIT_TIMEOUT_SECONDS", "20")
    return installation.home


class Stores:
    """What ``context["asset_state_store"]`` is: one store per asset, found by the asset."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def __getitem__(self, asset: Any) -> MemoryStore:
        assert asset.name == "push-to-digits"
        return self.store


class Run:
    """A run's context, as far as the sensor looks at it."""

    def __init__(self, stores: Stores, run_id: str, run_type: str = "asset_triggered", **states: str) -> None:
        def get_dr_count(dag_id: str, run_ids: list[str]) -> int:
            assert dag_id == "digits"
            return len(states.keys() & set(run_ids))

        def get_dagrun_state(dag_id: str, run_id: str) -> str:
            assert dag_id == "digits"
            return states[run_id]

        self.context: dict[str, Any] = {
            "dag_run": SimpleNamespace(run_id=run_id, run_type=run_type),
            "ti": SimpleNamespace(dag_id="digits", get_dr_count=get_dr_count, get_dagrun_state=get_dagrun_state),
            "asset_state_store": stores,
        }


def sensor(url: str, commit: str = "", **entry: Any) -> GitSensor:
    repository = WatchedRepository(name="digits", url=url, **entry)
    return GitSensor(task_id="wait_for_push", repository=repository, commit=commit, timeout_seconds=100)


def test_a_push_is_taken_at_once_and_the_next_wake_up_skips(origin: Origin) -> None:
    stores = Stores()
    head = origin.commit_and_push()
    push = sensor(origin.url).execute(Run(stores, "r1").context)
    assert (push["commit"], push["cause"], push["previous_commit"]) == (head, "push", None)
    with pytest.raises(AirflowSkipException, match=f"{head[:12]} is not new: running, by r1."):
        sensor(origin.url).execute(Run(stores, "r2", r1="running").context)
    PushLedger(stores.store).close(head, "trained", "", "r1")
    for run_type, cause in (("manual", "manual"), ("scheduled", "schedule"), ("operator_triggered", "manual")):
        again = sensor(origin.url).execute(Run(stores, run_type, run_type, r1="success").context)
        assert (again["commit"], again["cause"]) == (head, cause)


def test_a_run_that_was_deleted_gives_its_push_to_the_next(origin: Origin) -> None:
    stores = Stores()
    head = origin.commit_and_push()
    sensor(origin.url).execute(Run(stores, "r1").context)
    assert sensor(origin.url).execute(Run(stores, "r2").context)["commit"] == head


def test_a_filtered_push_skips_the_run(origin: Origin) -> None:
    stores = Stores()
    origin.commit_and_push()
    sensor(origin.url).execute(Run(stores, "r1").context)
    origin.commit_and_push("README.md")
    with pytest.raises(AirflowSkipException, match="No watched file changed between"):
        sensor(origin.url, ignore_paths=["*.md"]).execute(Run(stores, "r2", r1="success").context)


def test_the_asked_commit_is_taken(origin: Origin) -> None:
    old = origin.commit_and_push()
    origin.commit_and_push()
    assert sensor(origin.url, f" {old[:8]} ").execute(Run(Stores(), "r1", "manual").context)["commit"] == old


@pytest.mark.parametrize(
    ("prepare", "commit", "text"),
    [
        (lambda origin: None, "", "must hold at least one commit"),
        (lambda origin: origin.commit_and_push(), "feedfacefeed", "The asked commit must be in"),
        (
            lambda origin: (origin.commit(), origin.git("push", "-q", "origin", "HEAD:other")),
            "",
            "the repository has: other",
        ),
        (lambda origin: origin.bare.rename(origin.folder / "away.git"), "", "There must be a git repository at"),
    ],
    ids=["empty", "unknown commit", "missing branch", "missing repository"],
)
def test_what_waiting_does_not_mend_fails_without_a_retry(origin: Origin, prepare: Any, commit: str, text: str) -> None:
    prepare(origin)
    with pytest.raises(AirflowFailException, match=text):
        sensor(origin.url, commit).execute(Run(Stores(), "r1", "manual").context)


def test_a_repository_that_does_not_answer_is_waited_for_in_the_triggerer(origin: Origin) -> None:
    head = origin.commit_and_push()
    with serve(origin.folder) as address:
        task = sensor(f"{address}/origin.git", connection_id=None)
    run = Run(Stores(), "r1")
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(run.context)
    trigger = deferred.value.trigger
    assert isinstance(trigger, HeadTrigger)
    assert (deferred.value.method_name, trigger.url) == ("resume", f"{address}/origin.git")
    since = trigger.since
    with pytest.raises(TaskDeferred) as deferred:
        task.resume(run.context, {"answered": True, "error": ""}, since=since)
    assert isinstance(deferred.value.trigger, HeadTrigger)
    assert deferred.value.trigger.since == since
    with serve(origin.folder, port=int(address.rsplit(":", 1)[1])):
        push = task.resume(run.context, {"answered": True, "error": ""}, since=since)
    assert push["commit"] == head


def test_a_repository_that_never_answers_fails_the_task(origin: Origin) -> None:
    event = {"answered": False, "error": "x must be reachable."}
    with pytest.raises(AirflowFailException, match="did not answer within 100 s. x must be reachable."):
        sensor(origin.url).resume(Run(Stores(), "r1").context, event, since={})


def test_a_connection_that_is_not_there_is_told(origin: Origin) -> None:
    origin.commit_and_push()
    with pytest.raises(AirflowFailException, match="must exist. Received: 'git_host'. Add it: airflow connections add"):
        sensor(origin.url, connection_id="git_host").execute(Run(Stores(), "r1").context)


def test_the_credentials_of_a_connection_open_the_repository(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    head = origin.commit_and_push()
    monkeypatch.setenv(
        "AIRFLOW_CONN_GIT_HOST", json.dumps({"conn_type": "generic", "login": "ann", "password": PASSWORD})
    )
    with serve(origin.folder, protected=True) as address:
        push = sensor(f"{address}/origin.git", connection_id="git_host").execute(Run(Stores(), "r1").context)
    assert push["commit"] == head
    assert PASSWORD not in json.dumps(push)


def test_a_mirror_that_cannot_be_read_is_mended_by_the_retry(origin: Origin, installation: Settings) -> None:
    stores = Stores()
    origin.commit_and_push()
    sensor(origin.url).execute(Run(stores, "r1").context)
    head = origin.commit_and_push()
    mirror = open_mirror(origin.url, installation)
    for path in mirror.folder.glob("objects/??/*"):
        path.chmod(0o644)
        path.write_bytes(os.urandom(10))
    run = Run(stores, "r2", r1="success")
    try:
        push = sensor(origin.url).execute(run.context)
    except GitFailed:
        push = sensor(origin.url).execute(run.context)
    assert push["commit"] == head


def test_the_sensor_stands_in_a_dag_that_pushes_wake(origin: Origin) -> None:
    repository = WatchedRepository(name="digits", url=origin.url)
    with DAG("digits", schedule=[watched_asset(repository)]) as dag:
        GitSensor(task_id="wait_for_push", repository=repository)
    task = dag.get_task("wait_for_push")
    assert isinstance(task, GitSensor)
    assert [asset.name for asset in task.inlets] == ["push-to-digits"]
    assert task.outlets == []
    assert "commit" in task.template_fields and "dag_run.conf" in task.commit
    written = DagSerialization.to_dict(dag)
    assert written["dag"]["tasks"][0]["__var"]["task_type"] == "GitSensor"


def test_a_repository_that_answers_a_look_but_no_fetch_is_given_up(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Mirror, branch: str) -> str:
        raise RepositoryUnreachable("It must be fetched within 1 s.", "no end", "Raise the limit.")

    origin.commit_and_push()
    monkeypatch.setattr(Mirror, "fetch", fails)
    task, run, now = sensor(origin.url), Run(Stores(), "r1"), asdict(present())
    with pytest.raises(TaskDeferred) as deferred:
        task.resume(run.context, {"answered": True, "error": ""}, since=now, failures=3)
    assert isinstance(deferred.value.trigger, HeadTrigger) and deferred.value.trigger.failures == 3
    assert deferred.value.kwargs is not None and deferred.value.kwargs["failures"] == 4, "the pauses grow"
    for name in ("unix_time", "uptime_seconds"):
        now[name] -= 200
    with pytest.raises(AirflowFailException, match="did not answer within 100 s. It must be fetched within 1 s."):
        task.resume(run.context, {"answered": True, "error": ""}, since=now, failures=4)
