"""When a run is woken for one of several branches and tags."""

import asyncio
import logging

import pytest
from tests.watching.git_origin import Origin
from tests.watching.memory_store import MemoryStore

from pushtune.watching.due_heads import DueHeads
from pushtune.watching.push_ledger import SIGHTINGS_KEY, Place, PushLedger
from pushtune.watching.push_trigger import PushTrigger

MAIN, FEATURE = "refs/heads/main", "refs/heads/feature/x"


class Watch:
    """A watcher whose looks and runs are made by hand."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.ledger = PushLedger(self.store)
        self.heads = DueHeads()
        self.busy = False

    def look(self, **refs: str) -> set[str]:
        async def is_busy() -> bool:
            return self.busy

        named = {{"main": MAIN, "feature": FEATURE, "tag": "refs/tags/v1"}[name]: head for name, head in refs.items()}
        return set(asyncio.run(self.heads.wake_for(named, self.store, is_busy)))


def test_a_second_head_wakes_at_once_when_the_first_was_taken() -> None:
    watch = Watch()
    assert watch.look(main="a", feature="b") == {"a", "b"}
    assert watch.look(main="a", feature="b") == set(), "once is enough for a minute"
    watch.busy = True
    watch.ledger.claim("a", "run 1", None, [])
    assert watch.look(main="a", feature="b") == {"b"}, "though a run is active: its successor waits behind it"
    assert watch.look(main="a", feature="b") == set()
    watch.ledger.close("a", "trained", "", "run 1")
    watch.ledger.claim("b", "run 2", None, [], at=Place(FEATURE, False))
    assert watch.look(main="a", feature="b") == set()


def test_each_head_is_noted_with_its_ref() -> None:
    watch = Watch()
    watch.look(main="a", feature="b", tag="a")
    seen = [(sighting["commit"], sighting["ref"]) for sighting in watch.store.get(SIGHTINGS_KEY)]
    assert seen == [("a", MAIN), ("b", FEATURE)]


def test_a_branch_that_vanished_unhandled_wakes_a_run_that_writes_it_off() -> None:
    watch = Watch()
    watch.ledger.claim("a", "run 1", None, [])
    watch.ledger.close("a", "trained", "", "run 1")
    assert watch.look(main="a", feature="b") == {"b"}
    assert watch.look(main="a") == set(), "what is due has not changed"
    assert watch.heads._woken_for == {"b": FEATURE}
    watch.ledger.refuse("b", "dropped", "deleted", "run 2")
    assert watch.look(main="a") == set()
    assert watch.heads._woken_for == {}


def test_a_branch_that_went_back_to_a_trained_commit_is_written_off_too() -> None:
    watch = Watch()
    watch.ledger.claim("a", "run 1", None, [])
    watch.ledger.close("a", "trained", "", "run 1")
    watch.look(main="b")
    watch.look(main="a")
    assert watch.heads._woken_for == {"b": MAIN}
    watch.ledger.supersede("b", "a", "run 2")
    watch.look(main="a")
    assert watch.heads._woken_for == {}


def test_settled_heads_cost_nothing_however_many() -> None:
    watch = Watch()
    for commit in ("a", "b", "c"):
        watch.ledger.claim(commit, "run 1", None, [])
        watch.ledger.close(commit, "trained", "", "run 1")
    watch.look(main="a", feature="b", tag="c")
    calls = watch.store.calls
    assert watch.look(main="a", feature="b", tag="c") == set()
    assert watch.store.calls == calls


def test_one_question_to_the_repository_answers_for_all_refs(
    origin: Origin, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PushTrigger, "log", logging.getLogger("watcher"))
    head = origin.commit_and_push()
    origin.git("tag", "-a", "-m", "x", "v1")
    names = [f"HEAD:refs/heads/feature/{number:03d}" for number in range(120)]
    origin.git("push", "-q", "origin", "v1", "HEAD:refs/heads/other", *names)
    trigger = PushTrigger("digits", origin.url, "main", more_refs=["refs/heads/feature/*", "refs/tags/*"])
    refs = asyncio.run(trigger._look())
    assert set(refs.values()) == {head}
    assert [*refs][:2] == [MAIN, "refs/heads/feature/000"] and len(refs) == 100
    assert "digits: at most 100 branches and tags are watched" in caplog.text and "Received: 22 more" in caplog.text
    classpath, arguments = trigger.serialize()
    assert PushTrigger(**arguments).serialize() == (classpath, arguments)
    assert arguments["more_refs"] == ["refs/heads/feature/*", "refs/tags/*"]


def test_a_head_whose_run_has_gone_without_a_word_is_due_again() -> None:
    watch = Watch()
    watch.look(main="a")
    watch.busy = True
    watch.ledger.claim("a", "run 1", None, [])
    assert watch.look(main="a") == set()
    watch.busy = False
    assert watch.look(main="a") == {"a"}, "the run that is woken finds out what became of the other"
    watch.ledger.close("a", "failed", "it ended silently", "run 1")
    assert watch.look(main="a") == set()


def test_what_was_seen_before_a_restart_gets_its_end() -> None:
    watch = Watch()
    watch.ledger.claim("a", "run 1", None, [])
    watch.ledger.close("a", "trained", "", "run 1")
    watch.look(main="a", feature="b")
    watch.heads = DueHeads()
    assert watch.look(main="a") == {"b"}, "feature was deleted while nobody watched"
    watch.ledger.refuse("b", "dropped", "deleted", "run 2")
    assert watch.look(main="a") == set()


def test_what_could_not_be_noted_is_noted_at_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()

    async def unreachable(key: str, value: object) -> None:
        raise ConnectionError("no API server")

    with monkeypatch.context() as patch:
        patch.setattr(watch.store, "aset", unreachable, raising=False)
        with pytest.raises(ConnectionError):
            watch.look(main="a")
    watch.look(main="a")
    assert [sighting["commit"] for sighting in watch.store.get(SIGHTINGS_KEY)] == ["a"]
