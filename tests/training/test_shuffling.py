"""Each epoch has an order of its own, which any process can compute again."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushtune_runtime.keras_hooks.shuffling import EpochShuffling

tf = pytest.importorskip("tensorflow")
adapters = pytest.importorskip("keras.src.trainers.data_adapters.array_data_adapter")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    original = adapters.ArrayDataAdapter.get_tf_dataset
    tf.compat.v1.set_random_seed(None)
    yield
    tf.compat.v1.set_random_seed(None)
    adapters.ArrayDataAdapter.get_tf_dataset = original


class Fit:
    """The data of one ``fit``, read epoch by epoch as Keras does."""

    def __init__(self, samples: int, batch_size: int, seed: int = 5, number: int = 1, shuffle: Any = True) -> None:
        original = adapters.ArrayDataAdapter.get_tf_dataset
        self.shuffling = EpochShuffling(seed)
        self.shuffling.install()
        self.shuffling.before_fit(None, number, 3, {})
        adapter = adapters.ArrayDataAdapter(np.arange(samples), batch_size=batch_size, shuffle=shuffle)
        self.dataset = adapter.get_tf_dataset()
        adapters.ArrayDataAdapter.get_tf_dataset = original

    def epoch(self, epoch: int) -> list[list[int]]:
        self.shuffling.begin_epoch(epoch)
        return [batch.numpy().tolist() for batch in self.dataset]

    def order(self, epoch: int) -> list[int]:
        return [sample for batch in self.epoch(epoch) for sample in batch]


@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 10**6), st.integers(0, 2**63))
@settings(max_examples=15)
def test_each_epoch_sees_each_sample_once(samples: int, batch_size: int, epoch: int, seed: int) -> None:
    batches = Fit(samples, batch_size, seed).epoch(epoch)
    assert sorted(sample for batch in batches for sample in batch) == list(range(samples))
    assert {len(batch) for batch in batches[:-1]} <= {batch_size}


def test_epochs_differ_even_with_a_global_seed() -> None:
    tf.random.set_seed(1)
    fit = Fit(100, 10)
    orders = [tuple(fit.order(epoch)) for epoch in range(5)]
    assert len(set(orders)) == 5
    assert tuple(range(100)) not in orders


def test_an_epoch_is_the_same_again_whatever_came_before() -> None:
    fit = Fit(100, 10)
    third = [fit.order(epoch) for epoch in range(3)][2]
    tf.random.set_seed(1)
    assert Fit(100, 10).order(2) == third


def test_runs_and_fits_have_orders_of_their_own() -> None:
    orders = {tuple(Fit(100, 10, seed, number).order(0)) for seed in (1, 2) for number in (1, 2)}
    assert len(orders) == 4


def test_every_place_is_reached_equally_often() -> None:
    fit = Fit(8, 8)
    places = np.zeros((8, 8))
    for epoch in range(800):
        for place, sample in enumerate(fit.order(epoch)):
            places[place, sample] += 1
    # 100 are expected in each cell with a standard deviation below 10.
    assert abs(places - 100).max() < 60


def test_batches_alone_can_be_shuffled() -> None:
    fit = Fit(100, 10, shuffle="batch")
    first, second = fit.epoch(0), fit.epoch(1)
    assert [sorted(batch) for batch in first] == [list(range(start, start + 10)) for start in range(0, 100, 10)]
    assert first != second
    assert len({tuple(sample % 10 for sample in batch) for batch in first}) > 5


def test_what_is_not_shuffled_stays_as_it_is() -> None:
    assert Fit(25, 10, shuffle=False).order(0) == list(range(25))


def test_outside_of_fit_keras_shuffles_as_ever() -> None:
    shuffling = EpochShuffling(5)
    shuffling.install()
    shuffling.before_fit(None, 1, 1, {})
    shuffling.after_fit(None, 1, None)
    adapter = adapters.ArrayDataAdapter(np.arange(100), batch_size=10, shuffle=True)
    dataset = adapter.get_tf_dataset()
    orders = [[sample for batch in dataset for sample in batch.numpy().tolist()] for _ in range(2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == list(range(100))
