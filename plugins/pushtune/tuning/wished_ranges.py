"""The search space as the repository's author wishes it: values frozen, ranges narrowed, values added."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pushtune.tuning.dimensions import Dimension
from pushtune.tuning.ranges import RATE_DECAY, WHOLE_ROLES, is_whole
from pushtune.wishes import Wishes, fits
from pushtune_contract.parameters import Parameter, Value

FROZEN = "frozen in pushtune.yaml"
WISHED = "as pushtune.yaml says"
STEPS_OF_A_LADDER = 6
LARGE_RATIO = 10.0  # from here on a range is spread evenly in the logarithm

Ranges = Mapping[str, Sequence[Value]]
"""Parameter id -> lowest and highest number, or texts."""


def heeded(parameters: Iterable[Parameter], wishes: Wishes) -> tuple[list[Parameter], Ranges]:
    """Return the parameters with those frozen that the author froze, and the ranges that the author gives.

    A value that is added may be one that the runtime would leave alone: the author knows what depends on it.
    """
    ranges: dict[str, Sequence[Value]] = {}
    found = []
    for parameter in parameters:
        for name, values in (*wishes.narrow.items(), *wishes.add.items()):
            if fits(name, parameter) and not _misfit(parameter, values):
                ranges[parameter.id] = values
        if any(fits(name, parameter) and parameter.id in ranges for name in wishes.add):
            parameter = replace(parameter, tunable=True, reason=WISHED)
        if any(_freezes(name, parameter) for name in wishes.freeze):
            parameter = replace(parameter, tunable=False, reason=FROZEN)
        found.append(parameter)
    return found, ranges


def _freezes(name: str, parameter: Parameter) -> bool:
    """A learning rate that stays as it is does not decay either."""
    return fits(name, parameter) or (name == "learning_rate" and parameter.argument == RATE_DECAY)


def unheeded(parameters: Sequence[Parameter], wishes: Wishes, dimensions: Sequence[Dimension]) -> list[str]:
    """Return a line for each wish that changes nothing, and for each value whose wished range does not hold.

    A name such as ``units`` speaks of the values that are varied: that the output layer stays as it is, is no fault.
    """
    varied = {parameter_id for dimension in dimensions for parameter_id in dimension.parameter_ids}
    no_range: dict[str, list[Value]] = dict.fromkeys(wishes.freeze, [])
    lines = []
    for kind, wished in (("freeze", no_range), ("narrow", wishes.narrow), ("add", wishes.add)):
        for name, values in wished.items():
            meant = [parameter for parameter in parameters if fits(name, parameter)]
            if not meant:
                lines.append(f"pushtune.yaml: {kind}: {name!r} names no value that the script passes to its library")
            missed = [one for one in meant if values and (_misfit(one, values) or one.id not in varied)]
            if kind == "narrow" and len(missed) < len(meant):
                missed = [one for one in missed if one.tunable]
            for one in missed:
                state = "keeps its usual range" if one.id in varied else "is not varied"
                lines.append(f"pushtune.yaml: {kind}: {name!r} {state}: {_why_not(one, values, wishes)}")
    return list(dict.fromkeys(lines))


def _why_not(parameter: Parameter, values: Sequence[Value], wishes: Wishes) -> str:
    if not parameter.tunable and parameter.reason:
        return parameter.reason
    if any(_freezes(name, parameter) for name in wishes.freeze):
        return FROZEN
    place = f"{parameter.value!r} at {parameter.file}:{parameter.line}"
    return f"{place} {_misfit(parameter, values) or 'is tied to a value that stays, or matters less than others'}"


def with_wishes(usual: Dimension | None, members: Sequence[Parameter], ranges: Ranges) -> Dimension | None:
    """Return the dimension of ``members``, tied values, with the range that the author gives for one of them.

    ``usual`` is the dimension without wishes; None where these values would not be varied.
    """
    values = next((ranges[member.id] for member in members if member.id in ranges), None)
    if values is None:
        return usual
    base = usual or _bare(members, values)
    if isinstance(values[0], str):
        return replace(
            base, kind="categorical", choices=tuple(dict.fromkeys(values)), reason=WISHED, wished=True,
            current=base.current if base.current in values else values[0],
        )
    low, high = float(values[0]), float(values[1])
    if base.kind == "int":
        choices = _whole_choices(base, int(low), int(high))
        nearest = min(choices, key=lambda choice: abs(choice - float(base.current)))
        return replace(base, choices=choices, current=nearest, reason=WISHED, wished=True)
    spread = usual.log if usual is not None else low > 0 and high / low >= LARGE_RATIO
    current = min(max(float(base.current), low), high)
    return replace(base, low=low, high=high, log=spread and low > 0, current=current, reason=WISHED, wished=True)


def epochs_with_wishes(dimension: Dimension, ranges: Ranges) -> Dimension:
    """Return the dimension of the epochs, with the author's budget."""
    values = next((ranges[one] for one in dimension.parameter_ids if one in ranges), None)
    return dimension if values is None else replace(dimension, low=float(values[0]), high=float(values[1]))


def _misfit(parameter: Parameter, values: Sequence[Value]) -> str:
    """Return why ``values`` cannot stand for the parameter's; an empty text where they can."""
    own = parameter.value
    if isinstance(own, bool) or isinstance(own, str) != isinstance(values[0], str):
        return f"is of another kind than {list(values)}"
    if isinstance(own, str):
        return ""
    if is_whole(parameter) and not _are_whole(values):
        return f"is a whole number, which {list(values)} are not"
    if parameter.role in WHOLE_ROLES and float(values[0]) < 1:
        return f"is at least 1, which {values[0]} is not"
    if isinstance(own, int) and float(values[0]) < 0:
        return f"is not below 0, as {values[0]} is"
    if parameter.role == "learning_rate" and float(values[0]) <= 0:
        return f"is above 0, which {values[0]} is not"
    return ""


def _are_whole(values: Sequence[Value]) -> bool:
    return all(float(value).is_integer() for value in values)


def _whole_choices(base: Dimension, low: int, high: int) -> tuple[int, ...]:
    usual = [int(choice) for choice in base.choices if low <= float(choice) <= high]
    start = max(low, 1)
    ladder = [round(start * (high / start) ** (step / STEPS_OF_A_LADDER)) for step in range(STEPS_OF_A_LADDER + 1)]
    return tuple(sorted({low, high, *(usual or ladder)}))


def _bare(members: Sequence[Parameter], values: Sequence[Value]) -> Dimension:
    """Return a dimension without a range. What an unknown argument takes, the author's numbers say."""
    first = members[0]
    are_whole = isinstance(first.value, int) and all(isinstance(value, int) for value in values)
    kind = "int" if are_whole or is_whole(first) else "float"
    return Dimension(
        key=first.group or first.id, role=first.role, kind=kind,
        parameter_ids=tuple(member.id for member in members), own_values=tuple(member.value for member in members),
        current=first.value, reason=WISHED, owner=first.owner, argument=first.argument,
    )
