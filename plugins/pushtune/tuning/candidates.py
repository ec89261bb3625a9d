"""What a round tries: recipes and a spread-out design first, then steps from the best and proposals of the sampler."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from pushtune.tuning import study
from pushtune.tuning.costs import is_affordable
from pushtune.tuning.dimensions import Dimension, Point, own_point
from pushtune.tuning.history import Finished
from pushtune.tuning.left_over import left_over
from pushtune.tuning.neighbours import neighbours
from pushtune.tuning.options import TuningOptions
from pushtune.tuning.rate_decay import decays_at, with_decay
from pushtune.tuning.recipes import Candidate, deeper, longest, recipes, spread_out, wider
from pushtune_contract.parameters import Parameter

# The best trial was still getting better if its best epoch lies within this last share of its budget.
STILL_RISING_SHARE = 0.8
LONGER_TIMES = 2.0


@dataclass(frozen=True)
class Knowledge:
    """What is known when a round is planned.

    Attributes:
        round_number: the round to plan, from 1. observations: the baseline and all finished trials.
        best: the best trial that beats the baseline; None where none does.
        direction: ``maximize`` or ``minimize``.
        epoch_seconds: what the baseline took for an epoch; None where unknown.
    """

    round_number: int
    observations: tuple[study.Observation, ...]
    best: Finished | None
    direction: str
    epoch_seconds: float | None


def candidates_for(
    dimensions: Sequence[Dimension], parameters: Sequence[Parameter], knowledge: Knowledge, options: TuningOptions
) -> Iterator[Candidate]:
    """Yield configurations to try, the most promising first, repeats not excluded.

    What is left over is searched for only where the round is not full before.
    """

    def accept(point: Point) -> bool:
        return is_affordable(dimensions, point, knowledge.epoch_seconds, knowledge.round_number)

    stretched = _stretched(dimensions, knowledge.best, options)
    seed, count = options.seed + 1000 * knowledge.round_number, options.trials_per_round
    if knowledge.round_number == 1:
        yield from _first(stretched, parameters, options, accept)
    else:
        yield from _later(stretched, knowledge, seed, count, accept)
    yield from left_over(stretched, knowledge.observations, count, knowledge.direction, seed + 1, accept)


def _first(
    dimensions: Sequence[Dimension], parameters: Sequence[Parameter], options: TuningOptions,
    accept: Callable[[Point], bool],
) -> list[Candidate]:
    known = {parameter.id: parameter for parameter in parameters}
    spread = spread_out(dimensions, options.trials_per_round, options.seed)
    affordable = [replace(one, point=_cheaper(dimensions, one.point, accept)) for one in spread]
    return [*recipes(dimensions, known), *affordable]


def _later(
    dimensions: Sequence[Dimension], knowledge: Knowledge, seed: int, count: int, accept: Callable[[Point], bool]
) -> list[Candidate]:
    """Go on with the best configuration where it was still rising, and reach further from it; then alternate small
    steps with proposals of the sampler.
    """
    known = [observation.point for observation in knowledge.observations]
    start = own_point(dimensions) if knowledge.best is None else knowledge.best.trial.point
    start = longest(dimensions, start)
    steps = neighbours(dimensions, start, known, count, seed, accept)
    proposed = study.propose(dimensions, knowledge.observations, count, knowledge.direction, seed, accept)
    proposals = [Candidate(point, "proposed by the sampler from all trials so far") for point in proposed]
    pairs = zip_longest(steps, proposals)
    alternating = [candidate for pair in pairs for candidate in pair if candidate is not None]
    longer = [] if knowledge.best is None else _longer(dimensions, knowledge.best.trial.point)
    return [*longer, *(one for one in _larger(dimensions, start) if accept(one.point)), *alternating]


def _longer(dimensions: Sequence[Dimension], best: Point) -> list[Candidate]:
    """Return the best configuration with the longer budget, where there is one: it is known to gain from it."""
    point = longest(dimensions, best)
    return [Candidate(point, "the best configuration so far, trained longer", True)] if point != best else []


def _larger(dimensions: Sequence[Dimension], start: Point) -> list[Candidate]:
    """Return what gains most where time is no longer short: twice the width, or one layer more, and a rate that decays.

    Measured on Fashion-MNIST, hold-out of 6,000, all with dropout: 0.917 from 32 filters and 64 units with a decay over
    15 epochs; 0.922 from twice the width without and 0.928 with a decay over 20; 0.930 from a second convolution.
    """
    found = []
    for point, how in ((wider(dimensions, start), "twice as large"), (deeper(dimensions, start), "one layer deeper")):
        decayed = with_decay(dimensions, point)
        gains = [how] * (point != start) + ["with a learning rate that decays"] * (decayed != point)
        if gains:
            found.append(Candidate(decayed, ", ".join(["the best configuration so far", *gains])))
    return found


def _stretched(
    dimensions: Sequence[Dimension], best: Finished | None, options: TuningOptions
) -> list[Dimension]:
    """Return the dimensions with a longer epoch budget where the best trial was still getting better at its end.

    A budget that was asked for is kept. A rate that decays is always at its best in the end, whatever the budget: twice
    the budget of the first round is enough then.
    """
    if best is None or options.epochs is not None:
        return list(dimensions)
    result = []
    for dimension in dimensions:
        if dimension.role == "epochs":
            budget = max(int(dimension.high), int(best.trial.point[dimension.key]))
            rising = best.outcome.best_epoch >= STILL_RISING_SHARE * budget
            longer = (int(dimension.high) if decays_at(dimensions, best.trial.point) else budget) * LONGER_TIMES
            dimension = replace(dimension, high=max(int(longer), budget) if rising else budget)
        result.append(dimension)
    return result


def _cheaper(dimensions: Sequence[Dimension], point: Point, accept: Callable[[Point], bool]) -> Point:
    """Return ``point``, with the script's own kernels and then widths where it would be too slow."""
    cheaper = dict(point)
    for role in ("kernel_size", "filters", "units", "batch_size"):
        if accept(cheaper):
            break
        cheaper.update({dimension.key: dimension.current for dimension in dimensions if dimension.role == role})
    return cheaper
