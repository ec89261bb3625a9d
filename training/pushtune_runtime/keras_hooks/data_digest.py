"""Tells whether two processes of a run have the same data, or two moments of one: what a script reads may change."""

import hashlib
from typing import Any, Dict

import numpy as np

PARTS = ("x", "y", "sample_weight", "validation_data")
LIMIT_BYTES = 1024 * 1024  # of each array, a millisecond's work; of larger ones rows are taken, spread evenly


def digest_of(arguments: Dict[str, Any], dataset: Any) -> str:
    """Return a digest of what ``fit`` was given; only arrays are looked into, since reading other data moves it on.

    Args:
        arguments: of ``fit``, by name. dataset: the data as TensorFlow reads it, or None: what it is made of counts.
    """
    import tensorflow as tf

    digest = hashlib.blake2b(digest_size=16)
    for leaf in tf.nest.flatten([arguments.get(name) for name in PARTS]):
        if len(getattr(leaf, "shape", ())) > 0:
            digest.update(_described(leaf))
    if isinstance(dataset, tf.data.Dataset):
        digest.update(repr((dataset.element_spec, int(dataset.cardinality()))).encode())
    return digest.hexdigest()


def _described(array: Any) -> bytes:
    """Return shape and rows of anything like an array; the shape alone where its rows cannot be taken."""
    shape = tuple(array.shape)
    head = repr(shape).encode()
    try:
        rows = array.tocsr() if hasattr(array, "tocsr") else array
        row_bytes = max(1, 8 * int(np.prod(shape[1:], dtype=np.float64)))
        chosen = rows[:: max(1, shape[0] * row_bytes // LIMIT_BYTES)]
        return head + _bytes_of(chosen.data if hasattr(array, "tocsr") else np.asarray(chosen))
    except (TypeError, ValueError, AttributeError, IndexError):
        return head


def _bytes_of(values: Any) -> bytes:
    if values.dtype.kind != "O":
        return np.ascontiguousarray(values).tobytes()
    # Of other objects the text may hold an address, which differs each time.
    plain = [value if isinstance(value, (str, bytes, int, float)) else type(value).__name__ for value in values.flat]
    return repr(plain).encode()
