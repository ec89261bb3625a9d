"""Which runs stay on disk: every rule once, and what no rule may ever do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.healing.retention import ABSENT, DAY_SECONDS, UNKNOWN, Fate, RunFacts, decide
from pushtune.settings import Settings

SETTINGS = Settings(
    keep_runs_days=30, keep_runs_per_repository=3, keep_checkpoints_days=3, workspaces_limit_bytes=2**30
)
NEWEST = RunFacts("/w/digits/new", "digits", "success", 3600, True, False, 0, 100)


def run(days: float, **changes: object) -> RunFacts:
    facts = RunFacts(f"/w/digits/{days}", "digits", "failed", days * DAY_SECONDS, False, False, 1000, 100)
    return replace(facts, **changes)


@pytest.mark.parametrize(
    ("facts", "fate", "reason"),
    [
        (run(1), Fate.KEPT, "cleared and resumed"),
        (run(1, has_model=True, state="success"), Fate.LIGHTENED, "in the registry"),
        (run(4), Fate.LIGHTENED, "ended 4 days ago"),
        (run(4, heavy_bytes=0), Fate.KEPT, "ended 4 days ago"),
        (run(31), Fate.REMOVED, "ended 31 days ago"),
        (run(31, state="running"), Fate.KEPT, "it is running"),
        (run(31, state="queued"), Fate.KEPT, "it is queued"),
        (run(31, state=UNKNOWN), Fate.KEPT, "it is unknown"),
        (run(31, has_containers=True), Fate.KEPT, "with a container"),
        (run(1, state=ABSENT), Fate.REMOVED, "does not know this run"),
        (run(0.001, state=ABSENT), Fate.KEPT, "it is absent"),
        (run(31, awaits_clear=True), Fate.KEPT, "will be cleared"),
        (run(31, awaits_clear=True, state=ABSENT), Fate.REMOVED, "does not know this run"),
    ],
)
def test_each_rule(facts: RunFacts, fate: Fate, reason: str) -> None:
    found, why = decide([facts, NEWEST], SETTINGS)[facts.folder]
    assert found is fate and reason in why


def test_the_newest_run_of_a_repository_is_never_removed_for_its_age() -> None:
    old = run(400)
    assert decide([old], SETTINGS)[old.folder][0] is Fate.LIGHTENED
    other = replace(NEWEST, repository="other")
    assert decide([old, other], SETTINGS)[old.folder][0] is Fate.LIGHTENED


def test_a_run_that_airflow_has_forgotten_is_not_the_newest() -> None:
    forgotten, kept = run(40, state=ABSENT), run(50)
    decisions = decide([forgotten, kept], SETTINGS)
    assert (decisions[forgotten.folder][0], decisions[kept.folder][0]) == (Fate.REMOVED, Fate.LIGHTENED)


def test_beyond_the_number_of_runs_the_oldest_go() -> None:
    runs = [run(days / 10, has_model=True, heavy_bytes=0) for days in range(1, 7)]
    fates = [decide(runs, SETTINGS)[each.folder][0] for each in runs]
    assert fates == [Fate.KEPT] * 3 + [Fate.REMOVED] * 3


def test_over_the_quota_old_runs_give_up_their_heavy_parts_first() -> None:
    size = 2**29
    runs = [run(days, heavy_bytes=size, light_bytes=100) for days in (1, 1.5, 2)]
    decisions = decide(runs, SETTINGS)
    assert [decisions[each.folder][0] for each in runs] == [Fate.KEPT, Fate.LIGHTENED, Fate.LIGHTENED]
    assert "1073741824 bytes" in decisions[runs[2].folder][1]


def test_over_the_quota_whole_runs_go_but_never_the_newest() -> None:
    runs = [run(days, heavy_bytes=0, light_bytes=2**30) for days in (1, 1.5, 2)]
    assert [decide(runs, SETTINGS)[each.folder][0] for each in runs] == [Fate.KEPT, Fate.REMOVED, Fate.REMOVED]


@given(
    st.lists(
        st.builds(
            RunFacts,
            folder=st.integers().map(str),
            repository=st.sampled_from(["a", "b"]),
            state=st.sampled_from(["running", "queued", "success", "failed", ABSENT, UNKNOWN]),
            idle_seconds=st.floats(0, 100 * DAY_SECONDS),
            has_model=st.booleans(),
            has_containers=st.booleans(),
            heavy_bytes=st.integers(0, 2**30),
            light_bytes=st.integers(0, 2**30),
        ),
        unique_by=lambda facts: facts.folder,
        max_size=12,
    )
)
def test_whatever_there_is(runs: list[RunFacts]) -> None:
    decisions = decide(runs, SETTINGS)
    for facts in runs:
        if facts.state in ("running", "queued", UNKNOWN) or facts.has_containers:
            assert decisions[facts.folder][0] is Fate.KEPT
    for repository in ("a", "b"):
        known = [facts for facts in runs if facts.repository == repository and facts.state != ABSENT]
        if known:
            newest = min(known, key=lambda facts: facts.idle_seconds).idle_seconds
            ties = [decisions[facts.folder][0] for facts in known if facts.idle_seconds == newest]
            assert any(fate is not Fate.REMOVED for fate in ties)
