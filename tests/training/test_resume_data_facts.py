"""What is read from the graph of a data pipeline."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pushtune_runtime.keras_hooks.data_facts import DataFacts, describe_data

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
trainer = pytest.importorskip("keras.src.backend.tensorflow.trainer")

PyDataset: Any = keras.utils.PyDataset
X = np.zeros((20, 8, 8, 1), "float32")
Y = np.zeros(20, "int32")


@pytest.fixture(autouse=True)
def without_a_global_seed() -> Iterator[None]:
    tf.compat.v1.set_random_seed(None)
    yield
    tf.compat.v1.set_random_seed(None)


def facts(x: Any, y: Any = None, **options: Any) -> DataFacts:
    return describe_data(trainer.TFEpochIterator(x=x, y=y, distribute_strategy=tf.distribute.get_strategy(), **options))


def images() -> Any:
    return tf.data.Dataset.from_tensor_slices((X, Y))


def flipped(image: Any, label: Any) -> Any:
    return tf.image.random_flip_left_right(image), label


def generated() -> Iterator[Any]:
    while True:
        yield X[:2], Y[:2]


class Batches(PyDataset):  # type: ignore[misc]
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return X[:2], Y[:2]


def test_arrays_are_reached_by_the_number_of_the_epoch() -> None:
    assert facts(X, Y, shuffle=True) == DataFacts(arrays=True, replayed=False, python=False, inexact="")


def test_arrays_whose_pass_spans_epochs_are_replayed() -> None:
    assert facts(X, Y, shuffle=True, batch_size=5, steps_per_epoch=3).replayed


@pytest.mark.parametrize(
    "dataset",
    [
        images().batch(4).prefetch(2),
        images().map(lambda image, label: (image / 255.0, label), num_parallel_calls=4).cache().batch(4),
        tf.data.Dataset.zip((images(), images())).concatenate(tf.data.Dataset.zip((images(), images()))).batch(2),
    ],
    ids=["plain", "parallel", "zip"],
)
def test_passes_that_are_all_the_same_are_not_replayed(dataset: Any) -> None:
    assert facts(dataset) == DataFacts(arrays=False, replayed=False, python=False, inexact="")


@pytest.mark.parametrize("steps", [None, 3])
def test_shuffled_data_is_replayed_exactly(steps: "int | None") -> None:
    found = facts(images().shuffle(10, seed=1).batch(4).repeat(), steps_per_epoch=steps)
    assert found == DataFacts(arrays=False, replayed=True, python=False, inexact="")


def test_a_shuffle_inside_of_a_function_is_seen() -> None:
    inner = images().interleave(lambda image, label: tf.data.Dataset.from_tensors((image, label)).shuffle(3)).batch(4)
    assert facts(inner).replayed


def test_random_numbers_without_a_seed_are_inexact() -> None:
    inexact = facts(images().map(flipped).batch(4)).inexact
    assert "without a seed (tf.random.set_seed in the script gives one)" in inexact


def test_random_numbers_with_a_seed_are_replayed_exactly() -> None:
    tf.random.set_seed(1)
    found = facts(images().map(flipped).batch(4))
    assert (found.replayed, found.inexact) == (True, "")


@pytest.mark.parametrize("deterministic", [True, False])
def test_an_order_that_depends_on_timing_is_inexact(deterministic: bool) -> None:
    def scaled(image: Any, label: Any) -> Any:
        return image / 255.0, label

    dataset = images().map(scaled, num_parallel_calls=4, deterministic=deterministic).batch(4)
    assert ("depends on timing" in facts(dataset).inexact) is not deterministic


def test_random_numbers_in_parallel_are_inexact() -> None:
    tf.random.set_seed(1)
    assert "in parallel" in facts(images().map(flipped, num_parallel_calls=4).batch(4)).inexact


@pytest.mark.parametrize("parallel", [None, 4, tf.data.AUTOTUNE])
@pytest.mark.parametrize("operation", [tf.numpy_function, tf.py_function])
def test_python_code_in_parallel_is_inexact(operation: Any, parallel: "int | None") -> None:
    def noisy(image: Any, label: Any) -> Any:
        return operation(lambda array: array + np.random.rand(), [image], tf.float32), label

    found = facts(images().map(noisy, num_parallel_calls=parallel).batch(4))
    assert found.python
    assert ("in parallel" in found.inexact) is (parallel is not None)


def test_layers_that_augment_keep_a_state() -> None:
    augment = keras.Sequential([keras.layers.RandomFlip(seed=1)])
    assert facts(images().batch(4).map(lambda image, label: (augment(image, training=True), label))).replayed


def test_python_code_is_seen() -> None:
    spec = (tf.TensorSpec((2, 8, 8, 1)), tf.TensorSpec((2,), tf.int32))
    assert facts(tf.data.Dataset.from_generator(generated, output_signature=spec)).python
    assert facts(generated(), steps_per_epoch=5) == DataFacts(arrays=False, replayed=True, python=True, inexact="")
    assert facts(Batches()) == DataFacts(arrays=False, replayed=True, python=True, inexact="")


def test_several_workers_are_inexact() -> None:
    assert "several workers load the data" in facts(Batches(workers=2)).inexact
