"""Shuffles arrays by a permutation that depends on seed, fit and epoch alone.

Keras shuffles arrays with ``tf.random.shuffle``. Without a seed the order cannot be repeated; with a global seed
(``tf.random.set_seed``) every epoch gets the *same* order. Here each epoch has an order of its own that any process
can compute again: a resumed run sees the samples as an uninterrupted one would, and no state has to be saved.
"""

import functools
from typing import Any, Callable, Dict

import numpy as np

from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener

_FITS_LIMIT = 2**20


class EpochShuffling(FitListener):
    """Replaces the shuffling of arrays while a ``fit`` runs.

    Args:
        seed: of the run, at least 0. The script's own seeds do not change the order of the samples.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._fit_number = 0
        # Variables that the graph of the data reads once per pass.
        self._position: Any = None  # [seed of the fit, epoch]
        self._orders: Dict[int, Any] = {}  # number of samples -> the order of an epoch

    def install(self) -> None:
        """Patch Keras' adapter for arrays."""
        from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

        ArrayDataAdapter.get_tf_dataset = self._wrap(ArrayDataAdapter.get_tf_dataset)

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        self._fit_number = fit_number
        self._position = None
        self._orders = {}
        return 0

    def on_epoch_begin(self, callback_list: Any, epoch: int) -> None:
        self.begin_epoch(epoch)

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        self._fit_number = 0

    def left_out(self, error: Exception) -> None:
        self._fit_number = 0  # Keras shuffles by itself again: nobody says any more which epoch it is

    def begin_epoch(self, epoch: int) -> None:
        """Let passes over the data that start from now on belong to ``epoch``, counted from 0."""
        if self._position is not None:
            self._position.assign([self._fit_seed(), epoch])
        for samples, order in self._orders.items():
            order.assign(self._permutation(samples, epoch))

    def _fit_seed(self) -> int:
        return (self._seed % 2**40) * _FITS_LIMIT + self._fit_number % _FITS_LIMIT

    def _wrap(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(original)
        def get_tf_dataset(adapter: Any) -> Any:
            import tensorflow as tf

            # A distribution strategy copies the graph to its replicas, which cannot share the variable.
            if self._fit_number == 0 or not adapter._shuffle or tf.distribute.has_strategy():
                return original(adapter)
            shuffle = tf.random.shuffle
            tf.random.shuffle = self._within_batches() if adapter._shuffle == "batch" else self._of_all_samples(adapter)
            try:
                return original(adapter)
            finally:
                tf.random.shuffle = shuffle

        return get_tf_dataset

    def _of_all_samples(self, adapter: Any) -> Callable[[Any], Any]:
        """NumPy draws the order: a stateless shuffle in the graph takes a percent of a small model's time."""
        import tensorflow as tf

        samples = int(adapter._num_samples)
        if samples not in self._orders:
            with tf.device("CPU:0"):
                self._orders[samples] = tf.Variable(self._permutation(samples, 0), trainable=False)
        order = self._orders[samples]
        return lambda indices: tf.identity(order)

    def _permutation(self, samples: int, epoch: int) -> Any:
        generator = np.random.Generator(np.random.Philox(key=[self._fit_seed(), epoch]))
        return generator.permutation(samples).astype(np.int64)

    def _within_batches(self) -> Callable[[Any], Any]:
        import tensorflow as tf

        if self._position is None:
            with tf.device("CPU:0"):
                self._position = tf.Variable([self._fit_seed(), 0], dtype=tf.int64, trainable=False)
        position = self._position

        def shuffle(indices: Any) -> Any:
            # The first index gives each batch an order of its own.
            seed = position + tf.stack([tf.constant(0, tf.int64), indices[0] * _FITS_LIMIT])
            return tf.random.experimental.stateless_shuffle(indices, seed=seed, alg="philox")

        return shuffle
