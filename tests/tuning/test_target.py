"""Targets and comparisons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.errors import InvalidTuningOption
from pushtune.tuning.target import is_better, resolve_target
from pushtune_contract.result import Objective


@pytest.mark.parametrize(
    ("metric", "direction", "wished", "expected"),
    [
        ("accuracy", "maximize", None, 0.85),
        ("Accuracy", "maximize", None, 0.85),
        ("auc", "maximize", None, 0.85),
        ("accuracy", "maximize", 0.9, 0.9),
        ("loss", "minimize", None, None),
        ("mae", "minimize", None, None),
        ("mae", "minimize", 2, 2.0),
        ("r2", "maximize", None, None),
        ("psnr", "maximize", None, None),
    ],
)
def test_target_by_metric(metric: str, direction: str, wished: float | None, expected: float | None) -> None:
    assert resolve_target(Objective(metric, direction, 0.5, 1, "holdout"), wished) == expected


@pytest.mark.parametrize("wished", [90, 1.5, -0.1])
def test_a_target_that_no_accuracy_can_have_is_refused(wished: float) -> None:
    with pytest.raises(InvalidTuningOption) as refused:
        resolve_target(Objective("accuracy", "maximize", 0.5, 1, "holdout"), wished)
    assert (refused.value.received, "such as 0.9 for 90 %" in refused.value.remedy) == (f"{wished:g}", True)
    assert resolve_target(Objective("mae", "minimize", 50.0, 1, "holdout"), 90) == 90.0


def test_any_value_is_better_than_none() -> None:
    assert is_better(0.0, None, "maximize")
    assert not is_better(None, 0.0, "maximize")
    assert not is_better(None, None, "minimize")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from(["maximize", "minimize"]))
def test_of_two_different_values_exactly_one_is_better(one: float, other: float, direction: str) -> None:
    assert is_better(one, other, direction) + is_better(other, one, direction) == (one != other)
