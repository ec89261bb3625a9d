"""Further branches and tags, decided over real repositories: each head has its end, and the primary branch goes on."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.watching.git_origin import Origin
from tests.watching.memory_store import MemoryStore

from pushtune.errors import BranchMissing, CheckoutRefused
from pushtune.settings import Settings
from pushtune.watching.check_out import check_out, open_mirror
from pushtune.watching.push_decision import GONE, NothingToTrain, PushDecision
from pushtune.watching.push_ledger import SIGHTINGS_KEY, PushLedger, with_sighting
from pushtune.watching.watched_repositories import WatchedRepository

ENTRY = {"branches": ["feature/*"], "tags": ["v*"]}
FEATURE = "refs/heads/feature/x"
Take = Callable[..., Any]  # what a push says, or NothingToTrain


@pytest.fixture
def ledger() -> PushLedger:
    return PushLedger(MemoryStore())


@pytest.fixture
def take(origin: Origin, installation: Settings, ledger: PushLedger) -> Take:
    runs: dict[str, str] = {}

    def take(cause: str = "push", commit: str = "", limit: int | None = None, **entry: Any) -> Any:
        settings = installation.model_copy(update={"checkout_limit_bytes": limit}) if limit else installation
        repository = WatchedRepository(name="digits", url=origin.url, **(ENTRY | entry))
        run_id = f"run {len(runs)}"
        runs[run_id] = "running"
        mirror = open_mirror(repository.url, settings)
        taken = PushDecision(repository, ledger, mirror, run_id, cause, runs.get).take(commit)
        if isinstance(taken, dict):
            ledger.close(taken["commit"], "trained", "", run_id)
        runs[run_id] = "success"
        return taken

    return take


def see(ledger: PushLedger, commit: str, ref: str) -> None:
    """Note what the watcher would note."""
    ledger.store.set(SIGHTINGS_KEY, with_sighting(ledger.store.get(SIGHTINGS_KEY), commit, 1.0, ref))


def states(ledger: PushLedger) -> dict[str, str]:
    return {record.commit: record.state for record in ledger.records()}


def push_to(origin: Origin, name: str, *options: str) -> str:
    commit = origin.commit()
    origin.git("push", "-q", *options, "origin", f"HEAD:{name}")
    return commit


def test_heads_are_taken_in_the_order_in_which_they_were_seen(origin: Origin, take: Take, ledger: PushLedger) -> None:
    main = origin.commit_and_push()
    feature = push_to(origin, FEATURE)
    other = push_to(origin, "refs/heads/other")
    origin.git("tag", "v1", main)
    origin.git("tag", "v2", other)
    origin.git("push", "-q", "origin", "v1", "v2")
    see(ledger, other, "refs/tags/v2")
    see(ledger, feature, FEATURE)
    taken = [take() for _ in range(3)]
    assert [(push["commit"], push["branch"], push["ref"]) for push in taken] == [
        (other, "tag v2", "refs/tags/v2"),
        (feature, "feature/x", FEATURE),
        (main, "main", "refs/heads/main"),
    ]
    assert isinstance(take(), NothingToTrain), "v1 stands for a commit that was trained"
    assert states(ledger) == dict.fromkeys([main, feature, other], "trained")
    assert {record.ref for record in ledger.records()} == {push["ref"] for push in taken}


def test_a_new_branch_is_compared_with_the_primary_branch(origin: Origin, take: Take, ledger: PushLedger) -> None:
    base = origin.commit_and_push()
    take()
    head = origin.commit_and_push("README.md")
    origin.git("push", "-q", "origin", f"HEAD:{FEATURE}", f"{base}:main", "--force")
    reason = take(ignore_paths=["*.md"]).reason
    assert f"No watched file changed between {base[:12]} and {head[:12]}." in reason or "not new" in reason
    assert states(ledger) == {base: "trained", head: "filtered"}


def test_each_branch_has_a_base_and_supersedes_only_its_own(origin: Origin, take: Take, ledger: PushLedger) -> None:
    origin.commit_and_push()
    take()
    first = push_to(origin, FEATURE)
    take()
    between = origin.commit()
    feature = push_to(origin, FEATURE)
    origin.git("reset", "-q", "--hard", first)
    main = origin.commit_and_push()
    see(ledger, between, FEATURE)
    see(ledger, main, "refs/heads/main")
    taken = [take(), take()]
    assert [(push["commit"], push["previous_commit"]) for push in taken][1] == (feature, first)
    record = ledger.record(between)
    assert record is not None and (record.state, record.reason, record.ref) == ("superseded", feature, FEATURE)
    assert states(ledger)[main] == "trained"


def test_a_merge_does_not_pass_over_the_head_of_another_branch(origin: Origin, take: Take, ledger: PushLedger) -> None:
    origin.commit_and_push()
    take()
    feature = push_to(origin, FEATURE)
    main = origin.commit_and_push()
    see(ledger, main, "refs/heads/main")
    assert [take()["commit"], take()["commit"]] == [main, feature]
    assert isinstance(take(), NothingToTrain)


def test_what_was_deleted_before_a_run_looked_is_dropped_and_trained_if_it_returns(
    origin: Origin, take: Take, ledger: PushLedger
) -> None:
    origin.commit_and_push()
    feature = push_to(origin, FEATURE)
    see(ledger, feature, FEATURE)
    origin.git("push", "-q", "origin", f":{FEATURE}")
    take()
    record = ledger.record(feature)
    assert record is not None
    assert (record.state, record.reason) == ("dropped", "feature/x was deleted before a run looked at it.")
    origin.git("push", "-q", "origin", f"{feature}:{FEATURE}")
    assert take()["commit"] == feature
    origin.git("push", "-q", "origin", f":{FEATURE}")
    take()
    assert ledger.own_head(FEATURE) is None
    assert states(ledger)[feature] == "trained"


def test_a_primary_branch_that_is_missing_holds_up_no_other(origin: Origin, take: Take, ledger: PushLedger) -> None:
    feature = push_to(origin, FEATURE)
    assert take()["commit"] == feature
    with pytest.raises(BranchMissing, match="branch 'main'"):
        take("manual")
    origin.git("push", "-q", "origin", f":{FEATURE}", "HEAD:other")
    see(ledger, "f" * 40, FEATURE)
    assert take() == GONE
    assert states(ledger)["f" * 40] == "dropped"


def test_a_tag_of_a_file_and_a_branch_that_is_too_large_hold_up_no_other(
    origin: Origin, take: Take, ledger: PushLedger
) -> None:
    origin.commit_and_push("large.bin", "".join(f"{number:x}" * 7 for number in range(300_000)))
    large = origin.git("rev-parse", "HEAD")
    origin.git("push", "-q", "origin", f"{large}:{FEATURE}", ":main")
    origin.git("checkout", "-q", "--orphan", "fresh")
    origin.git("rm", "-rfq", ".")
    origin.git("tag", "v-file", f"{large}:large.bin")
    main = origin.commit_and_push()
    origin.git("push", "-q", "origin", "v-file")
    see(ledger, large, FEATURE)
    with pytest.raises(CheckoutRefused):
        take(limit=1_000_000)
    assert take(limit=1_000_000)["commit"] == main
    assert states(ledger)[large] == "failed"


def test_a_tag_that_is_no_commit_is_filtered(origin: Origin, take: Take, ledger: PushLedger) -> None:
    origin.commit_and_push()
    take()
    origin.git("tag", "v1", "HEAD:train.py")
    origin.git("push", "-q", "origin", "v1")
    assert isinstance(take(), NothingToTrain)
    record = ledger.record(origin.git("rev-parse", "HEAD:train.py"))
    assert record is not None and record.state == "filtered"
    assert record.reason.startswith("What is trained must be a commit. Received: tag v1, which is something else.")


def test_a_manual_run_takes_the_primary_branch_and_a_known_commit_keeps_its_branch(origin: Origin, take: Take) -> None:
    main = origin.commit_and_push()
    feature = push_to(origin, FEATURE)
    taken = [take("manual"), take(), take("manual", feature), take("manual", main)]
    assert [(push["commit"], push["ref"]) for push in taken] == [
        (main, "refs/heads/main"),
        (feature, FEATURE),
        (feature, FEATURE),
        (main, "refs/heads/main"),
    ]


def test_a_head_of_another_branch_is_checked_out(origin: Origin, installation: Settings) -> None:
    origin.commit_and_push()
    feature = push_to(origin, FEATURE)
    facts = check_out(origin.url, FEATURE, None, installation.workspaces / "run", settings=installation)
    assert (facts["commit"], facts["branch"], facts["ref"]) == (feature, "feature/x", FEATURE)
