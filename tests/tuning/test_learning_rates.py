"""Learning rates by optimizer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.tuning.learning_rates import BANDS, UNKNOWN_OPTIMIZER, band_of, position_of, rate_at


@pytest.mark.parametrize("name", sorted(BANDS))
def test_the_rate_to_try_first_lies_in_the_band(name: str) -> None:
    band = BANDS[name]
    assert band.low < band.first <= band.high


def test_names_are_found_in_any_case_and_unknown_ones_get_a_wide_band() -> None:
    assert band_of("Adam") == BANDS["adam"]
    assert band_of("MyOptimizer") == UNKNOWN_OPTIMIZER
    assert band_of(None) == UNKNOWN_OPTIMIZER


@given(st.sampled_from(sorted(BANDS)), st.floats(0, 1))
def test_position_and_rate_are_inverse(name: str, position: float) -> None:
    band = BANDS[name]
    rate = rate_at(position, band)
    assert band.low <= rate <= band.high
    assert position_of(rate, band) == pytest.approx(position, abs=0.01)


@given(st.sampled_from(sorted(BANDS)), st.floats(1e-12, 1e6))
def test_any_rate_has_a_position(name: str, rate: float) -> None:
    assert 0.0 <= position_of(rate, BANDS[name]) <= 1.0
