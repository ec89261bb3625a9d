"""Whatever is pushed, deleted or killed, however clocks are set, in any order: no push is lost, none trains twice."""

from collections.abc import Coroutine
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.watching.history_in_memory import MAIN, History
from tests.watching.memory_store import Died, MemoryStore

from pushtune.errors import BranchMissing
from pushtune.watching.due_heads import DueHeads
from pushtune.watching.mirror import Mirror
from pushtune.watching.push_decision import NothingToTrain, PushDecision
from pushtune.watching.push_ledger import COMMITS_KEY, RECORDS_LIMIT, PushLedger
from pushtune.watching.watched_repositories import WatchedRepository

REPOSITORY = WatchedRepository(
    name="digits", url="/srv/digits.git", ignore_paths=("*.md",), branches=("feature/*",), tags=("v*",)
)
REFS = (MAIN, MAIN, MAIN, "refs/heads/feature/a", "refs/heads/feature/b", "refs/tags/v1")


def at_once(coroutine: Coroutine[Any, Any, dict[str, str]]) -> dict[str, str]:
    """Return the result of a coroutine that waits for nothing: an event loop for each look would take minutes."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return cast(dict[str, str], ended.value)
    raise AssertionError("it waits")


class Pushes(RuleBasedStateMachine):
    """One watched repository, its watcher, and one run at a time (``max_active_runs=1``)."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self.store = MemoryStore()
        self.clock_seconds = 1.8e9
        self.ledger = PushLedger(self.store, clock=self.clock)
        self.heads = DueHeads(0.0, self.clock)
        self.runs: dict[str, str | None] = {}
        self.active: tuple[str, str] | None = None
        self.seen: set[str] = set()
        self.trained_by_push: list[str] = []
        self.trained: set[str] = set()
        self.ended: set[int] = set()

    @rule(ref=st.sampled_from(REFS), code=st.lists(st.booleans(), min_size=1, max_size=3))
    def push(self, ref: str, code: list[bool]) -> None:
        head = self.history.heads.get(ref) or self.history.heads.get(MAIN)
        for changes_code in code:
            head = self.history.commit(head, changes_code)
        self.history.move(ref, head)

    @rule(ref=st.sampled_from(REFS))
    def push_a_burst_of_50(self, ref: str) -> None:
        for _ in range(50):
            self.push(ref, [True])
        self.poll()

    @precondition(lambda self: self.history.parents)
    @rule(ref=st.sampled_from(REFS), data=st.data(), code=st.booleans())
    def push_with_force(self, ref: str, data: st.DataObject, code: bool) -> None:
        onto = data.draw(st.sampled_from(sorted(self.history.parents)))
        self.history.move(ref, self.history.commit(onto, code))

    @precondition(lambda self: self.history.parents)
    @rule(ref=st.sampled_from(REFS), data=st.data())
    def reset_or_create_the_ref(self, ref: str, data: st.DataObject) -> None:
        self.history.move(ref, data.draw(st.sampled_from(sorted(self.history.parents))))

    @rule(ref=st.sampled_from(REFS))
    def delete_the_ref(self, ref: str) -> None:
        self.history.move(ref, None)

    @rule()
    def poll(self) -> None:
        self.look()

    def look(self) -> bool:
        async def is_busy() -> bool:
            return self.active is not None

        woken = at_once(self.heads.wake_for(self.history.look_at(()), self.store, is_busy))
        self.seen |= {seen["commit"] for seen in self.store.get("sightings") or []}
        return bool(woken)

    @rule()
    def the_triggerer_is_killed(self) -> None:
        self.heads = DueHeads(0.0, self.clock)

    def clock(self) -> float:
        self.clock_seconds += 0.5
        return self.clock_seconds

    @rule(by_seconds=st.sampled_from([3600, -3600, 86_400, -86_400, -1_800_000_000]))
    def the_clock_is_set(self, by_seconds: float) -> None:
        self.clock_seconds += by_seconds

    @precondition(lambda self: self.active is None)
    @rule(cause=st.sampled_from(["push", "push", "push", "manual"]), ref=st.sampled_from(REFS), data=st.data())
    def start_a_run_while_a_branch_moves(self, cause: str, ref: str, data: st.DataObject) -> None:
        commits = sorted(self.history.parents)
        self.history.pushed_meanwhile = (ref, data.draw(st.sampled_from([None, *commits])))
        self.start_a_run(cause)
        self.history.pushed_meanwhile = None

    @precondition(lambda self: self.active is None)
    @rule(writes=st.integers(0, 12), ref=st.sampled_from(REFS), data=st.data(), tried_again=st.booleans())
    def a_run_dies_while_it_decides(self, writes: int, ref: str, data: st.DataObject, tried_again: bool) -> None:
        run_id = f"run {len(self.runs)}"
        self.runs[run_id], self.store.writes_left = "running", writes
        try:
            self.decide(run_id, "push")
        except Died:
            self.history.move(ref, data.draw(st.sampled_from([None, *sorted(self.history.parents)])))
        self.store.writes_left = None
        del self.runs[run_id]
        if tried_again:
            self.start_a_run("push")
        else:
            self.runs[run_id] = "failed"

    @precondition(lambda self: self.active is None)
    @rule(cause=st.sampled_from(["push", "push", "push", "manual"]))
    def start_a_run(self, cause: str) -> None:
        run_id = f"run {len(self.runs)}"
        push = self.decide(run_id, cause)
        self.runs[run_id] = "running" if push else "success"
        if push:
            assert push["ref"] in self.history.been_head_of[push["commit"]]
            self.active = (run_id, push["commit"])
            if cause == "push":
                self.trained_by_push.append(push["commit"])

    def decide(self, run_id: str, cause: str) -> dict[str, Any] | None:
        mirror = cast(Mirror, self.history)
        try:
            push = PushDecision(REPOSITORY, self.ledger, mirror, run_id, cause, self.runs.get).take()
        except BranchMissing:
            return None
        return None if isinstance(push, NothingToTrain) else push

    @precondition(lambda self: self.active)
    @rule()
    def the_first_task_runs_again(self) -> None:
        assert self.active
        push = self.decide(self.active[0], "push")
        assert push and push["commit"] == self.active[1]

    @precondition(lambda self: self.active)
    @rule(outcome=st.sampled_from(["trained", "failed", "failed silently"]))
    def end_the_run(self, outcome: str) -> None:
        assert self.active
        run_id, commit = self.active
        if outcome != "failed silently":
            self.ledger.close(commit, outcome, "", run_id)
        if outcome == "trained":
            self.trained.add(commit)
        self.runs[run_id], self.active = "failed" if outcome != "trained" else "success", None

    @precondition(lambda self: self.active)
    @rule()
    def delete_the_run(self) -> None:
        assert self.active
        run_id, commit = self.active
        self.runs[run_id], self.active = None, None
        if commit in self.trained_by_push:
            self.trained_by_push.remove(commit)

    def nothing_is_forgotten(self) -> bool:
        return len(self.store.get(COMMITS_KEY) or []) < RECORDS_LIMIT

    @invariant()
    def each_commit_has_one_record(self) -> None:
        commits = [record.commit for record in self.ledger.records()]
        assert len(commits) == len(set(commits))

    @invariant()
    def no_push_is_trained_twice(self) -> None:
        assert len(self.trained_by_push) == len(set(self.trained_by_push))

    @invariant()
    def what_was_trained_stays_so(self) -> None:
        if self.nothing_is_forgotten():
            trained = {record.commit for record in self.ledger.records() if record.state == "trained"}
            assert trained >= self.trained

    @invariant()
    def what_was_filtered_has_code_that_was_handled(self) -> None:
        filtered, running = set(), set()
        for record in self.ledger.records():
            if record.state == "filtered":
                filtered.add(self.history.code[record.commit])
            elif record.state in ("trained", "failed"):
                self.ended.add(self.history.code[record.commit])
            elif self.runs.get(record.run_id) == "running":
                running.add(self.history.code[record.commit])
        assert filtered <= self.ended | running or not self.nothing_is_forgotten()

    @invariant()
    def what_was_superseded_was_so_by_another(self) -> None:
        records = self.ledger.records()
        for record in records if self.nothing_is_forgotten() else ():
            if record.state == "superseded":
                assert record.reason != record.commit and self.ledger.record(record.reason) is not None

    def teardown(self) -> None:
        """Once everything is quiet, a few looks settle everything: the newest is trained, and no push is lost."""
        self.settle()
        self.nothing_was_passed_over()
        self.push(MAIN, [True])
        self.settle()
        self.nothing_was_passed_over()
        head = self.ledger.record(self.history.heads[MAIN])
        assert head is not None and head.state == "trained"
        for commit in self.history.heads.values():
            record = self.ledger.record(commit)
            assert record is not None and record.handled, record
        assert {commit for commit in self.seen if self.ledger.record(commit) is None} == set()
        assert [record for record in self.ledger.records() if record.state == "running"] == []

    def nothing_was_passed_over(self) -> None:
        """What lies between a head and what was handled before it has a record, unless another ref ever ended there."""
        records = {record.commit: record for record in self.ledger.records()}
        for record in records.values() if self.nothing_is_forgotten() else ():
            if record.handled and record.base and record.ref:
                between = self.history.commits_between(record.base, record.commit, 500)
                others = {commit for commit in between if self.history.been_head_of.get(commit, set()) - {record.ref}}
                assert set(between) - others <= set(records), record

    def settle(self) -> None:
        for _ in range(12):
            if self.active:
                self.end_the_run("trained")
            if not self.look():
                break
            self.start_a_run("push")
        assert self.active is None
        assert not self.look(), "nothing is left to do"


Pushes.TestCase.settings = settings(max_examples=150, stateful_step_count=40, report_multiple_bugs=False)
TestPushes = Pushes.TestCase
