"""Where random numbers come from, and their state between two batches.

Policy: Python's and NumPy's generators are seeded before the script starts, and the script's own seeds win, as they
come later. What would be seeded by the operating system is seeded from the run's seed instead, as long as the script
gives no seed: generators of NumPy and of Python, ``random.seed()``, ``tf.data.Dataset.shuffle``, and operations of
TensorFlow that run at once. Seeds that it does give are the same in all processes of a run (``given_seeds``).
TensorFlow's global seed is left alone, since with it stateful operations in a data pipeline draw the same
numbers in each epoch; operations in graphs therefore stay without a seed, and ``unseeded`` says that there are some.
"""

import functools
import random
from typing import Any, Callable, Dict

import numpy as np

from pushtune_runtime.keras_hooks.given_seeds import GivenSeeds

# Classes of ``numpy.random`` that take fresh numbers from the operating system when they are given no seed.
UNSEEDED_CLASSES = ("RandomState", "SeedSequence", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
# TensorFlow keeps a kernel of about 36 KB for each seed that an operation has had: a loop must not fill the memory.
SEEDED_OPERATIONS = 1000


class SeededRandomness:
    """Gives a seed of its own to each source that the script leaves unseeded.

    Args:
        seed: of the run, at least 0.
        given: the seeds that the script gives.

    Attributes:
        unseeded: whether an operation of TensorFlow has stayed without any seed.
    """

    def __init__(self, seed: int, given: GivenSeeds) -> None:
        self._seed = seed
        self.given = given
        self._sources = 0
        self._operations = 0
        self.unseeded = False

    def install_numpy(self) -> None:
        """Patch what NumPy and Python seed by themselves; call before the script imports any of it by name."""
        np.random.default_rng = self._wrap_default_rng(np.random.default_rng)
        for name in UNSEEDED_CLASSES:
            next_seed = self._legacy_seed if name == "RandomState" else self._next_seed
            if hasattr(np.random, name):
                setattr(np.random, name, _seeded_class(getattr(np.random, name), name, next_seed, self._with_repeated))
        np.random.seed = self._wrap_seed(np.random.seed)
        random.seed = self._wrap_seed(random.seed)
        random.Random.seed = self._wrap_generator(random.Random.seed)  # type: ignore[method-assign]

    def install_tensorflow(self) -> None:
        """Patch ``tf.data.Dataset.shuffle``, and where operations and generators of TensorFlow get their seeds."""
        import tensorflow as tf
        from tensorflow.python.data.ops.dataset_ops import DatasetV2
        from tensorflow.python.framework import random_seed
        from tensorflow.python.ops.stateful_random_ops import Generator

        DatasetV2.shuffle = self._wrap_shuffle(DatasetV2.shuffle)
        random_seed.get_seed = self._wrap_get_seed(random_seed.get_seed)
        tf.random.set_seed = self._wrap_global_seed(tf.random.set_seed)
        Generator.from_non_deterministic_state = classmethod(self._generator_from_seed)

    def capture(self) -> Dict[str, Any]:
        """Return the state of all generators that can be reached, as JSON data."""
        numpy_state: Any = np.random.get_state(legacy=False)
        version, words, gauss = random.getstate()
        state = {
            "sources": self._sources,
            "operations": self._operations,
            "python": [version, list(words), gauss],
            "numpy": {**numpy_state, "state": {**numpy_state["state"], "key": numpy_state["state"]["key"].tolist()}},
        }
        generator = _tensorflow_generator()
        if generator is not None:
            version, words, gauss = generator.getstate()
            state["tensorflow"] = [version, list(words), gauss]
        return state

    def restore(self, state: Dict[str, Any]) -> None:
        """Continue from ``state``, which ``capture`` returned."""
        self._sources = state["sources"]
        self._operations = state.get("operations", 0)
        random.setstate(_python_state(state["python"]))
        saved = state["numpy"]
        np.random.set_state({**saved, "state": {**saved["state"], "key": np.array(saved["state"]["key"], np.uint32)}})
        generator = _tensorflow_generator()
        if generator is not None and "tensorflow" in state:
            generator.setstate(_python_state(state["tensorflow"]))

    def _next_seed(self) -> int:
        self._sources += 1
        return _derived(self._seed, self._sources)

    def _legacy_seed(self) -> int:
        return self._next_seed() % 2**32  # NumPy's older generators take no more

    def _wrap_seed(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def seed(*args: Any, **kwargs: Any) -> None:
            if _gives_nothing(args, kwargs):
                return original(self._legacy_seed())
            self._with_repeated(original, args, kwargs)
            return None

        return seed

    def _with_repeated(self, original: Callable[..., Any], args: Any, kwargs: Dict[str, Any]) -> Any:
        """Call ``original``, whose first argument is a seed that the script gives."""
        for name in {"seed", "entropy"} & set(kwargs):
            kwargs = {**kwargs, name: self.given.repeated(kwargs[name])}
        return original(*map(self.given.repeated, args[:1]), *args[1:], **kwargs)

    def _wrap_generator(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def seed(generator: random.Random, a: Any = None, *args: Any, **kwargs: Any) -> None:
            if self.given.is_given_by_script():
                a = self._next_seed() if a is None else self.given.repeated(a)
            original(generator, a, *args, **kwargs)

        return seed

    def _wrap_global_seed(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        @functools.wraps(original)
        def set_seed(seed: Any) -> None:
            original(self.given.repeated(seed))

        return set_seed

    def _wrap_default_rng(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def default_rng(seed: Any = None) -> Any:
            return original(self._next_seed() if seed is None else self.given.repeated(seed))

        return default_rng

    def _wrap_shuffle(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def shuffle(dataset: Any, buffer_size: Any, seed: Any = None, *args: Any, **kwargs: Any) -> Any:
            from tensorflow.python.eager import context

            if seed is not None:
                seed = self.given.repeated(seed)
            elif context.global_seed() is None:
                seed = self._next_seed()
            return original(dataset, buffer_size, seed, *args, **kwargs)

        return shuffle

    def _wrap_get_seed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def get_seed(op_seed: Any) -> Any:
            from tensorflow.python.eager import context

            if op_seed is None and context.executing_eagerly() and context.global_seed() is None:
                self._operations += 1
                if self._operations <= SEEDED_OPERATIONS:
                    return divmod(_derived(self._seed, 0, self._operations), 2**31)
            seeds = original(op_seed)
            self.unseeded = self.unseeded or seeds == (None, None)
            return seeds

        return get_seed

    def _generator_from_seed(self, generator_class: Any, alg: Any = None) -> Any:
        return generator_class.from_seed(self._next_seed(), alg=alg)


def _gives_nothing(args: Any, kwargs: Dict[str, Any]) -> bool:
    return all(value is None for value in (*args, *kwargs.values()))


def _seeded_class(original: Any, name: str, next_seed: Callable[[], int], with_repeated: Callable[..., Any]) -> Any:
    """Return a class in place of ``original``: it makes its instances, and classes of scripts can inherit from it."""

    class Seeded(type(original)):  # type: ignore[misc]
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            if cls is not replacement:
                return super().__call__(*args, **kwargs)
            return original(next_seed()) if _gives_nothing(args, kwargs) else with_repeated(original, args, kwargs)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, original) if cls is replacement else super().__instancecheck__(instance)

        def __subclasscheck__(cls, other: type) -> bool:
            return issubclass(other, original) if cls is replacement else super().__subclasscheck__(other)

    # The module and the name are where pickle looks for the class.
    described = {"__doc__": original.__doc__, "__module__": "numpy.random", "__qualname__": name}
    replacement: Any = Seeded(name, (original,), described)
    return replacement


def _derived(*numbers: int) -> int:
    """Return a seed of 62 bits that depends on ``numbers`` alone."""
    words = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return int(words[0]) >> 2  # as an int of Python: NumPy 1 does not shift such words


def _python_state(saved: Any) -> Any:
    version, words, gauss = saved
    return version, tuple(words), gauss


def _tensorflow_generator() -> Any:
    """Return the generator that seeds eager operations; None until ``tf.random.set_seed`` has been called."""
    from tensorflow.python.eager import context

    return getattr(context.context(), "_rng", None)
