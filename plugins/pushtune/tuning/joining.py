"""Merges dimensions of one kind: a study of a dozen trials learns little about ten widths, but something about one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pushtune.tuning.dimensions import Dimension
from pushtune.tuning.ranges import ADDED, RATE_DECAY, WIDEST, WIDTH_FACTORS
from pushtune_contract.parameters import Value


@dataclass(frozen=True)
class Kind:
    """Dimensions that are merged where there are more than ``most`` of them."""

    name: str
    most: int


MOST_OF_A_ROLE = {"filters": 2, "units": 2, "dropout": 2, "kernel_size": 1, "activation": 1}


def kind_of(dimension: Dimension) -> Kind | None:
    """Return the kind of ``dimension``; None where it always stands alone."""
    if dimension.wished:
        return None
    if dimension.argument in ADDED:
        place = "convolutions" if dimension.owner.startswith("Conv") else "dense layers"
        return Kind(f"{dimension.argument} of {place}", 1)
    if dimension.argument == RATE_DECAY:
        return Kind(RATE_DECAY, 1)
    if dimension.role in MOST_OF_A_ROLE:
        return Kind(dimension.role, MOST_OF_A_ROLE[dimension.role])
    return None


def joined(dimensions: Iterable[Dimension]) -> list[Dimension]:
    """Return ``dimensions`` with those of a numerous kind merged where their values allow it."""
    result: list[Dimension] = []
    by_kind: dict[Kind, list[Dimension]] = {}
    for dimension in dimensions:
        kind = kind_of(dimension)
        if kind is None:
            result.append(dimension)
        else:
            by_kind.setdefault(kind, []).append(dimension)
    for kind, members in by_kind.items():
        if len(members) <= kind.most:
            result += members
        elif kind.name in WIDEST:
            result.append(_joined_widths(kind.name, members))
        else:
            result += _joined_equals(kind.name, members)
    return result


def _joined_widths(role: str, dimensions: Sequence[Dimension]) -> Dimension:
    return replace(
        _merged(f"all {role}", dimensions), kind="float", scaled=True, current=1.0, choices=WIDTH_FACTORS,
        reason=f"one factor for all {role}: " + dimensions[0].reason,
    )


def _joined_equals(name: str, dimensions: Sequence[Dimension]) -> list[Dimension]:
    """Merge dimensions that have the same current value; a script that mixes values keeps one for each of them."""
    by_value: dict[tuple[Value, tuple[Value, ...]], list[Dimension]] = {}
    for dimension in dimensions:
        by_value.setdefault((dimension.current, dimension.choices), []).append(dimension)
    return [
        _merged(f"all {name} {current}", same) if len(same) > 1 else same[0] for (current, _), same in by_value.items()
    ]


def _merged(key: str, dimensions: Sequence[Dimension]) -> Dimension:
    return replace(
        dimensions[0],
        key=key,
        parameter_ids=tuple(parameter_id for dimension in dimensions for parameter_id in dimension.parameter_ids),
        own_values=tuple(own for dimension in dimensions for own in dimension.own_values),
    )
