"""Targets and comparisons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.tuning.target import is_better, meets, resolve_target
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


def test_target_is_met_at_the_very_value() -> None:
    assert meets(0.85, 0.85, "maximize")
    assert meets(2.0, 2.0, "minimize")
    assert not meets(0.8499, 0.85, "maximize")
    assert not meets(2.01, 2.0, "minimize")


def test_nothing_is_met_without_value_or_target() -> None:
    assert not meets(None, 0.85, "maximize")
    assert not meets(0.99, None, "maximize")


def test_any_value_is_better_than_none() -> None:
    assert is_better(0.0, None, "maximize")
    assert not is_better(None, 0.0, "maximize")
    assert not is_better(None, None, "minimize")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from(["maximize", "minimize"]))
def test_of_two_different_values_exactly_one_is_better(one: float, other: float, direction: str) -> None:
    assert is_better(one, other, direction) + is_better(other, one, direction) == (one != other)
