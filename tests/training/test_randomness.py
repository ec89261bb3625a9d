"""Sources without a seed get one; the state between two batches comes back."""

import json
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pushtune_contract.request import TrialRequest
from pushtune_runtime.keras_hooks import randomness as randomness_module
from pushtune_runtime.keras_hooks.given_seeds import GivenSeeds
from pushtune_runtime.keras_hooks.randomness import SeededRandomness
from pushtune_runtime.session import Session

tf = pytest.importorskip("tensorflow")
context = pytest.importorskip("tensorflow.python.eager.context")
random_seed = pytest.importorskip("tensorflow.python.framework.random_seed")
dataset_ops = pytest.importorskip("tensorflow.python.data.ops.dataset_ops")


@pytest.fixture
def unpatched() -> Iterator[None]:
    """Begin without a global seed, and undo the patches afterwards."""
    tf.compat.v1.set_random_seed(None)
    of_numpy, shuffle, seed = dict(vars(np.random)), dataset_ops.DatasetV2.shuffle, random.seed
    of_python, global_seed = random.Random.seed, tf.random.set_seed
    get_seed, generator = random_seed.get_seed, vars(tf.random.Generator)["from_non_deterministic_state"]
    yield
    random_seed.get_seed, tf.random.Generator.from_non_deterministic_state = get_seed, generator
    random.Random.seed, tf.random.set_seed = of_python, global_seed
    vars(np.random).update(of_numpy)
    dataset_ops.DatasetV2.shuffle, random.seed = shuffle, seed
    tf.compat.v1.set_random_seed(None)


def installed(seed: int) -> SeededRandomness:
    session = Session(TrialRequest(mode="retrain", entry="train.py"), Path("no trial"), Path("no code"))
    randomness = SeededRandomness(seed, GivenSeeds(session))
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


def draw_unseeded() -> list[Any]:
    """Draw from everything that NumPy and Python seed from the operating system."""
    np.random.seed()
    random.seed()
    drawn: list[Any] = [np.random.rand(), random.random()]
    np.random.seed(None)
    random.seed(None)
    drawn += [np.random.rand(), random.random()]
    drawn += [np.random.RandomState().rand(), np.random.RandomState(seed=None).rand()]
    drawn += [np.random.Generator(kind()).random() for kind in (np.random.PCG64, np.random.MT19937)]
    return [*drawn, np.random.SeedSequence().entropy]


def test_what_is_seeded_by_the_system_is_seeded_by_the_run(unpatched: None) -> None:
    originals = dict(vars(np.random)), random.seed
    draws = []
    for seed in (1, 1, 2):
        installed(seed)
        draws.append(draw_unseeded())
        vars(np.random).update(originals[0])
        random.seed = originals[1]
    assert draws[0] == draws[1]
    assert len({*draws[0], *draws[2]}) == 2 * len(draws[0]), "no two sources are alike"


def test_random_state_stays_a_class(unpatched: None) -> None:
    original = np.random.RandomState
    expected = original(7).rand()
    installed(1)
    state: Any = np.random.RandomState()
    assert type(state) is original and isinstance(state, np.random.RandomState)
    assert np.random.RandomState(7).rand() == expected
    assert pickle.loads(pickle.dumps(np.random.RandomState)) is np.random.RandomState
    assert pickle.loads(pickle.dumps(state)).rand() == state.rand()

    class Named(np.random.RandomState):
        def __init__(self, name: str = "") -> None:
            super().__init__(7)
            self.name = name

    assert Named().rand() == expected and Named("a").name == "a"
    assert isinstance(Named(), np.random.RandomState) and not isinstance(state, Named)


def test_a_seed_that_is_given_to_python_or_numpy_wins(unpatched: None) -> None:
    installed(1)
    np.random.seed(seed=3)
    random.seed("a text", version=2)
    assert np.random.rand() == np.random.RandomState(3).rand()
    assert random.random() == random.Random("a text").random()


def draw_with_tensorflow() -> list[Any]:
    """Draw three times from each thing that TensorFlow has and seeds from the operating system."""
    drawn: list[Any] = []
    for _ in range(3):
        drawn += [tuple(tf.random.shuffle(tf.range(30)).numpy().tolist()), float(tf.random.normal(()))]
        drawn += [next(iter(tf.data.Dataset.random())).numpy()]
        drawn += [float(tf.random.Generator.from_non_deterministic_state().uniform(()))]
    return drawn


def test_operations_that_run_at_once_are_seeded_by_the_run(unpatched: None) -> None:
    get_seed, draws = random_seed.get_seed, []
    for seed in (1, 1, 2):
        context.context().clear_kernel_cache()  # a new process has none
        randomness = installed(seed)
        draws.append(draw_with_tensorflow())
        assert not randomness.unseeded
        random_seed.get_seed = get_seed
    assert draws[0] == draws[1]
    assert len({*draws[0], *draws[2]}) == 2 * len(draws[0]), "no two draws are alike"


def test_a_seed_of_the_script_for_tensorflow_wins(unpatched: None) -> None:
    installed(1)
    with_operation_seed = tf.random.uniform((3,), seed=5).numpy().tolist()
    tf.random.set_seed(3)
    with_global_seed = tf.random.uniform((3,)).numpy().tolist()
    vars(random_seed)["get_seed"] = random_seed.get_seed.__wrapped__
    tf.random.set_seed(3)
    assert tf.random.uniform((3,)).numpy().tolist() == with_global_seed
    tf.compat.v1.set_random_seed(None)
    assert tf.random.uniform((3,), seed=5).numpy().tolist() == with_operation_seed


def test_operations_go_on_after_a_resume_as_they_would_have(unpatched: None) -> None:
    randomness = installed(1)
    tf.random.normal((2,))
    state = json.loads(json.dumps(randomness.capture()))
    expected = tf.random.normal((2,)).numpy().tolist()
    randomness.restore(state)
    context.context().clear_kernel_cache()
    assert tf.random.normal((2,)).numpy().tolist() == expected


def test_operations_that_stay_without_a_seed_are_told(unpatched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    get_seed = random_seed.get_seed
    in_a_graph = installed(1)
    tf.function(lambda: tf.random.normal((2,)))()
    assert in_a_graph.unseeded
    random_seed.get_seed = get_seed
    in_a_loop = installed(1)
    monkeypatch.setattr(randomness_module, "SEEDED_OPERATIONS", 3)
    for number in range(5):
        tf.random.normal((2,))
        assert in_a_loop.unseeded is (number >= 3)
