"""Whatever is pushed, rewritten, deleted or killed, in any order: no push is lost, and none is trained twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.watching.memory_store import MemoryStore

from pushtune.errors import BranchMissing
from pushtune.watching.mirror import Mirror
from pushtune.watching.push_decision import NothingToTrain, PushDecision
from pushtune.watching.push_ledger import SIGHTINGS_KEY, PushLedger, with_sighting
from pushtune.watching.watched_repositories import WatchedRepository

REPOSITORY = WatchedRepository(name="digits", url="/srv/digits.git", ignore_paths=("*.md",))


class History:
    """A repository's history in memory, asked like a Mirror: commits with parents and the version of their code."""

    def __init__(self) -> None:
        self.parents: dict[str, str | None] = {}
        self.code: dict[str, int] = {}
        self.head: str | None = None
        self.pushed_meanwhile: str | None = None

    def commit(self, parent: str | None, changes_code: bool) -> str:
        name = f"{len(self.parents):040x}"
        self.parents[name] = parent
        self.code[name] = len(self.parents) if changes_code or parent is None else self.code[parent]
        return name

    def ancestors(self, commit: str | None) -> list[str]:
        found = []
        while commit is not None:
            found.append(commit)
            commit = self.parents[commit]
        return found

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield

    def look(self, branch: str) -> str:
        if self.head is None:
            raise BranchMissing("The branch must exist.", branch, "Push it.")
        return self.head

    def fetch(self, branch: str) -> str:
        if self.pushed_meanwhile:
            self.head, self.pushed_meanwhile = self.pushed_meanwhile, None
        return self.look(branch)

    def find_commit(self, name: str) -> str:
        return name

    def has(self, commit: str) -> bool:
        return commit in self.parents

    def commits_between(self, base: str | None, head: str, limit: int) -> list[str]:
        known = set(self.ancestors(base))
        return [commit for commit in self.ancestors(head) if commit not in known][1:][:limit] if base else []

    def changed_paths(self, base: str, head: str) -> Iterator[str]:
        yield "README.md"
        if self.code[base] != self.code[head]:
            yield "train.py"

    def describe(self, commit: str) -> dict[str, Any]:
        return {"subject": commit}


class Pushes(RuleBasedStateMachine):
    """One watched repository, its trigger, and one run at a time (``max_active_runs=1``)."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self.store = MemoryStore()
        self.ledger = PushLedger(self.store)
        self.runs: dict[str, str | None] = {}
        self.active: tuple[str, str] | None = None
        self.seen: set[str] = set()
        self.trained_by_push: list[str] = []
        self.trained: set[str] = set()

    @rule(code=st.lists(st.booleans(), min_size=1, max_size=3))
    def push(self, code: list[bool]) -> None:
        for changes_code in code:
            self.history.head = self.history.commit(self.history.head, changes_code)

    @precondition(lambda self: self.history.parents)
    @rule(data=st.data(), code=st.booleans())
    def push_with_force(self, data: st.DataObject, code: bool) -> None:
        onto = data.draw(st.sampled_from(sorted(self.history.parents)))
        self.history.head = self.history.commit(onto, code)

    @precondition(lambda self: self.history.parents)
    @rule(data=st.data())
    def reset_the_branch(self, data: st.DataObject) -> None:
        self.history.head = data.draw(st.sampled_from(sorted(self.history.parents)))

    @rule()
    def delete_the_branch(self) -> None:
        self.history.head = None

    @rule()
    def poll(self) -> None:
        if self.is_due():
            assert self.history.head
            self.store.set(SIGHTINGS_KEY, with_sighting(self.store.get(SIGHTINGS_KEY), self.history.head, 1.0))
            self.seen.add(self.history.head)

    def is_due(self) -> bool:
        record = self.ledger.record(self.history.head) if self.history.head else None
        return self.history.head is not None and not (record and record.handled)

    @precondition(lambda self: self.active is None)
    @rule(cause=st.sampled_from(["push", "push", "push", "manual"]), data=st.data())
    def start_a_run_while_the_branch_moves(self, cause: str, data: st.DataObject) -> None:
        self.history.pushed_meanwhile = data.draw(st.sampled_from([None, *sorted(self.history.parents)]))
        self.start_a_run(cause)
        self.history.pushed_meanwhile = None

    @precondition(lambda self: self.active is None)
    @rule(cause=st.sampled_from(["push", "push", "push", "manual"]))
    def start_a_run(self, cause: str) -> None:
        run_id = f"run {len(self.runs)}"
        push = self.decide(run_id, cause)
        self.runs[run_id] = "running" if push else "success"
        if push:
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

    @invariant()
    def each_commit_has_one_record(self) -> None:
        commits = [record.commit for record in self.ledger.records()]
        assert len(commits) == len(set(commits))

    @invariant()
    def no_push_is_trained_twice(self) -> None:
        assert len(self.trained_by_push) == len(set(self.trained_by_push))

    @invariant()
    def what_was_trained_stays_so(self) -> None:
        assert {record.commit for record in self.ledger.records() if record.state == "trained"} >= self.trained

    @invariant()
    def what_was_filtered_has_code_that_was_handled(self) -> None:
        filtered, handled = set(), set()
        for record in self.ledger.records():
            if record.state == "filtered":
                filtered.add(self.history.code[record.commit])
            elif record.state in ("trained", "failed") or self.runs.get(record.run_id) == "running":
                handled.add(self.history.code[record.commit])
        assert filtered <= handled

    @invariant()
    def what_was_superseded_was_so_by_a_newer_one(self) -> None:
        for record in self.ledger.records():
            if record.state == "superseded":
                assert record.reason != record.commit and self.ledger.record(record.reason) is not None

    def teardown(self) -> None:
        """Once everything is quiet, a few looks settle everything: no push is lost."""
        self.settle()
        self.push([True])
        self.settle()
        assert self.history.head and self.ledger.record(self.history.head)
        assert all(self.ledger.record(commit) for commit in self.seen)

    def settle(self) -> None:
        for _ in range(2):
            if self.active:
                self.end_the_run("trained")
            self.poll()
            if self.is_due():
                self.start_a_run("push")
        assert self.active is None
        assert not self.is_due()


Pushes.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestPushes = Pushes.TestCase
