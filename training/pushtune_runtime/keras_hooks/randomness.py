"""Where random numbers come from, and their state between two batches.

Policy: Python's and NumPy's generators are seeded before the script starts, and the script's own seeds win, as they
come later. What would be seeded by the operating system is seeded from the run's seed instead, as long as the script
gives no seed: ``numpy.random.default_rng()`` and ``tf.data.Dataset.shuffle``. TensorFlow's global seed is left alone,
since with it stateful operations in a data pipeline draw the same numbers in each epoch.
"""

import functools
import random
from typing import Any, Callable, Dict

import numpy as np


class SeededRandomness:
    """Gives a seed of its own to each source that the script leaves unseeded.

    Args:
        seed: of the run, at least 0.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sources = 0

    def install_numpy(self) -> None:
        """Patch ``numpy.random.default_rng``; call before the script imports it by name."""
        np.random.default_rng = self._wrap_default_rng(np.random.default_rng)

    def install_tensorflow(self) -> None:
        """Patch ``tf.data.Dataset.shuffle``."""
        from tensorflow.python.data.ops.dataset_ops import DatasetV2

        DatasetV2.shuffle = self._wrap_shuffle(DatasetV2.shuffle)

    def capture(self) -> Dict[str, Any]:
        """Return the state of all generators that can be reached, as JSON data."""
        numpy_state: Any = np.random.get_state(legacy=False)
        version, words, gauss = random.getstate()
        state = {
            "sources": self._sources,
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
        random.setstate(_python_state(state["python"]))
        saved = state["numpy"]
        np.random.set_state({**saved, "state": {**saved["state"], "key": np.array(saved["state"]["key"], np.uint32)}})
        generator = _tensorflow_generator()
        if generator is not None and "tensorflow" in state:
            generator.setstate(_python_state(state["tensorflow"]))

    def _next_seed(self) -> int:
        self._sources += 1
        words = np.random.SeedSequence([self._seed, self._sources]).generate_state(1, np.uint64)
        return int(words[0]) >> 2  # as an int of Python: NumPy 1 does not shift such words

    def _wrap_default_rng(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def default_rng(seed: Any = None) -> Any:
            return original(self._next_seed() if seed is None else seed)

        return default_rng

    def _wrap_shuffle(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def shuffle(dataset: Any, buffer_size: Any, seed: Any = None, *args: Any, **kwargs: Any) -> Any:
            from tensorflow.python.eager import context

            if seed is None and context.global_seed() is None:
                seed = self._next_seed()
            return original(dataset, buffer_size, seed, *args, **kwargs)

        return shuffle


def _python_state(saved: Any) -> Any:
    version, words, gauss = saved
    return version, tuple(words), gauss


def _tensorflow_generator() -> Any:
    """Return the generator that seeds eager operations; None until ``tf.random.set_seed`` has been called."""
    from tensorflow.python.eager import context

    return getattr(context.context(), "_rng", None)
