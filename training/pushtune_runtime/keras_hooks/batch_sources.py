"""Splits a ``PyDataset`` (Keras 2: ``Sequence``) by its batches, where these are the same in each epoch."""

from typing import Any, Optional, Tuple

from pushtune_runtime.holdout import Indices, split_indices

SMALLEST_SPLIT_BATCHES = 5


def is_batch_source(data: Any) -> bool:
    """Return whether ``data`` gives its batches by number and does not change them after an epoch.

    A class with its own ``on_epoch_end`` usually shuffles there: batch 7 holds other samples in the next epoch.
    """
    import keras

    source_class: Optional[Any] = getattr(keras.utils, "PyDataset", None) or getattr(keras.utils, "Sequence", None)
    if source_class is None or not isinstance(data, source_class):
        return False
    return bool(type(data).on_epoch_end is source_class.on_epoch_end and len(data) >= SMALLEST_SPLIT_BATCHES)


def split_batches(source: Any, fraction: float) -> Tuple[Any, Any]:
    """Return two sources over different batches of ``source``: to train on, and held out."""
    parts = split_indices(len(source), fraction, None, keep_order=False)
    return _part(source, parts.train), _part(source, parts.held_out)


def _part(source: Any, batches: Indices) -> Any:
    import keras

    class Part(getattr(keras.utils, "PyDataset", None) or keras.utils.Sequence):  # type: ignore[misc]
        """Some batches of another source, which it was made from."""

        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, number: int) -> Any:
            return source[int(batches[number])]

    options = {name: getattr(source, name) for name in ("workers", "use_multiprocessing") if hasattr(source, name)}
    return Part(**options)
