"""The guess at the time of an epoch."""

import pytest
from tests.tuning.tuning_samples import parameter, weak_cnn

from pushtune.tuning.costs import is_affordable, relative_cost
from pushtune.tuning.dimensions import Point, own_point
from pushtune.tuning.search_space import build_search_space
from pushtune_contract.parameters import Value

DIMENSIONS = build_search_space(weak_cnn())


def changed(changes: dict[str, Value]) -> Point:
    """Return the script's own configuration with new values by role."""
    return {**own_point(DIMENSIONS), **{one.key: changes[one.role] for one in DIMENSIONS if one.role in changes}}


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({}, 1.0),
        ({"filters": 64}, 4.0),
        ({"filters": 64, "kernel_size": 5}, 100 / 9),
        ({"filters": 32, "units": 256}, 2.0),
        ({"units": 256}, 4.0),
        ({"batch_size": 32}, 2.0),
        ({"batch_size": 256}, 1.0),
    ],
)
def test_cost_relative_to_the_script(changes: dict[str, Value], cost: float) -> None:
    assert relative_cost(DIMENSIONS, changed(changes)) == pytest.approx(cost)


def test_layers_scaled_together_grow_on_both_sides() -> None:
    layers = [parameter("filters", "Conv2D", "filters", width, width) for width in (16, 32, 64)]
    dimensions = build_search_space(layers)
    assert relative_cost(dimensions, {"all filters": 2.0}) == 4.0


@pytest.mark.parametrize(
    ("epoch_seconds", "round_number", "affordable"),
    [(None, 1, False), (10.0, 1, False), (10.0, 3, True), (0.1, 1, True)],
)
def test_slow_trials_wait_for_later_rounds_unless_an_epoch_is_short(
    epoch_seconds: float | None, round_number: int, affordable: bool
) -> None:
    point = changed({"filters": 64, "kernel_size": 5})
    assert is_affordable(DIMENSIONS, point, epoch_seconds, round_number) is affordable
