"""Whether a new model becomes champion: a decision over plain numbers, with its reason in words.

The score is the objective, measured on data held out from training. The test data has one say only, a veto: a
model that was tuned and yet does worse on it than the script as it was pushed is not promoted. Nothing is ever
ranked by test data, since a number that is used for choosing no longer says how well the choice will do.
"""

import hashlib
import math
import re
from dataclasses import dataclass

from pushtune.targets import meets
from pushtune_contract.result import DIRECTIONS

CHAMPION = "champion"
UNGUARDED = "none"  # no clean data could be had: the value may be optimistic, such as an accuracy on training data
_SLUG_LIMIT_CHARACTERS = 80


@dataclass(frozen=True)
class Score:
    """One number of one model.

    Attributes:
        metric: name without a prefix, such as ``accuracy``. direction: ``maximize`` or ``minimize``.
        value: in the unit of the metric.
        guard: where the data came from, as in ``result.Objective``; empty where that was not noted, as earlier
            releases did not.
    """

    metric: str
    direction: str
    value: float
    guard: str = ""

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise ValueError(f"direction: expected one of {DIRECTIONS}, but got {self.direction!r}")

    def comparable_with(self, other: "Score") -> bool:
        """Two numbers can be compared if they measure the same thing in the same direction."""
        return (self.metric, self.direction) == (other.metric, other.direction) and math.isfinite(other.value)

    @property
    def is_guarded(self) -> bool:
        """Whether it is known to have been measured on data that was not trained on."""
        return self.guard not in ("", UNGUARDED)

    def better_than(self, value: float) -> bool:
        """Strictly better: equal is not better."""
        return self.value > value if self.direction == "maximize" else self.value < value


UNSCORED = Score("", "maximize", math.nan)  # of a champion that somebody has named by hand


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger is promoted, whether it meets the target, and the reason as one sentence."""

    promoted: bool
    meets_target: bool
    reason: str


@dataclass(frozen=True)
class FinalCheck:
    """Values on the test data of the script as pushed and of the final model, in the challenger's metric."""

    baseline: float
    final: float


def alias_of(ref: str | None, primary_branch: str) -> str:
    """Return the alias in the registry that the best model of a branch or tag carries.

    Only the primary branch has ``champion``. Another one has an alias of its own, such as ``branch-feature-x-3b1f6c2d``
    for ``refs/heads/feature/x``: readable letters, and eight digits of a hash that keep ``a/b`` and ``a-b`` apart.

    Args:
        ref: full name of the branch or tag; None stands for the primary branch.
    """
    if ref is None or ref == f"refs/heads/{primary_branch}":
        return CHAMPION
    kind, name = ("tag", ref.removeprefix("refs/tags/")) if ref.startswith("refs/tags/") else ("branch", ref[11:])
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name)[:_SLUG_LIMIT_CHARACTERS].strip("-")
    return "-".join(filter(None, [kind, slug, hashlib.sha256(ref.encode()).hexdigest()[:8]]))


def meets_target(score: Score, target: float | None) -> bool:
    """A target is met by a value that equals it, up to rounding, or is better; no target is met by every value."""
    return target is None or meets(score.value, target, score.direction)


def decide(
    challenger: Score, champion: Score | None, target: float | None, test: FinalCheck | None = None
) -> Verdict:
    """Return whether ``challenger`` replaces ``champion``.

    Args:
        challenger: the new model. champion: the present one; None where there is none.
        target: value that the challenger has to reach; None asks for nothing.
        test: given for a model that was changed by tuning, where both test values are known.

    The rules, in this order: under the target, no. Vetoed by the test data, no. No champion, yes. Measured without
    clean data where the champion was measured with it, no. A champion that was measured with another metric or
    direction, or without clean data where the challenger had it, or that has no score, cannot be compared: the target
    alone decides, so yes. Otherwise the challenger has to be strictly better; equal keeps the champion.
    """
    shown = f"{challenger.metric} {challenger.value:.4g}"
    if not meets_target(challenger, target):
        return Verdict(False, False, f"{shown} does not meet the target {target:.4g}.")
    if test is not None and Score(challenger.metric, challenger.direction, test.baseline).better_than(test.final):
        return Verdict(False, True, (
            f"On the test data the tuned model reaches {challenger.metric} {test.final:.4g}, "
            f"worse than {test.baseline:.4g} of the script as pushed."
        ))
    meets = f"{shown} is accepted without a target" if target is None else f"{shown} meets the target {target:.4g}"
    if champion is None:
        return Verdict(True, True, f"{meets}, and there was no champion yet.")
    if champion is UNSCORED:
        return Verdict(True, True, f"{meets}; the champion was named by hand and has no score to compare with.")
    if challenger.guard == UNGUARDED and champion.is_guarded:
        return Verdict(False, True, (
            f"{shown} may be optimistic, since no clean validation data could be had; the champion's "
            f"{champion.metric} {champion.value:.4g} was measured on such data, so the champion stays."
        ))
    if challenger.is_guarded and champion.guard == UNGUARDED:
        return Verdict(True, True, (
            f"{meets}, measured on clean validation data; the champion's {champion.metric} {champion.value:.4g} was "
            "not and may be optimistic, so their scores cannot be compared."
        ))
    if not challenger.comparable_with(champion):
        return Verdict(True, True, (
            f"{meets}; the champion was measured by {champion.metric} ({champion.direction}), this model by "
            f"{challenger.metric} ({challenger.direction}), so their scores cannot be compared."
        ))
    if challenger.better_than(champion.value):
        return Verdict(True, True, f"{shown} is better than {champion.value:.4g} of the champion.")
    relation = "equal to" if challenger.value == champion.value else "worse than"
    return Verdict(False, True, f"{shown} is {relation} {champion.value:.4g} of the champion, which stays.")
