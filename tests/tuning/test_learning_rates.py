"""Learning rates by optimizer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.tuning.learning_rates import (
    BANDS,
    BOOSTING,
    Band,
    band_of,
    boldness_for,
    emboldened,
    position_of,
    rate_at,
)


@pytest.mark.parametrize("name", sorted(BANDS))
def test_the_rate_to_try_first_lies_in_the_band(name: str) -> None:
    band = BANDS[name]
    assert band.low < band.first <= band.high


def test_names_are_found_in_any_case_and_what_is_unknown_stays_near_the_script() -> None:
    assert band_of("Adam", 0.5) == BANDS["adam"]
    assert band_of("GradientBoostingClassifier", 0.3) == BOOSTING
    unknown = band_of("MyOptimizer", 0.02)
    assert (unknown.low, unknown.first, unknown.high) == pytest.approx((0.002, 0.02, 0.2))


@given(st.sampled_from(sorted(BANDS)), st.floats(0, 1))
def test_position_and_rate_are_inverse(name: str, position: float) -> None:
    band = BANDS[name]
    rate = rate_at(position, band)
    assert band.low <= rate <= band.high
    assert position_of(rate, band) == pytest.approx(position, abs=0.01)


@given(st.sampled_from(sorted(BANDS)), st.floats(1e-12, 1e6))
def test_any_rate_has_a_position(name: str, rate: float) -> None:
    assert 0.0 <= position_of(rate, BANDS[name]) <= 1.0


@pytest.mark.parametrize(("updates", "boldness"), [(100_000, 1.0), (10_000, 1.0), (2_500, 2.0), (10, 5.0), (0, 5.0)])
def test_few_updates_ask_for_larger_steps(updates: float, boldness: float) -> None:
    assert boldness_for(updates) == pytest.approx(boldness)


def test_only_the_rate_to_try_first_and_the_upper_end_grow() -> None:
    assert emboldened(BANDS["adam"], 4.0, "Adam") == Band(3e-4, 4e-3, 8e-3)
    assert emboldened(BANDS["adam"], 1.5, "adam") == Band(3e-4, 1.5e-3, 5e-3)
    assert emboldened(BANDS["adadelta"], 4.0, "adadelta") == BANDS["adadelta"]
    assert emboldened(BOOSTING, 4.0, "GradientBoostingRegressor") == BOOSTING
