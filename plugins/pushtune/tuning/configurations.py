"""From a point in the search space to what a container is told, and to what a person reads."""

from collections.abc import Mapping, Sequence

from pushtune.tuning.dimensions import Dimension, Point, assign
from pushtune.tuning.plain_text import plain_text
from pushtune.tuning.ranges import ADDED
from pushtune_contract.parameters import Parameter, Value, describe_change

LABEL_CHARACTERS = 160
MOST_CHANGES = 40

SHORT_NAMES = {"learning_rate": "lr", "batch_size": "batch", "kernel_size": "kernel"}


def overrides_of(dimensions: Sequence[Dimension], point: Point) -> dict[str, Value]:
    """Return parameter id -> new value: only what differs from the script.

    A learning rate is always given together with another optimizer: the default of the new one may be a different one.
    """
    overrides: dict[str, Value] = {}
    for dimension in dimensions:
        value = point[dimension.key]
        exchanged = dimension.optimizer is not None and _is_exchanged(dimensions, point, dimension.optimizer)
        if exchanged or not is_own(dimension, value):
            own = dict(zip(dimension.parameter_ids, dimension.own_values, strict=True))
            assigned = assign(dimension, value)
            overrides.update({key: new for key, new in assigned.items() if exchanged or new != own[key]})
    return overrides


def is_own(dimension: Dimension, value: Value) -> bool:
    """Return whether ``value`` is what the script gives."""
    if dimension.wished:  # the range may leave out what the script gives, and ``current`` lies in the range
        return all(own == value for own in dimension.own_values)
    return value == dimension.current


def describe(
    number: int, dimensions: Sequence[Dimension], point: Point, parameters: Mapping[str, Parameter]
) -> tuple[str, list[str]]:
    """Return the label of a trial (``trial 3: adam, lr 0.01 -> 0.001``) and one line for each changed place."""
    changed = [dimension for dimension in dimensions if not is_own(dimension, point[dimension.key])]
    parts = ", ".join(_part(dimension, point[dimension.key]) for dimension in changed)
    label = plain_text(f"trial {number}: {parts or 'the values of the script'}", LABEL_CHARACTERS)
    changes = [
        describe_change(parameters[parameter_id], value)
        for parameter_id, value in overrides_of(dimensions, point).items()
        if parameter_id in parameters and parameters[parameter_id].value != value
    ]
    return label, [plain_text(change, LABEL_CHARACTERS) for change in changes[:MOST_CHANGES]]


def _is_exchanged(dimensions: Sequence[Dimension], point: Point, optimizer_key: str) -> bool:
    return any(
        dimension.key == optimizer_key and not is_own(dimension, point[optimizer_key]) for dimension in dimensions
    )


def _part(dimension: Dimension, value: Value) -> str:
    if dimension.role == "optimizer":
        return str(value)
    name = SHORT_NAMES.get(dimension.role, dimension.role)
    if dimension.role == "other" or dimension.argument in ADDED:
        name = dimension.argument.replace("_", " ")
    if dimension.scaled:
        return f"{name} x {value}"
    return f"{name} {_short(dimension.current)} -> {_short(value)}"


def _short(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
