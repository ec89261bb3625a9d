"""Learning rates that decay over the epochs of a trial: which parameters say so, and which trials do.

The runtime offers it for optimizers that are compiled with a constant rate: half a cosine to zero, without restarts
(Loshchilov and Hutter, arXiv:1608.03983).
"""

from collections.abc import Iterable, Mapping, Sequence

from pushtune.tuning.dimensions import Dimension, Point
from pushtune.tuning.ranges import COSINE, RATE_DECAY
from pushtune_contract.parameters import Parameter, Value


def with_decay(dimensions: Sequence[Dimension], point: Point) -> Point:
    """Return ``point`` with learning rates that decay over the epochs, where they can."""
    decaying = [one for one in dimensions if one.argument == RATE_DECAY and COSINE in one.choices]
    return {**point, **{one.key: COSINE for one in decaying}}


def decays_at(dimensions: Iterable[Dimension], point: Point) -> bool:
    """Return whether a learning rate decays at ``point``."""
    return any(point[one.key] == COSINE for one in dimensions if one.argument == RATE_DECAY)


def decays_with(overrides: Mapping[str, Value], search_space: Iterable[Parameter]) -> bool:
    """Return whether a learning rate decays with ``overrides`` (parameter id -> value) of ``search_space``."""
    return any(overrides.get(one.id, one.value) == COSINE for one in search_space if one.argument == RATE_DECAY)
