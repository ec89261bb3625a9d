"""What a function names is read from its code; a look at a clock, or at shared random numbers, is seen as well."""

import datetime
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from random import choice
from time import perf_counter as now
from typing import Any

import numpy as np
import pytest

from pushtune_runtime.keras_hooks.script_code import draws_from_shared_generator, names_of, reads_clock

counted = 0


class Kept:
    value = 0
    time = 1.0


def names(kept: Any) -> Any:
    def inner() -> int:
        global counted
        counted += 1
        return counted

    kept.value = Kept.time
    return inner


def test_names_of_inner_functions_count() -> None:
    found = names_of(names.__code__)
    assert {"counted", "Kept"} <= found.read
    assert (found.assigned, found.assigned_attributes) == ({"counted"}, {"value"})
    assert "time" in found.attributes


def closed() -> Callable[[], Any]:
    import time as clock

    return lambda: clock.monotonic()


def inside() -> Any:
    import time

    return time.time()


CLOCKS: list[Any] = [
    lambda: time.time(), lambda: now(), lambda: datetime.datetime.now(), lambda: datetime.date.today(),
    lambda: os.urandom(3), lambda: uuid.uuid4(), lambda: secrets.token_hex(), inside, closed(),
]  # fmt: skip
NO_CLOCKS: list[Any] = [
    lambda: time.sleep(0), lambda: Kept.time, lambda: os.getpid(), lambda: datetime.timedelta(1), lambda: names(Kept),
]  # fmt: skip


@pytest.mark.parametrize("function", CLOCKS)
def test_a_look_at_a_clock_is_seen(function: Any) -> None:
    assert reads_clock(function)


@pytest.mark.parametrize("function", NO_CLOCKS)
def test_other_uses_of_the_same_modules_are_no_look_at_a_clock(function: Any) -> None:
    assert not reads_clock(function)


@pytest.mark.parametrize("function", [lambda: random.random(), lambda: choice([1]), lambda: np.random.uniform()])
def test_drawing_from_what_everybody_shares_is_seen(function: Any) -> None:
    assert draws_from_shared_generator(function)


@pytest.mark.parametrize(
    "function", [lambda: np.random.default_rng(1).uniform(), lambda: np.zeros(3), lambda: random.Random(3)]
)
def test_a_generator_of_its_own_is_no_shared_one(function: Any) -> None:
    assert not draws_from_shared_generator(function)
