"""Which values are worth trying for one argument: the literal's type does not decide, the argument does."""

import pytest
from tests.tuning.tuning_samples import parameter

from pushtune.tuning.configurations import overrides_of
from pushtune.tuning.dimensions import own_point
from pushtune.tuning.ranges import range_of
from pushtune.tuning.search_space import build_search_space


@pytest.mark.parametrize("value", [1, 1.0])
@pytest.mark.parametrize(
    ("argument", "low", "high"),
    [("C", 0.01, 100.0), ("alpha", 0.01, 100.0), ("gamma", 0.01, 100.0), ("l1_ratio", 0.0, 1.0),
     ("subsample", 0.5, 1.0)],
)  # fmt: skip
def test_a_continuous_argument_has_its_range_however_it_is_written(
    argument: str, low: float, high: float, value: float
) -> None:
    (dimension,) = build_search_space([parameter("other", "SVC", argument, value, 4)])
    assert (dimension.kind, dimension.low, dimension.high) == ("float", low, high)
    assert overrides_of([dimension], own_point([dimension])) == {}


@pytest.mark.parametrize("argument", ["max_depth", "max_iter", "min_samples_leaf", "n_estimators", "n_neighbors"])
def test_what_counts_things_stays_whole(argument: str) -> None:
    found = range_of(parameter("other", "Estimator", argument, 8, 4))
    assert found is not None
    assert found.kind == "int"
    assert all(type(choice) is int for choice in found.choices)


def test_a_share_of_the_samples_stays_a_share() -> None:
    found = range_of(parameter("other", "Estimator", "min_samples_leaf", 0.1, 4))
    assert found is not None
    assert (found.kind, found.high) == ("float", 0.4)


def test_a_number_of_samples_is_no_share() -> None:
    assert range_of(parameter("other", "KBinsDiscretizer", "subsample", 200_000, 4)) is None
