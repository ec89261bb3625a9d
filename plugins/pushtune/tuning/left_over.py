"""What a round may try where its usual candidates are too few, and whether anything is left at all.

In a small space most of an evenly spread design are repeats: without this, tuning ended with most of it untried.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence

from pushtune.tuning import study
from pushtune.tuning.dimensions import Dimension, Point, own_point
from pushtune.tuning.recipes import Candidate, longest

MOST_COUNTED = 5000  # larger spaces are never used up


def combinations(dimensions: Sequence[Dimension]) -> list[Point] | None:
    """Return all points of a space that is made of lists, each with the whole epoch budget; None for any other one."""
    sampled = [dimension for dimension in dimensions if dimension.sampled]
    if not all(dimension.choices for dimension in sampled):
        return None
    if math.prod(len(dimension.choices) for dimension in sampled) > MOST_COUNTED:
        return None
    start = longest(dimensions, own_point(dimensions))
    keys = [dimension.key for dimension in sampled]
    return [
        {**start, **dict(zip(keys, values, strict=True))}
        for values in itertools.product(*(dimension.choices for dimension in sampled))
    ]


def left_over(
    dimensions: Sequence[Dimension], observations: Sequence[study.Observation], count: int, direction: str, seed: int,
    accept: Callable[[Point], bool],
) -> Iterator[Candidate]:
    """Yield further configurations in no order that matters, repeats not excluded; all that there are in a small space.

    Args:
        count: how many the sampler is asked for where they cannot be counted.
    """
    everything = combinations(dimensions)
    if everything is None:
        for point in study.propose(dimensions, observations, count, direction, seed, accept):
            yield Candidate(point, "proposed by the sampler from all trials so far")
        return
    random.Random(seed).shuffle(everything)  # noqa: S311  (a choice of experiments, not a secret)
    for point in everything:
        if accept(point):
            yield Candidate(point, "not tried yet in a small search space")
