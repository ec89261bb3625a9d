"""Small changes of the best configuration so far: what to try next when little is known."""

import random
from collections.abc import Callable, Sequence

from pushtune.tuning import learning_rates
from pushtune.tuning.dimensions import Dimension, Point, band_for
from pushtune.tuning.recipes import DROPOUT_DECIMALS, Candidate, longest
from pushtune_contract.parameters import Value

MOST_CHANGES = 2
POSITION_STEP = 0.25  # of the range, for numbers without fixed choices
TRIES_PER_NEIGHBOUR = 30


def neighbours(
    dimensions: Sequence[Dimension], best: Point, known: Sequence[Point], count: int, seed: int,
    accept: Callable[[Point], bool] = lambda point: True,
) -> list[Candidate]:
    """Return up to ``count`` configurations that differ from ``best`` in one or two values, and are not in ``known``.

    Those that ``accept`` refuses are drawn again.

    With a dozen trials no model of a ten-dimensional space can be believed; a step from a good place can.
    """
    generator = random.Random(seed)  # noqa: S311  (a choice of experiments, not a secret)
    movable = [dimension for dimension in dimensions if dimension.sampled]
    keys = [dimension.key for dimension in movable]
    seen = [[point[key] for key in keys] for point in [best, *known]]
    found: list[Candidate] = []
    for _ in range(count * TRIES_PER_NEIGHBOUR):
        if len(found) == count or not movable:
            break
        changed = generator.sample(movable, min(generator.randint(1, MOST_CHANGES), len(movable)))
        point = longest(dimensions, best)
        for dimension in changed:
            point[dimension.key] = _step(dimension, best, generator)
        point = _with_rates_of_new_optimizers(dimensions, best, point)
        values = [point[key] for key in keys]
        if values not in seen and accept(point):
            seen.append(values)
            found.append(Candidate(point, "a small step from the best configuration so far"))
    return found


def _with_rates_of_new_optimizers(dimensions: Sequence[Dimension], before: Point, point: Point) -> Point:
    """Return ``point`` with the same boldness for another optimizer: the rate keeps its position in the range."""
    moved = dict(point)
    for dimension in dimensions:
        if dimension.optimizer is not None and before[dimension.optimizer] != point[dimension.optimizer]:
            position = learning_rates.position_of(float(point[dimension.key]), band_for(dimension, before))
            moved[dimension.key] = learning_rates.rate_at(position, band_for(dimension, point))
    return moved


def _step(dimension: Dimension, best: Point, generator: random.Random) -> Value:
    value = best[dimension.key]
    if dimension.kind == "categorical":
        return generator.choice([choice for choice in dimension.choices if choice != value])
    sign = generator.choice((-1, 1))
    if dimension.choices:
        index = min(
            range(len(dimension.choices)), key=lambda index: abs(float(dimension.choices[index]) - float(value))
        )
        return dimension.choices[min(max(index + sign, 0), len(dimension.choices) - 1)]
    if dimension.role == "learning_rate":
        band = band_for(dimension, best)
        position = learning_rates.position_of(float(value), band) + sign * POSITION_STEP
        return learning_rates.rate_at(min(max(position, 0.0), 1.0), band)
    return _moved(float(value), sign, dimension)


def _moved(value: float, sign: int, dimension: Dimension) -> float:
    if dimension.log:
        moved = float(f"{value * (dimension.high / dimension.low) ** (sign * POSITION_STEP):.3g}")
    else:
        moved = round(value + sign * POSITION_STEP * (dimension.high - dimension.low), DROPOUT_DECIMALS)
    return min(max(moved, dimension.low), dimension.high)
