"""The trigger wakes a run once per push, and again only while nobody takes the push."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.serialization.encoders import encode_trigger
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from tests.watching.git_http_server import serve
from tests.watching.git_origin import Origin
from tests.watching.memory_store import MemoryStore

from pushtune.moments import present
from pushtune.settings import Settings
from pushtune.watching import push_trigger
from pushtune.watching.push_ledger import SIGHTINGS_KEY, PushLedger
from pushtune.watching.push_trigger import HeadTrigger, PushTrigger, watched_asset
from pushtune.watching.watched_repositories import WatchedRepository

PATIENCE_SECONDS = 60


class Watcher(PushTrigger):
    """A trigger over a dictionary, in a DAG whose activity the test decides."""

    active_run = False

    async def _has_active_run(self) -> bool:
        return self.active_run


@pytest.fixture
def trigger(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    monkeypatch.setattr(push_trigger, "FIRST_WAKE_PAUSE_SECONDS", 0.2)
    watcher = Watcher("digits", origin.url, "main", poll_interval_seconds=0.02, git_timeout_seconds=20)
    watcher.asset_state_store = MemoryStore()  # type: ignore[assignment]
    return watcher


def store_of(trigger: PushTrigger) -> MemoryStore:
    assert isinstance(trigger.asset_state_store, MemoryStore)
    return trigger.asset_state_store


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, PATIENCE_SECONDS))


async def polls(trigger: PushTrigger, number: int) -> None:
    """Wait until the trigger has looked ``number`` times more."""
    store = store_of(trigger)
    target = store.calls + number
    while store.calls < target:
        await asyncio.sleep(0.01)


def test_no_event_before_the_push_and_one_after(origin: Origin, trigger: Watcher) -> None:
    async def test() -> None:
        old = origin.commit_and_push()
        ledger = PushLedger(store_of(trigger))
        ledger.claim(old, "run 1", None, [])
        trigger.active_run = True
        events = trigger.run()
        first = asyncio.ensure_future(anext(events))
        await polls(trigger, 5)
        assert not first.done()
        new = origin.commit_and_push()
        assert (await first).payload == {"commit": new, "branch": "main"}
        assert [sighting["commit"] for sighting in store_of(trigger).get(SIGHTINGS_KEY)] == [new]
        ledger.claim(new, "run 2", old, [])
        second = asyncio.ensure_future(anext(events))
        await polls(trigger, 5)
        assert not second.done()
        second.cancel()

    run(test())


def test_a_settled_head_costs_the_api_server_nothing(origin: Origin, trigger: Watcher) -> None:
    async def test() -> None:
        head = origin.commit_and_push()
        ledger = PushLedger(store_of(trigger))
        ledger.claim(head, "run 1", None, [])
        ledger.close(head, "trained", "", "run 1")
        store, heads = store_of(trigger), trigger._heads
        assert not await heads.wake_for(await trigger._look(), store, trigger._has_active_run)
        calls = store.calls
        assert not await heads.wake_for(await trigger._look(), store, trigger._has_active_run)
        assert store.calls == calls
        origin.commit_and_push()
        assert await heads.wake_for(await trigger._look(), store, trigger._has_active_run)

    run(test())


def test_an_event_that_nobody_takes_is_repeated(origin: Origin, trigger: Watcher) -> None:
    async def test() -> None:
        head = origin.commit_and_push()
        events = trigger.run()
        for _ in range(3):
            assert (await anext(events)).payload["commit"] == head
        assert len(store_of(trigger).get(SIGHTINGS_KEY)) == 1

    run(test())


def test_an_event_is_not_repeated_while_a_run_is_active(origin: Origin, trigger: Watcher) -> None:
    async def test() -> None:
        head = origin.commit_and_push()
        events = trigger.run()
        await anext(events)
        trigger.active_run = True
        repeated = asyncio.ensure_future(anext(events))
        await polls(trigger, 30)
        assert not repeated.done()
        trigger.active_run = False
        assert (await repeated).payload["commit"] == head

    run(test())


def test_a_new_trigger_goes_on_where_the_old_one_was_killed(origin: Origin, trigger: Watcher) -> None:
    async def test() -> None:
        head = origin.commit_and_push()
        await anext(trigger.run())
        successor = Watcher(**trigger.serialize()[1])
        successor.asset_state_store = trigger.asset_state_store
        assert (await anext(successor.run())).payload["commit"] == head

    run(test())


def test_failures_are_logged_once_and_never_end_the_trigger(
    origin: Origin, trigger: Watcher, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_trigger, "ERROR_PAUSE_LIMIT_SECONDS", 0.05)
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(Watcher, "log", logging.getLogger("watcher"))

    async def test() -> None:
        away = origin.bare.rename(origin.folder / "away.git")
        first = asyncio.ensure_future(anext(trigger.run()))
        while trigger._errors < 4:
            await asyncio.sleep(0.01)
        away.rename(origin.bare)
        while "is not there" not in caplog.text:
            await asyncio.sleep(0.01)
        head = origin.commit_and_push()
        assert (await first).payload["commit"] == head

    run(test())
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == len(set(warnings)) >= 1
    assert any("There must be a git repository at" in warning for warning in warnings)
    assert "digits answers again after" in caplog.text
    assert "the branch 'main' is there" in caplog.text


def test_a_store_that_fails_is_a_failure_like_others(origin: Origin, trigger: Watcher) -> None:
    class Failing(MemoryStore):
        failures = 3

        async def aget(self, key: str, default: Any = None) -> Any:
            self.failures -= 1
            if self.failures >= 0:
                raise ConnectionError("the API server is down")
            return await super().aget(key, default)

    async def test() -> None:
        trigger.asset_state_store = Failing()  # type: ignore[assignment]
        head = origin.commit_and_push()
        assert (await anext(trigger.run())).payload["commit"] == head

    run(test())


def test_the_pause_after_failures_grows_up_to_a_limit() -> None:
    trigger = PushTrigger("digits", "/srv/x.git", "main", poll_interval_seconds=10)
    pauses = [trigger._failed(RuntimeError("no")) for _ in range(200)]
    assert pauses[:5] == [20, 40, 80, 120, 120]
    assert max(pauses) == 120
    slow = PushTrigger("digits", "/srv/x.git", "main", poll_interval_seconds=3600)
    assert slow._failed(RuntimeError("no")) == 3600


def test_triggers_survive_being_written_down() -> None:
    for trigger in (
        PushTrigger("digits", "/srv/x.git", "main", "git_host", 5, 6),
        HeadTrigger("/srv/x.git", "main", asdict(present()), 60.0, "git_host", 5, 6),
    ):
        classpath, arguments = trigger.serialize()
        assert classpath == f"pushtune.watching.push_trigger.{type(trigger).__name__}"
        assert type(trigger)(**arguments).serialize() == (classpath, arguments)
        if isinstance(trigger, BaseEventTrigger):
            assert encode_trigger(trigger)["kwargs"] == arguments


def test_the_asset_carries_its_watcher(installation: Settings) -> None:
    repository = WatchedRepository(name="digits", url="/srv/x.git", branch="develop", connection_id="git_host")
    asset = watched_asset(repository, installation)
    (watcher,) = asset.watchers
    assert (asset.name, asset.uri) == ("push-to-digits", "x-pushtune://push-to-digits")
    assert watcher.trigger.serialize()[1] == {
        "dag_id": "digits",
        "url": "/srv/x.git",
        "branch": "develop",
        "connection_id": "git_host",
        "poll_interval_seconds": 30.0,
        "git_timeout_seconds": 20.0,
    }
    assert isinstance(watcher.trigger, BaseEventTrigger)
    faster = repository.model_copy(update={"poll_interval_seconds": 2.0})
    assert watched_asset(faster, installation).watchers[0].trigger.serialize()[1]["poll_interval_seconds"] == 2.0
    with DAG("digits", schedule=[asset]) as dag:
        pass
    assert dag.dag_id == "digits"


def test_a_wait_ends_when_the_repository_answers(origin: Origin) -> None:
    async def test() -> None:
        origin.commit_and_push()
        with serve(origin.folder) as address:
            url = f"{address}/origin.git"
        trigger = HeadTrigger(url, "main", asdict(present()), 99.0, poll_interval_seconds=0.05)
        waiting = asyncio.ensure_future(anext(trigger.run()))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        with serve(origin.folder, port=int(address.rsplit(":", 1)[1])):
            assert (await waiting).payload == {"answered": True, "error": ""}

    run(test())


def test_an_error_that_waiting_does_not_mend_is_an_answer_too() -> None:
    event = asyncio.run(next_event(HeadTrigger("/srv/there/is/none.git", "main", asdict(present()), 99.0)))
    assert event.payload == {"answered": True, "error": ""}


@pytest.mark.parametrize("limit_seconds", [0.0, 0.5], ids=["after one look", "after several"])
def test_a_wait_ends_at_its_limit(limit_seconds: float) -> None:
    since = asdict(present())
    trigger = HeadTrigger("http://127.0.0.1:1/x.git", "main", since, limit_seconds, poll_interval_seconds=0.1)
    payload = asyncio.run(next_event(trigger)).payload
    assert not payload["answered"]
    assert "must be reachable" in payload["error"]


@pytest.mark.parametrize("jump_seconds", [3600, -3600, 86_400])
def test_a_wait_is_as_long_as_it_should_be_when_the_clock_is_set(monkeypatch: Any, jump_seconds: float) -> None:
    since, now = asdict(present()), time.time
    trigger = HeadTrigger("http://127.0.0.1:1/x.git", "main", since, 1.0, poll_interval_seconds=0.1)
    monkeypatch.setattr(time, "time", lambda: now() + jump_seconds)
    begun = time.monotonic()
    assert not asyncio.run(next_event(trigger)).payload["answered"]
    assert time.monotonic() - begun >= 0.9


async def next_event(trigger: HeadTrigger) -> TriggerEvent:
    return await asyncio.wait_for(anext(trigger.run()), PATIENCE_SECONDS)
