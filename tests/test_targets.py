"""One rule says whether a target is reached, for all stages."""

import struct

import pytest

from pushtune.targets import meets


def as_float32(value: float) -> float:
    (rounded,) = struct.unpack("f", struct.pack("f", value))
    return float(rounded)


def test_target_is_met_at_the_very_value() -> None:
    assert meets(0.85, 0.85, "maximize")
    assert meets(2.0, 2.0, "minimize")
    assert meets(0.0, 0.0, "minimize")
    assert not meets(0.8499, 0.85, "maximize")
    assert not meets(2.01, 2.0, "minimize")


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
@pytest.mark.parametrize("hundredths", range(1, 101))
def test_a_number_that_was_rounded_to_float32_meets_its_target(hundredths: int, direction: str) -> None:
    assert meets(as_float32(hundredths / 100), hundredths / 100, direction)


def test_a_single_sample_of_a_hundred_thousand_decides() -> None:
    assert not meets(0.89999, 0.9, "maximize")


def test_nothing_is_met_without_value_or_target() -> None:
    assert not meets(None, 0.85, "maximize")
    assert not meets(0.99, None, "maximize")
