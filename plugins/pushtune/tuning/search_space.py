"""What can be varied: one dimension for each value, tied group of values, or kind of values.

Built from what the baseline run reported. The fewer dimensions, the more each trial tells: values that must stay equal
share one, and where a script has many layers of a kind they are varied together (all widths by one factor).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pushtune.tuning import learning_rates
from pushtune.tuning.ranges import WIDEST, WIDTH_FACTORS, Range, is_whole_number, range_of, scale_width, widest
from pushtune_contract.parameters import Parameter, Value

# Roles of which more dimensions than this are joined into one.
MOST_OF_A_ROLE = {"filters": 2, "units": 2, "dropout": 2, "kernel_size": 1, "activation": 1}
MOST_DIMENSIONS = 24
LONGEST_ID_CHARACTERS = 500  # ids come from the container, and every trial's request carries them
INFLUENCE = (
    "optimizer", "learning_rate", "batch_size", "filters", "units", "dropout", "activation", "kernel_size", "other",
)
SHORTEST_BUDGET_EPOCHS = 12
LONGEST_BUDGET_EPOCHS = 60
# The start of a training process takes about ten seconds: fewer epochs than fit into twice that save nothing.
SHORT_TRIAL_SECONDS = 20.0
MOST_EPOCHS_OF_A_SHORT_TRIAL = 100
MOST_EPOCHS = 100_000

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
        optimizer: key of the dimension that decides the range (learning rates); None where nothing does.
        own_optimizer: the optimizer that the script uses (learning rates).
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
    optimizer: str | None = None
    own_optimizer: str = ""


def build_search_space(
    parameters: Iterable[Parameter], epoch_budget: int | None = None, train_samples: int | None = None,
    epoch_seconds: float | None = None,
) -> list[Dimension]:
    """Return the dimensions that trials vary, the most influential roles first.

    Args:
        parameters: what the baseline run saw; those that are not tunable never appear in a dimension.
        epoch_budget: the most epochs of one trial; None chooses ``default_epoch_budget``.
        train_samples: number of training samples, where known; bounds the batch size.
        epoch_seconds: how long the baseline took for an epoch, where known; short ones raise the default budget.
    """
    everything = [parameter for parameter in parameters if len(parameter.id) <= LONGEST_ID_CHARACTERS]
    groups = _tied_groups(everything)
    optimizers = [parameter for parameter in everything if parameter.role == "optimizer"]
    dimensions = [_dimension(members, optimizers, train_samples) for members in groups if members[0].role != "epochs"]
    found = _joined([dimension for dimension in dimensions if dimension is not None])
    epochs = _epochs([members for members in groups if members[0].role == "epochs"], epoch_budget, epoch_seconds)
    return _with_known_optimizers([*sorted(found, key=_influence)[:MOST_DIMENSIONS], *epochs])


def _with_known_optimizers(dimensions: list[Dimension]) -> list[Dimension]:
    """Return ``dimensions`` without references to optimizers that turned out not to be varied."""
    keys = {dimension.key for dimension in dimensions}
    return [
        dimension if dimension.optimizer in keys else replace(dimension, optimizer=None) for dimension in dimensions
    ]


def default_epoch_budget(own_epochs: int, epoch_seconds: float | None = None) -> int:
    """Return the epochs of a trial when nobody says: three times the script's, but 12 at least, and 60 at most.

    Never less than the script's own; where epochs are short, as many as fit into ``SHORT_TRIAL_SECONDS``, up to 100.
    """
    fitting = 0 if epoch_seconds is None else int(SHORT_TRIAL_SECONDS / max(epoch_seconds, 0.01))
    short = min(fitting, MOST_EPOCHS_OF_A_SHORT_TRIAL)
    return max(SHORTEST_BUDGET_EPOCHS, own_epochs, min(3 * own_epochs, LONGEST_BUDGET_EPOCHS), short)


def band_for(dimension: Dimension, point: Point) -> learning_rates.Band:
    """Return the learning rates that go with the optimizer of ``point``.

    The own optimizer's range is stretched down to a smaller rate that the script gives itself: fine-tuning needs it.
    """
    own = dimension.own_optimizer
    optimizer = own if dimension.optimizer is None else str(point.get(dimension.optimizer, own))
    band = learning_rates.band_of(optimizer, float(dimension.current))
    if optimizer == own and dimension.low < band.low:
        return learning_rates.Band(dimension.low, band.first, band.high)
    return band


def own_point(dimensions: Iterable[Dimension]) -> Point:
    """Return the script's own configuration."""
    return {dimension.key: dimension.current for dimension in dimensions}


def assign(dimension: Dimension, value: Value) -> dict[str, Value]:
    """Return parameter id -> value for one value of ``dimension``."""
    if not dimension.scaled:
        return {parameter_id: value for parameter_id in dimension.parameter_ids}
    pairs = zip(dimension.parameter_ids, dimension.own_values, strict=True)
    bound = widest(dimension.role)
    return {parameter_id: scale_width(int(own), float(value), bound) for parameter_id, own in pairs}


def _tied_groups(parameters: Iterable[Parameter]) -> list[list[Parameter]]:
    """Return the parameters that are varied together; a group with one frozen or differing member is left out whole."""
    groups: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        groups.setdefault(parameter.group or parameter.id, []).append(parameter)
    return [
        members
        for members in groups.values()
        if all(member.tunable and _same(member.value, members[0].value) for member in members)
    ]


def _same(value: Value, other: Value) -> bool:
    return type(value) is type(other) and value == other


def _dimension(members: list[Parameter], optimizers: list[Parameter], train_samples: int | None) -> Dimension | None:
    first = members[0]
    if first.role == "learning_rate":
        return _learning_rate(members, optimizers)
    found = range_of(first, train_samples)
    return None if found is None else _of_range(members, found)


def _of_range(members: list[Parameter], found: Range) -> Dimension:
    first = members[0]
    current = found.choices[0] if first.role == "optimizer" else first.value
    return Dimension(
        key=_key(first), role=first.role, kind=found.kind, parameter_ids=tuple(member.id for member in members),
        own_values=tuple(member.value for member in members), current=current, reason=found.reason,
        low=found.low, high=found.high, log=found.log, choices=found.choices,
    )


def _key(parameter: Parameter) -> str:
    return parameter.group or parameter.id


def _learning_rate(members: list[Parameter], optimizers: list[Parameter]) -> Dimension | None:
    first = members[0]
    if isinstance(first.value, (bool, str)) or not 1e-9 < first.value < 1e3:
        return None
    partner = _nearest(first, optimizers)
    name = str(partner.value).lower() if partner is not None else first.owner.lower()
    own = float(first.value)
    band = learning_rates.band_of(name, own)
    return Dimension(
        key=_key(first), role="learning_rate", kind="float", parameter_ids=tuple(member.id for member in members),
        own_values=tuple(member.value for member in members), current=own,
        reason="what works for the optimizer (arXiv:1206.5533, arXiv:1412.6980)",
        low=min(own, band.low) if first.explicit else band.low, high=band.high, log=True,
        optimizer=_key(partner) if partner is not None and partner.tunable else None, own_optimizer=name,
    )


def _nearest(parameter: Parameter, optimizers: list[Parameter]) -> Parameter | None:
    """Return the optimizer that a learning rate belongs to: the one written closest to it in the same file."""
    same_file = [optimizer for optimizer in optimizers if optimizer.file == parameter.file]
    candidates = same_file or (optimizers if len(optimizers) == 1 else [])
    return min(candidates, key=lambda optimizer: abs(optimizer.line - parameter.line), default=None)


def _epochs(
    groups: list[list[Parameter]], epoch_budget: int | None, epoch_seconds: float | None
) -> list[Dimension]:
    members = [member for group in groups for member in group if is_whole_number(member.value)]
    if not members:
        return []
    own = tuple(min(int(member.value), MOST_EPOCHS) for member in members)
    longest = max(own)
    budget = epoch_budget if epoch_budget is not None else default_epoch_budget(longest, epoch_seconds)
    return [
        Dimension(
            key="all epochs" if len(members) > 1 else _key(members[0]), role="epochs", kind="int",
            parameter_ids=tuple(member.id for member in members), own_values=own, current=longest,
            reason="the script's number up to the budget; the best epoch of the curve is what counts",
            low=min(longest, budget), high=budget, sampled=False,
        )
    ]


def _joined(dimensions: list[Dimension]) -> list[Dimension]:
    """Merge the dimensions of a role that has more than ``MOST_OF_A_ROLE`` into one where that is possible."""
    result = [dimension for dimension in dimensions if dimension.role not in MOST_OF_A_ROLE]
    for role, most in MOST_OF_A_ROLE.items():
        of_role = [dimension for dimension in dimensions if dimension.role == role]
        if len(of_role) <= most:
            result += of_role
        elif role in WIDEST:
            result.append(_joined_widths(role, of_role))
        else:
            result += _joined_equals(role, of_role)
    return result


def _joined_widths(role: str, dimensions: list[Dimension]) -> Dimension:
    return Dimension(
        key=f"all {role}", role=role, kind="float", scaled=True, current=1.0, choices=WIDTH_FACTORS,
        parameter_ids=tuple(parameter_id for dimension in dimensions for parameter_id in dimension.parameter_ids),
        own_values=tuple(own for dimension in dimensions for own in dimension.own_values),
        reason=f"one factor for all {role}: " + dimensions[0].reason,
    )


def _joined_equals(role: str, dimensions: list[Dimension]) -> list[Dimension]:
    """Merge dimensions that have the same current value; a script that mixes values keeps one for each of them."""
    by_value: dict[tuple[Value, tuple[Value, ...]], list[Dimension]] = {}
    for dimension in dimensions:
        by_value.setdefault((dimension.current, dimension.choices), []).append(dimension)
    return [
        replace(
            same[0], key=f"all {role} {same[0].current}" if len(same) > 1 else same[0].key,
            parameter_ids=tuple(parameter_id for dimension in same for parameter_id in dimension.parameter_ids),
            own_values=tuple(own for dimension in same for own in dimension.own_values),
        )
        for same in by_value.values()
    ]




def _influence(dimension: Dimension) -> int:
    return INFLUENCE.index(dimension.role)
