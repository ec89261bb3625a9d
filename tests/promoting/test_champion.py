"""Who becomes champion, and the sentence that says why."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.promoting.champion import FinalCheck, Score, alias_of, decide, meets_target

finite = st.floats(-1e6, 1e6, allow_nan=False)
directions = st.sampled_from(["maximize", "minimize"])
guards = st.sampled_from(["", "none", "holdout"])


def accuracy(value: float) -> Score:
    return Score("accuracy", "maximize", value)


def test_first_model_that_meets_the_target_becomes_champion() -> None:
    verdict = decide(accuracy(0.91), None, 0.9)
    assert verdict.promoted
    assert verdict.reason == "accuracy 0.91 meets the target 0.9, and there was no champion yet."


def test_a_model_that_reaches_the_target_but_for_the_rounding_of_its_library_becomes_champion() -> None:
    assert decide(accuracy(0.8999999761581421), None, 0.9).promoted  # 27 of 30, as float32


def test_first_model_without_a_target_becomes_champion() -> None:
    assert decide(accuracy(0.2), None, None).reason == (
        "accuracy 0.2 is accepted without a target, and there was no champion yet."
    )


def test_first_model_under_the_target_does_not_become_champion() -> None:
    verdict = decide(accuracy(0.89), None, 0.9)
    assert not verdict.promoted and not verdict.meets_target
    assert verdict.reason == "accuracy 0.89 does not meet the target 0.9."


def test_better_model_replaces_the_champion() -> None:
    verdict = decide(accuracy(0.92), accuracy(0.91), 0.9)
    assert verdict.promoted
    assert verdict.reason == "accuracy 0.92 is better than 0.91 of the champion."


def test_equal_model_does_not_replace_the_champion() -> None:
    verdict = decide(accuracy(0.91), accuracy(0.91), 0.9)
    assert not verdict.promoted and verdict.meets_target
    assert verdict.reason == "accuracy 0.91 is equal to 0.91 of the champion, which stays."


def test_worse_model_does_not_replace_the_champion() -> None:
    reason = decide(accuracy(0.905), accuracy(0.91), 0.9).reason
    assert reason == "accuracy 0.905 is worse than 0.91 of the champion, which stays."


def test_better_model_under_the_target_does_not_replace_the_champion() -> None:
    assert not decide(accuracy(0.89), accuracy(0.88), 0.9).promoted


def test_an_error_is_better_when_smaller() -> None:
    assert decide(Score("mae", "minimize", 1.9), Score("mae", "minimize", 2.0), 2.5).promoted
    assert not decide(Score("mae", "minimize", 2.1), Score("mae", "minimize", 2.0), 2.5).promoted
    assert not decide(Score("mae", "minimize", 2.6), None, 2.5).promoted


@pytest.mark.parametrize(
    "champion", [Score("mae", "minimize", 2.0), Score("accuracy", "minimize", 0.1)], ids=["metric", "direction"]
)
def test_another_metric_cannot_be_compared_so_the_target_decides(champion: Score) -> None:
    verdict = decide(accuracy(0.91), champion, 0.9)
    assert verdict.promoted
    assert verdict.reason.endswith("so their scores cannot be compared.")
    assert not decide(accuracy(0.89), champion, 0.9).promoted


@pytest.mark.parametrize("guard", ["holdout", "validation_split", "cross_validation"])
def test_an_optimistic_score_and_an_honest_one_are_not_compared(guard: str) -> None:
    """A loop that prints its training accuracy would keep the title for ever."""
    optimistic, honest = Score("accuracy", "maximize", 1.0, "none"), Score("accuracy", "maximize", 0.91, guard)
    verdict = decide(optimistic, honest, 0.9)
    assert not verdict.promoted and verdict.meets_target
    assert "accuracy 1 may be optimistic" in verdict.reason and verdict.reason.endswith("so the champion stays.")
    assert not decide(Score("mae", "minimize", 0.0, "none"), honest, None).promoted, "whatever it measures"
    verdict = decide(honest, optimistic, 0.9)
    assert verdict.promoted and verdict.reason.endswith("so their scores cannot be compared.")
    assert not decide(Score("accuracy", "maximize", 0.89, guard), optimistic, 0.9).promoted


@pytest.mark.parametrize("guard", ["", "none", "holdout"])
def test_where_a_guard_was_not_noted_the_values_are_compared(guard: str) -> None:
    unknown, known = accuracy(0.92), Score("accuracy", "maximize", 0.91, guard)
    assert not decide(known, unknown, 0.9).promoted and decide(unknown, known, 0.9).promoted


def test_tuned_model_that_does_worse_on_test_data_is_not_promoted() -> None:
    verdict = decide(accuracy(0.91), None, 0.9, FinalCheck(baseline=0.85, final=0.84))
    assert not verdict.promoted and verdict.meets_target
    assert verdict.reason == (
        "On the test data the tuned model reaches accuracy 0.84, worse than 0.85 of the script as pushed."
    )
    assert decide(accuracy(0.91), None, 0.9, FinalCheck(baseline=0.85, final=0.85)).promoted


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="direction: expected one of .* but got 'up'"):
        Score("accuracy", "up", 0.5)


@given(directions, finite, finite, st.none() | finite, guards, guards)
def test_two_models_never_replace_each_other_in_turn(
    direction: str, first: float, second: float, target: float | None, guard: str, other_guard: str
) -> None:
    """If A replaces B then B does not replace A: the champion cannot flip for ever."""
    a, b = Score("m", direction, first, guard), Score("m", direction, second, other_guard)
    assert not (decide(a, b, target).promoted and decide(b, a, target).promoted)


@given(directions, finite, finite, finite)
def test_a_promoted_model_meets_the_target_and_is_better(
    direction: str, challenger: float, champion: float, target: float
) -> None:
    verdict = decide(Score("m", direction, challenger), Score("m", direction, champion), target)
    sign = 1 if direction == "maximize" else -1
    assert verdict.promoted == (sign * challenger >= sign * target and sign * challenger > sign * champion)
    assert verdict.meets_target == meets_target(Score("m", direction, challenger), target)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (None, "champion"),
        ("refs/heads/main", "champion"),
        ("refs/heads/feature/x", r"branch-feature-x-[0-9a-f]{8}"),
        ("refs/heads/feature-x", r"branch-feature-x-[0-9a-f]{8}"),
        ("refs/tags/v1.0", r"tag-v1-0-[0-9a-f]{8}"),
        ("refs/tags/main", r"tag-main-[0-9a-f]{8}"),
        ("refs/heads/champion", r"branch-champion-[0-9a-f]{8}"),
        ("refs/heads/日本語", r"branch-[0-9a-f]{8}"),
        ("refs/heads/" + "x" * 240, r"branch-x{80}-[0-9a-f]{8}"),
    ],
)
def test_only_the_primary_branch_has_the_alias_champion(ref: str | None, expected: str) -> None:
    assert re.fullmatch(expected, alias_of(ref, "main"))


def test_names_that_look_alike_have_different_aliases() -> None:
    refs = ("refs/heads/a/b", "refs/heads/a-b", "refs/tags/a/b", "refs/heads/a.b")
    assert len({alias_of(ref, "main") for ref in refs}) == len(refs)
