"""How much longer an epoch takes than with the script's own values: a rough guess, before anything is measured."""

import math
from collections.abc import Sequence

from pushtune.tuning.dimensions import Dimension, Point

# Times the script's epoch that a trial of the first round may take; later rounds may take more, as more is known.
MOST_TIMES = 4.0
# Below this many seconds for an epoch nobody cares.
CHEAP_EPOCH_SECONDS = 5.0
# An inserted convolution has as many input channels as filters: much more work than a first layer on grey images.
EXTRA_CONVOLUTION_TIMES = 2.0


def relative_cost(dimensions: Sequence[Dimension], point: Point) -> float:
    """Return the guessed time of an epoch, in epochs of the script: 1 for its own values.

    Operations of a convolution grow with its filters and the square of its kernel, those of a dense layer with its
    units. Whichever dominates decides; half the batch size takes about the square root of two times as long.
    """
    convolution = _growth(dimensions, point, "filters") * _growth(dimensions, point, "kernel_size") ** 2
    convolution *= 1.0 + EXTRA_CONVOLUTION_TIMES * _extra_convolutions(dimensions, point)
    dense = _growth(dimensions, point, "units") if _growth(dimensions, point, "filters") == 1.0 else 1.0
    batches = max(1.0, math.sqrt(1.0 / _growth(dimensions, point, "batch_size")))
    return max(convolution, dense) * batches


def is_affordable(
    dimensions: Sequence[Dimension], point: Point, epoch_seconds: float | None, round_number: int
) -> bool:
    """Return whether a trial at ``point`` is cheap enough for round ``round_number`` (from 1).

    ``epoch_seconds`` is what the baseline took for an epoch, where known.
    """
    cost = relative_cost(dimensions, point)
    if epoch_seconds is not None and cost * epoch_seconds <= CHEAP_EPOCH_SECONDS:
        return True
    return cost <= MOST_TIMES * round_number


def _extra_convolutions(dimensions: Sequence[Dimension], point: Point) -> int:
    added = (d for d in dimensions if d.argument == "extra_layers" and d.owner.startswith("Conv"))
    return sum(int(point[dimension.key]) - int(dimension.current) for dimension in added)


def _growth(dimensions: Sequence[Dimension], point: Point, role: str) -> float:
    growth = 1.0
    for dimension in dimensions:
        if dimension.role == role:
            ratio = float(point[dimension.key]) / float(dimension.current)
            growth *= ratio**2 if dimension.scaled else ratio  # layers that feed each other grow on both sides
    return growth
