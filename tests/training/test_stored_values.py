"""Values of the script become bytes and come back equal, what is held elsewhere as the very object that is there."""

import random
import threading
from collections import deque
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushtune_runtime.keras_hooks import stored_values
from pushtune_runtime.keras_hooks.stored_values import Unstorable, digest_of, refill, restored, stored

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Held:
    """Something that is held elsewhere."""


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_a_value_comes_back_equal(value: Any) -> None:
    assert restored(stored(value, {}), {}) == value
    assert digest_of(value, {}) == digest_of(value, {})


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES), st.lists(VALUES))
def test_a_list_is_refilled_in_place(before: list[Any], after: list[Any]) -> None:
    current = list(before)
    assert refill(current, restored(stored(after, {}), {}))
    assert current == after


def test_what_is_held_elsewhere_stays_the_same_object() -> None:
    first, second = Held(), Held()
    content = stored({"best": [first, 1]}, {id(first): "path of it"})
    back = restored(content, {"path of it": second})
    assert back["best"][0] is second


@pytest.mark.parametrize("value", [threading.Lock(), [threading.Lock()], lambda: 1, (number for number in range(3))])
def test_what_cannot_be_stored_is_refused_and_has_no_digest(value: Any) -> None:
    assert digest_of(value, {}) is None
    with pytest.raises(Unstorable):
        stored(value, {})


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (np.zeros(500_000), lambda value: value.__setitem__(499_999, 1e-300)),
        (np.zeros((1000, 1000), order="F"), lambda value: value.__setitem__((3, 4), 1.0)),
        (list(range(stored_values.MANY + 1)), lambda value: value.append(1)),
        (dict.fromkeys(range(stored_values.MANY + 1)), lambda value: value.update({-1: 1})),
        (set(range(stored_values.MANY + 1)), lambda value: value.add(-1)),
    ],
)
def test_what_is_large_is_told_from_what_it_was(value: Any, change: Any) -> None:
    before = digest_of(value, {})
    assert digest_of(value, {}) == before
    change(value)
    assert digest_of(value, {}) not in (None, before)


@pytest.mark.parametrize(
    ("current", "value"),
    [
        (bytearray(b"1"), bytearray(b"23")), ({1}, {2, 3}), (deque([1], maxlen=2), deque([2, 3], maxlen=2)),
        (np.zeros(3), np.arange(3.0)),
    ],
)  # fmt: skip
def test_mutable_values_are_refilled(current: Any, value: Any) -> None:
    same = current
    assert refill(current, value)
    assert same is current
    assert np.array_equal(list(current), list(value))


def test_an_array_of_another_shape_takes_the_place_of_the_old_one() -> None:
    assert not refill(np.zeros(3), np.zeros(4))
    assert not refill(np.zeros(3, "float32"), np.zeros(3))
    fixed = np.zeros(3)
    fixed.flags.writeable = False
    assert not refill(fixed, np.ones(3))


@pytest.mark.parametrize(
    ("make", "draw"),
    [
        (lambda: random.Random(1), lambda generator: generator.random()),
        (lambda: np.random.default_rng(1), lambda generator: generator.random()),
        (lambda: np.random.RandomState(1), lambda generator: generator.rand()),
    ],
)
def test_a_generator_goes_on_where_it_stood(make: Any, draw: Any) -> None:
    generator, other = make(), make()
    draw(generator)
    assert refill(other, restored(stored(generator, {}), {}))
    assert draw(other) == draw(generator)


def test_what_is_too_much_to_be_looked_at_has_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = [[number] for number in range(100)]
    assert digest_of(nested, {}) is not None
    monkeypatch.setattr(stored_values, "OBJECTS_LIMIT", 100)
    assert digest_of(nested, {}) is None
