"""Carves a hold-out out of training data: which samples, and the slices themselves. Knows no framework."""

import math
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

import numpy as np
from numpy.typing import NDArray

HOLDOUT_SEED = 20_240_917  # fixed: all trials of all runs of a script see the same hold-out, whatever their own seed
LABELS_LIMIT = 1000
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Holdout:
    """Indices of the samples to train on and of those held out, both ascending; shape (n,) each."""

    train: Indices
    held_out: Indices


def split_indices(
    samples: int,
    fraction: float,
    labels: Optional[NDArray[Any]],
    keep_order: bool,
    batch: int = 1,
    copies: Optional[Indices] = None,
) -> Holdout:
    """Return which samples are held out.

    Args:
        samples: number of samples. fraction: part to hold out, 0 < f < 1; at least one sample stays on each side.
        labels: class of each sample, shape (samples,), to hold out the same part of each class; None for none.
        keep_order: hold out the end, as ``validation_split`` does: the samples follow each other in time.
        batch: both parts hold a multiple of so many samples; what is left over is in neither.
        copies: a number from 0 for each sample; those with the same one stay together, unless the order is kept.

    Raises:
        ValueError: there are fewer than two batches.
    """
    parts = _split(samples, fraction, labels, keep_order, copies)
    return parts if batch == 1 else _in_whole_batches(parts, batch)


def _in_whole_batches(parts: Holdout, batch: int) -> Holdout:
    train, held_out = parts.train, parts.held_out
    samples = len(train) + len(held_out)
    if samples < 2 * batch:
        raise ValueError(f"{samples} samples are fewer than two batches of {batch}, which the model asks for")
    wanted = min(max(1, round(len(held_out) / batch)), samples // batch - 1) * batch
    missing = max(0, wanted - len(held_out))
    moved, surplus = train[len(train) - missing :], held_out[: len(held_out) - wanted + missing]
    train = np.sort(np.concatenate([train[: len(train) - missing], surplus]))
    held_out = np.sort(np.concatenate([moved, held_out[len(surplus) :]]))
    return Holdout(train[: len(train) // batch * batch], held_out)


def _split(
    samples: int, fraction: float, labels: Optional[NDArray[Any]], keep_order: bool, copies: Optional[Indices]
) -> Holdout:
    if keep_order:
        cut = min(samples - 1, max(1, math.floor(samples * (1 - fraction))))
        return Holdout(np.arange(cut), np.arange(cut, samples))
    generator = np.random.default_rng(HOLDOUT_SEED)
    if labels is not None and copies is not None:
        labels = labels[np.unique(copies, return_index=True)[1][copies]]  # copies count for the class of the first one
    classes = [np.arange(samples)]
    if labels is not None:
        classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    chosen = [_first_part(generator.permutation(members), fraction, copies) for members in classes]
    held_out = np.sort(np.concatenate(chosen))
    if len(held_out) == 0 or len(held_out) == samples:
        held_out = np.sort(generator.permutation(samples)[: min(samples - 1, max(1, round(samples * fraction)))])
    return Holdout(np.setdiff1d(np.arange(samples), held_out), held_out)


def _first_part(members: Indices, fraction: float, copies: Optional[Indices]) -> Indices:
    """Return ``fraction`` of the samples, from the beginning on; of a sample that begins there, all copies."""
    count = round(len(members) * fraction)
    if copies is None:
        return members[:count]
    _, first, inverse = np.unique(copies[members], return_index=True, return_inverse=True)
    begins_at = first[inverse.reshape(-1)]  # position of the first copy of each member
    _, group, sizes = np.unique(begins_at, return_inverse=True, return_counts=True)
    before = np.cumsum(sizes) - sizes
    return members[before[group.reshape(-1)] < count]


def class_labels(y: Any) -> Optional[NDArray[Any]]:
    """Return the class of each sample, shape (n,), for whole-number or one-hot targets; None for anything else."""
    if y is None or isinstance(y, (list, tuple, dict)):
        return None
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] > 1:
        one_hot = bool(np.all((values == 0) | (values == 1)) and np.all(values.sum(axis=1) == 1))
        return values.argmax(axis=1) if one_hot else None
    values = values.reshape(len(values), -1)
    if values.shape[1] != 1:
        return None
    flat = values[:, 0]
    if flat.dtype.kind == "f" and not np.all(flat == np.round(flat)):
        return None
    if flat.dtype.kind not in "iufbUSO":
        return None
    return flat if len(np.unique(flat[:100_000])) <= min(LABELS_LIMIT, max(2, len(flat) // 4)) else None


def majority_share(labels: Optional[NDArray[Any]]) -> Optional[float]:
    """Return the share of the most frequent class: what always guessing it reaches; None without classes."""
    if labels is None or len(labels) == 0:
        return None
    _, counts = np.unique(labels, return_counts=True)
    return float(counts.max() / len(labels))


def take(data: Any, indices: Indices) -> Any:
    """Return the samples ``indices`` of ``data``: an array, tensor or frame, or a list, tuple or dict of them.

    Where each index follows the one before, an array is not copied.
    """
    follow_each_other = len(indices) > 0 and bool(np.all(np.diff(indices) == 1))
    wanted = slice(int(indices[0]), int(indices[-1]) + 1) if follow_each_other else indices
    return _map(data, lambda array: _take_one(array, wanted))


def count_samples(data: Any) -> Optional[int]:
    """Return the number of samples in ``data``; None where it has none or cannot be counted."""
    while isinstance(data, (list, tuple, dict)):
        if not data:
            return None
        data = next(iter(data.values())) if isinstance(data, dict) else data[0]
    shape = getattr(data, "shape", None)
    return int(shape[0]) if shape is not None and len(shape) > 0 and shape[0] is not None else None


def _map(data: Any, function: Callable[[Any], Any]) -> Any:
    if data is None:
        return None
    if isinstance(data, dict):
        return {name: _map(item, function) for name, item in data.items()}
    if isinstance(data, (list, tuple)):
        return type(data)(_map(item, function) for item in data)
    return function(data)


def _take_one(array: Any, wanted: Union[Indices, slice]) -> Any:
    if hasattr(array, "iloc"):
        return array.iloc[wanted]
    if isinstance(wanted, slice) or isinstance(array, np.ndarray) or not hasattr(array, "numpy"):
        return array[wanted]
    import tensorflow

    return tensorflow.gather(array, wanted)
