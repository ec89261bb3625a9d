"""One thing that trials vary, and the values that it stands for in the script."""

from collections.abc import Iterable
from dataclasses import dataclass

from pushtune.tuning import learning_rates
from pushtune.tuning.ranges import scale_width, widest
from pushtune_contract.parameters import Value

Point = dict[str, Value]
"""Dimension key -> value: one configuration."""


@dataclass(frozen=True)
class Dimension:
    """One thing that is varied.

    Attributes:
        key: the group of tied parameters, the id of a single one, or ``all <role>`` for joined ones.
        role: role of its parameters.
        kind: ``int``, ``float`` or ``categorical``.
        parameter_ids: what it sets. own_values: what the script gives to each of them.
        current: the script's own configuration as a value of this dimension.
        reason: why this range, with its source.
        low, high: bounds, both included, where there are no ``choices``. log: spread evenly in the logarithm.
        choices: all possible values; ascending where ``kind`` is ``int``.
        scaled: the value is a factor that multiplies the own value of each parameter.
        sampled: False where the planner fixes the value (epochs: the curve of a long trial contains the short ones).
        owner, argument: class or method, and name of the argument, of its first parameter.
        optimizer: key of the dimension that decides the range (learning rates); None where nothing does.
        own_optimizer: the optimizer that the script uses (learning rates).
        boldness: how much larger than usual the first rate is, since there are few updates (learning rates).
        wished: the range is what the repository's author asked for; nothing outside of it is tried.
    """

    key: str
    role: str
    kind: str
    parameter_ids: tuple[str, ...]
    own_values: tuple[Value, ...]
    current: Value
    reason: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[Value, ...] = ()
    scaled: bool = False
    sampled: bool = True
    owner: str = ""
    argument: str = ""
    optimizer: str | None = None
    own_optimizer: str = ""
    boldness: float = 1.0
    wished: bool = False


def band_for(dimension: Dimension, point: Point) -> learning_rates.Band:
    """Return the learning rates that go with the optimizer of ``point``.

    The own optimizer's range is stretched down to a smaller rate that the script gives itself: fine-tuning needs it.
    """
    if dimension.wished:
        return _within(dimension, learning_rates.band_of(dimension.own_optimizer, float(dimension.current)).first)
    own = dimension.own_optimizer
    optimizer = own if dimension.optimizer is None else str(point.get(dimension.optimizer, own))
    usual = learning_rates.band_of(optimizer, float(dimension.current))
    band = learning_rates.emboldened(usual, dimension.boldness, optimizer)
    if optimizer == own and dimension.low < band.low:
        return learning_rates.Band(dimension.low, band.first, band.high)
    return band


def _within(dimension: Dimension, first: float) -> learning_rates.Band:
    return learning_rates.Band(dimension.low, min(max(first, dimension.low), dimension.high), dimension.high)


def own_point(dimensions: Iterable[Dimension]) -> Point:
    """Return the script's own configuration."""
    return {dimension.key: dimension.current for dimension in dimensions}


def assign(dimension: Dimension, value: Value) -> dict[str, Value]:
    """Return parameter id -> value for one value of ``dimension``."""
    pairs = list(zip(dimension.parameter_ids, dimension.own_values, strict=True))
    if dimension.role == "epochs":
        factor = int(value) / int(dimension.current)
        return {parameter_id: max(1, round(int(own) * factor)) for parameter_id, own in pairs}
    if dimension.scaled:
        bound = widest(dimension.role)
        return {parameter_id: scale_width(int(own), float(value), bound) for parameter_id, own in pairs}
    return {parameter_id: value for parameter_id, _ in pairs}
