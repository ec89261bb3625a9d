"""Which commit a run trains, decided over real repositories."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.watching.git_origin import Origin
from tests.watching.memory_store import Died, MemoryStore

from pushtune.errors import BranchMissing, CommitMissing, RepositoryEmpty
from pushtune.settings import Settings
from pushtune.watching.check_out import open_mirror
from pushtune.watching.push_decision import NothingToTrain, PushDecision
from pushtune.watching.push_ledger import PushLedger
from pushtune.watching.watched_repositories import WatchedRepository


@dataclass
class Watch:
    """A watched repository whose runs are started by hand."""

    origin: Origin
    settings: Settings
    entry: dict[str, Any] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    store: MemoryStore = field(default_factory=MemoryStore)

    def run(self, name: str, cause: str = "push", commit: str = "") -> dict[str, Any] | NothingToTrain:
        self.runs[name] = "running"
        repository = WatchedRepository(name="digits", url=self.origin.url, **self.entry)
        mirror = open_mirror(repository.url, self.settings)
        return PushDecision(repository, self.ledger, mirror, name, cause, self.runs.get).take(commit)

    def train(self, name: str, cause: str = "push", commit: str = "") -> str:
        push = self.run(name, cause, commit)
        assert not isinstance(push, NothingToTrain), push.reason
        self.ledger.close(push["commit"], "trained", "", name)
        self.runs[name] = "success"
        return str(push["commit"])

    def skip(self, name: str, cause: str = "push") -> str:
        push = self.run(name, cause)
        assert isinstance(push, NothingToTrain)
        self.runs[name] = "success"
        return push.reason

    @property
    def ledger(self) -> PushLedger:
        return PushLedger(self.store)

    def state(self, commit: str) -> tuple[str, str]:
        record = self.ledger.record(commit)
        assert record is not None
        return record.state, record.reason


@pytest.fixture
def watch(origin: Origin, installation: Settings) -> Callable[..., Watch]:
    return lambda **entry: Watch(origin, installation, entry)


def test_the_first_head_is_trained_without_its_history(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    old = origin.commit()
    head = origin.commit_and_push()
    push = repository.run("run 1")
    assert not isinstance(push, NothingToTrain)
    committed = push.pop("committed_unix_time")
    assert committed > 1.6e9
    assert push == {
        "commit": head,
        "short_commit": head[:12],
        "branch": "main",
        "ref": "refs/heads/main",
        "repository": origin.url,
        "previous_commit": None,
        "cause": "push",
        "superseded": 0,
        "author_name": "Ann Author",
        "author_email": "ann@example.com",
        "subject": "change 2 of train.py",
    }
    assert repository.ledger.record(old) is None


def test_a_superfluous_wake_up_is_skipped(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    head = origin.commit_and_push()
    repository.train("run 1")
    assert repository.skip("run 2") == f"{head[:12]} is not new: trained, by run 1."


def test_pushes_between_two_runs_are_superseded_by_the_last(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    origin.commit_and_push()
    repository.train("run 1")
    between = [origin.commit_and_push() for _ in range(3)]
    head = origin.commit_and_push()
    push = repository.run("run 2")
    assert not isinstance(push, NothingToTrain)
    assert (push["commit"], push["superseded"]) == (head, 3)
    assert [repository.state(commit) for commit in between] == [("superseded", head)] * 3


def test_a_manual_or_scheduled_run_trains_the_head_again(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch(ignore_paths=("*.md",))
    head = origin.commit_and_push()
    assert [repository.train("run 1"), repository.train("run 2", "manual"), repository.train("run 3", "schedule")] == [
        head
    ] * 3
    record = repository.ledger.record(head)
    assert record is not None and record.runs == 3


def test_a_manual_run_may_ask_for_an_older_commit(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    old = origin.commit_and_push()
    head = origin.commit_and_push()
    repository.train("run 1")
    assert repository.train("run 2", "manual", old[:9]) == old
    assert repository.state(old) == ("trained", "")
    assert repository.skip("run 3").startswith(head[:12])
    with pytest.raises(CommitMissing):
        repository.run("run 4", "manual", "feedfacefeed")


def test_a_retry_trains_the_same_commit_though_the_head_moved(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    first = origin.commit_and_push()
    repository.run("run 1")
    second = origin.commit_and_push()
    assert repository.train("run 1") == first
    assert repository.train("run 2") == second


def test_a_run_that_is_cleared_trains_its_commit_again(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    first = origin.commit_and_push()
    repository.train("run 1")
    origin.commit_and_push()
    repository.train("run 2")
    assert repository.train("run 1") == first


@pytest.mark.parametrize(
    ("entry", "name", "trained"),
    [
        ({"ignore_paths": ("*.md",)}, "README.md", False),
        ({"ignore_paths": ("*.md",)}, "train.py", True),
        ({"paths": ("src/**",)}, "train.py", False),
        ({"paths": ("src/**",)}, "src/deep/model.py", True),
        ({}, "README.md", True),
    ],
)
def test_a_push_counts_if_it_changes_a_watched_file(
    origin: Origin, watch: Callable[..., Watch], entry: dict[str, Any], name: str, trained: bool
) -> None:
    repository = watch(**entry)
    base = origin.commit_and_push()
    repository.train("run 1")
    head = origin.commit_and_push(name)
    reason = f"No watched file changed between {base[:12]} and {head[:12]}."
    if trained:
        assert repository.train("run 2") == head
    else:
        assert repository.skip("run 2") == reason
        assert repository.state(head) == ("filtered", reason)
        assert repository.train("run 3", "manual") == head


def test_a_change_hidden_below_a_newer_commit_counts(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch(ignore_paths=("*.md",))
    origin.commit_and_push()
    repository.train("run 1")
    hidden = origin.commit_and_push("train.py")
    head = origin.commit_and_push("README.md")
    assert repository.train("run 2") == head
    assert repository.state(hidden) == ("superseded", head)


def test_a_change_of_a_run_that_was_deleted_counts(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch(ignore_paths=("*.md",))
    origin.commit_and_push()
    repository.train("run 1")
    lost = origin.commit_and_push("train.py")
    repository.run("run 2")
    del repository.runs["run 2"]
    head = origin.commit_and_push("README.md")
    assert repository.train("run 3") == head
    assert repository.state(lost) == ("superseded", head)


def test_the_head_of_a_run_that_was_deleted_is_trained_by_the_next(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    head = origin.commit_and_push()
    repository.run("run 1")
    assert repository.skip("run 2") == f"{head[:12]} is not new: running, by run 1."
    del repository.runs["run 1"]
    assert repository.train("run 3") == head


def test_a_run_that_ended_silently_counts_as_failed(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    head = origin.commit_and_push()
    repository.run("run 1")
    repository.runs["run 1"] = "failed"
    assert repository.skip("run 2").startswith(f"{head[:12]} is not new: failed")
    assert repository.state(head) == ("failed", "The run ended without recording an outcome.")


def test_a_rewritten_branch_is_trained_and_its_old_head_keeps_its_record(
    origin: Origin, watch: Callable[..., Watch]
) -> None:
    repository = watch()
    origin.commit_and_push()
    old = origin.commit_and_push()
    repository.train("run 1")
    origin.git("reset", "-q", "--hard", "HEAD~1")
    between = origin.commit()
    new = origin.commit("other.py")
    origin.push("--force")
    assert repository.train("run 2") == new
    assert (repository.state(old)[0], repository.state(between)) == ("trained", ("superseded", new))
    origin.git("reset", "-q", "--hard", old)
    origin.push("--force")
    assert repository.skip("run 3") == f"{old[:12]} is not new: trained, by run 1."


def test_a_superseded_commit_that_becomes_the_head_again_is_trained(
    origin: Origin, watch: Callable[..., Watch]
) -> None:
    repository = watch()
    origin.commit_and_push()
    repository.train("run 1")
    passed = origin.commit_and_push()
    origin.commit_and_push()
    repository.train("run 2")
    origin.git("reset", "-q", "--hard", passed)
    origin.push("--force")
    assert repository.train("run 3") == passed


def test_a_branch_that_is_deleted_and_created_again(origin: Origin, watch: Callable[..., Watch]) -> None:
    repository = watch()
    head = origin.commit_and_push()
    repository.train("run 1")
    origin.git("push", "-q", "origin", "HEAD:other", ":main")
    assert repository.skip("run 2") == "What was pushed is gone: nothing that is watched is there any more."
    with pytest.raises(BranchMissing):
        repository.run("asked for by a person", "manual")
    origin.push()
    assert repository.skip("run 3") == f"{head[:12]} is not new: trained, by run 1."
    new = origin.commit_and_push()
    assert repository.train("run 4") == new


def test_an_empty_repository_has_nothing_to_train(watch: Callable[..., Watch]) -> None:
    repository = watch()
    assert repository.skip("run 1").startswith("What was pushed is gone")
    with pytest.raises(RepositoryEmpty):
        repository.run("run 2", "manual")


def test_a_lost_mirror_filters_nothing(origin: Origin, watch: Callable[..., Watch]) -> None:
    """Without the old commit nothing can be compared: the push is trained rather than lost."""
    repository = watch(ignore_paths=("*.md",))
    old = origin.commit_and_push()
    repository.train("run 1")
    open_mirror(origin.url, repository.settings).remove()
    origin.git("commit", "-q", "--amend", "-m", "amended")
    origin.push("--force")
    head = origin.commit_and_push("README.md")
    assert repository.train("run 2") == head
    assert repository.state(old) == ("trained", "")


@pytest.mark.parametrize("file", ["train.py", "README.md"], ids=["trained", "filtered"])
@pytest.mark.parametrize("writes", range(12))
def test_a_death_between_two_writes_passes_over_no_commit(
    origin: Origin, watch: Callable[..., Watch], file: str, writes: int
) -> None:
    """A kill, or an API server that is away for a moment; then the run's retry, and no further push."""
    repository = watch(ignore_paths=["*.md"])
    origin.commit_and_push()
    repository.train("run 1")
    passed = [origin.commit(file) for _ in range(3)]
    head = origin.commit_and_push(file)
    repository.store.writes_left = writes
    with contextlib.suppress(Died):
        repository.run("run 2")
    repository.store.writes_left = None
    repository.run("run 2")
    assert repository.ledger.base() == head
    assert [repository.state(commit) for commit in passed] == [("superseded", head)] * 3
