"""Sources without a seed get one; the state between two batches comes back."""

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pushtune_runtime.keras_hooks.randomness import SeededRandomness

tf = pytest.importorskip("tensorflow")
context = pytest.importorskip("tensorflow.python.eager.context")
dataset_ops = pytest.importorskip("tensorflow.python.data.ops.dataset_ops")


@pytest.fixture
def unpatched() -> Iterator[None]:
    """Begin without a global seed, and undo the patches afterwards."""
    tf.compat.v1.set_random_seed(None)
    default_rng, shuffle = np.random.default_rng, dataset_ops.DatasetV2.shuffle
    yield
    np.random.default_rng, dataset_ops.DatasetV2.shuffle = default_rng, shuffle
    tf.compat.v1.set_random_seed(None)


def installed(seed: int) -> SeededRandomness:
    randomness = SeededRandomness(seed)
    randomness.install_numpy()
    randomness.install_tensorflow()
    return randomness


def draw() -> tuple[Any, ...]:
    return random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(), np.random.default_rng().random()


def test_the_state_of_all_generators_comes_back(unpatched: None) -> None:
    randomness = installed(1)
    random.gauss(0, 1), np.random.randn()  # an odd number of them leaves one half in store
    state = json.loads(json.dumps(randomness.capture()))
    expected = [draw() for _ in range(3)]
    randomness.restore(state)
    assert [draw() for _ in range(3)] == expected


def test_the_seeds_of_eager_operations_come_back(unpatched: None) -> None:
    randomness = installed(1)
    tf.random.set_seed(3)
    tf.random.uniform((2,))
    state = json.loads(json.dumps(randomness.capture()))
    expected = tf.random.uniform((4,)).numpy().tolist()
    context.context().clear_kernel_cache()  # a new process has none
    randomness.restore(state)
    assert tf.random.uniform((4,)).numpy().tolist() == expected


def orders(seed: int) -> list[list[list[int]]]:
    """The orders of two data sets in two epochs each."""
    installed(seed)
    datasets = [tf.data.Dataset.range(20).shuffle(20), tf.data.Dataset.range(20).shuffle(buffer_size=20)]
    return [[[int(value) for value in dataset] for _ in range(2)] for dataset in datasets]


def test_shuffles_without_a_seed_can_be_repeated_and_still_vary(unpatched: None) -> None:
    original = dataset_ops.DatasetV2.shuffle
    first = orders(1)
    dataset_ops.DatasetV2.shuffle = original
    again = orders(1)
    dataset_ops.DatasetV2.shuffle = original
    other = orders(2)
    assert first == again
    assert first != other
    distinct = {tuple(order) for dataset in first for order in dataset}
    assert len(distinct) == 4


def test_a_seed_of_the_script_wins(unpatched: None) -> None:
    expected = np.random.default_rng(7).random(), [int(v) for v in tf.data.Dataset.range(9).shuffle(9, seed=7)]
    installed(1)
    assert np.random.default_rng(7).random() == expected[0]
    assert [int(v) for v in tf.data.Dataset.range(9).shuffle(9, seed=7)] == expected[1]


def test_generators_without_a_seed_differ_from_each_other(unpatched: None) -> None:
    installed(1)
    assert np.random.default_rng().random() != np.random.default_rng().random()
