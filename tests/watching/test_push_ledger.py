"""Every commit that was seen has one record, and says what became of it."""

from itertools import count

import pytest
from tests.watching.memory_store import MemoryStore

from pushtune.errors import InvalidPushOutcome
from pushtune.watching import push_ledger
from pushtune.watching.push_ledger import (
    RECORDS_LIMIT,
    SIGHTINGS_KEY,
    Place,
    PushLedger,
    close_push,
    with_sighting,
)
from pushtune.watching.push_record import as_record


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def ledger(store: MemoryStore) -> PushLedger:
    clock = count(1000)
    return PushLedger(store, clock=lambda: float(next(clock)))


def states(ledger: PushLedger) -> dict[str, str]:
    return {record.commit: record.state for record in ledger.records()}


def test_a_new_ledger_knows_nothing(ledger: PushLedger) -> None:
    assert ledger.record("a") is None
    assert ledger.records() == []
    assert ledger.base() is None
    assert ledger.claimed_by("run 1") == ("", "")


def test_a_push_is_claimed_and_closed(ledger: PushLedger, store: MemoryStore) -> None:
    ledger.claim("a", "run 1", None, [])
    record = ledger.record("a")
    assert record is not None
    assert (record.state, record.run_id, record.runs, record.handled) == ("running", "run 1", 1, True)
    assert ledger.claimed_by("run 1") == ("a", "")
    close_push(store, {"commit": "a"}, "trained", "Accuracy 0.91.", "run 1")
    record = ledger.record("a")
    assert record is not None
    assert (record.state, record.reason, record.runs) == ("trained", "Accuracy 0.91.", 1)
    assert record.changed_unix_time > record.seen_unix_time


def test_commits_that_were_passed_over_name_the_newer_one(ledger: PushLedger) -> None:
    ledger.claim("a", "run 1", None, [])
    ledger.claim("d", "run 2", "a", ["c", "b"])
    assert states(ledger) == {"a": "running", "b": "superseded", "c": "superseded", "d": "running"}
    record = ledger.record("b")
    assert record is not None
    assert (record.reason, record.handled) == ("d", False)


def test_what_the_trigger_saw_and_no_run_took_is_superseded(ledger: PushLedger, store: MemoryStore) -> None:
    store.set(SIGHTINGS_KEY, with_sighting(with_sighting(None, "rewritten", 7.0), "b", 8.0))
    ledger.claim("b", "run 1", None, [])
    assert states(ledger) == {"rewritten": "superseded", "b": "running"}
    assert [record.seen_unix_time for record in ledger.records()] == [8.0, 7.0]


def test_repeating_a_claim_changes_nothing(ledger: PushLedger, store: MemoryStore) -> None:
    ledger.claim("b", "run 1", "a", [])
    before = dict(store.texts)
    ledger.claim("b", "run 1", "a", [])
    assert store.texts == before


def test_a_commit_that_was_trained_stays_trained(ledger: PushLedger) -> None:
    ledger.claim("a", "run 1", None, [])
    ledger.close("a", "trained", "", "run 1")
    ledger.claim("a", "run 2", None, [])
    assert states(ledger) == {"a": "trained"}
    ledger.close("a", "failed", "Out of memory.", "run 2")
    record = ledger.record("a")
    assert record is not None
    assert (record.state, record.runs) == ("trained", 2)


def test_a_failed_commit_can_be_trained_again(ledger: PushLedger) -> None:
    ledger.claim("a", "run 1", None, [])
    ledger.close("a", "failed", "Out of memory.", "run 1")
    ledger.claim("a", "run 1", None, [])
    assert states(ledger) == {"a": "running"}
    ledger.close("a", "trained", "", "run 1")
    assert states(ledger) == {"a": "trained"}


def test_the_base_is_the_newest_handled_head(ledger: PushLedger) -> None:
    ledger.claim("a", "run 1", None, [])
    assert ledger.base() == "a"
    assert ledger.base("a") is None
    ledger.filter("b", "run 2", "a", [], "No watched file changed.")
    assert (ledger.base(), ledger.base("b")) == ("b", "a")
    ledger.claim("c", "run 3", "b", [])
    ledger.supersede("c", "d", "run 4")
    assert ledger.base() == "b"


def test_an_older_commit_by_hand_leaves_the_head_where_it_is(ledger: PushLedger) -> None:
    ledger.claim("b", "run 1", None, [])
    ledger.claim("a", "run 2", None, [], is_head=False)
    assert ledger.base() == "b"


def test_a_run_without_a_push_closes_nothing(store: MemoryStore) -> None:
    close_push(store, None, "failed", "", "run 1")
    assert store.texts == {}


def test_an_unknown_outcome_is_refused(store: MemoryStore) -> None:
    with pytest.raises(InvalidPushOutcome, match="closed as one of .*trained.*failed.* Received: 'green'"):
        close_push(store, {"commit": "a"}, "green", "", "run 1")


def test_reasons_are_bounded(ledger: PushLedger) -> None:
    ledger.close("a", "failed", "x" * 100_000, "run 1")
    record = ledger.record("a")
    assert record is not None and len(record.reason) == 2000


def test_the_oldest_records_are_forgotten(ledger: PushLedger, store: MemoryStore) -> None:
    for number in range(RECORDS_LIMIT + 50):
        ledger.claim(f"c{number}", f"run {number}", None, [])
    assert [record.commit for record in ledger.records()] == [f"c{number}" for number in range(50, RECORDS_LIMIT + 50)]
    assert ledger.record("c49") is None
    assert len(store.texts) == RECORDS_LIMIT + 4
    assert all(len(text) < 65_536 for text in store.texts.values()), "Airflow warns about larger values"


def test_a_long_downtime_costs_a_few_calls_per_commit(ledger: PushLedger, store: MemoryStore) -> None:
    ledger.claim("base", "run 1", None, [])
    store.calls = 0
    ledger.claim("head", "run 2", "base", [f"c{number}" for number in reversed(range(2 * RECORDS_LIMIT))])
    assert store.calls < 4 * RECORDS_LIMIT
    assert len(ledger.records()) == RECORDS_LIMIT
    assert ledger.record("head") is not None


def test_a_record_of_another_release_counts_as_none() -> None:
    assert as_record({"commit": "a", "state": "trained", "colour": "red"}) is None
    assert as_record(None) is None
    assert as_record("text") is None


def test_sightings_are_kept_once_and_bounded() -> None:
    sightings: list[dict[str, object]] = []
    for number in range(600):
        sightings = with_sighting(sightings, f"c{number // 2}", float(number))
    assert len(sightings) == 200
    assert sightings[-1] == {"commit": "c299", "unix_time": 598.0, "ref": ""}


def test_what_would_be_trained_again_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_ledger, "RECORDS_LIMIT", 5)
    store = MemoryStore()
    ledger = PushLedger(store)
    store.set(SIGHTINGS_KEY, with_sighting([], "seen", 1.0, "refs/heads/main"))
    for commit, place in (("seen", Place("refs/heads/main")), ("tagged", Place("refs/tags/v1", False))):
        ledger.claim(commit, f"run {commit}", None, [], at=place)
        ledger.close(commit, "trained", "", f"run {commit}")
    ledger.claim("open", "run open", None, [], is_head=False)
    for number in range(20):
        ledger.claim(f"c{number}", f"run {number}", "seen", [f"older {number}"], at=Place("refs/heads/main"))
        ledger.close(f"c{number}", "trained", "", f"run {number}")
        assert "open" in [record.commit for record in ledger.open_records()], "as each run asks"
    states = {record.commit: record.state for record in ledger.records()}
    assert (states["seen"], states["tagged"], states["open"]) == ("trained", "trained", "running")
    assert states["c19"] == "trained" and "c5" not in states and ledger.record("c5") is None
    assert ledger.unrecorded_sightings() == []
