"""Splits the iterators of ``ImageDataGenerator``: the held-out images are neither trained on nor augmented."""

import copy
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from pushtune_runtime.holdout import Indices, class_labels, majority_share, split_indices

# Settings of ImageDataGenerator that change an image at random, with the values that leave it alone.
NO_AUGMENTATION = {
    "rotation_range": 0, "width_shift_range": 0.0, "height_shift_range": 0.0, "brightness_range": None,
    "shear_range": 0.0, "zoom_range": [1.0, 1.0], "channel_shift_range": 0.0,
    "horizontal_flip": False, "vertical_flip": False,
}  # fmt: skip


@dataclass(frozen=True)
class IteratorSplit:
    """Two iterators over different images of the same source."""

    train: Any
    held_out: Any
    train_samples: int
    held_out_samples: int
    chance: Optional[float]


def is_image_iterator(data: Any) -> bool:
    """Return whether ``data`` is an iterator of ``ImageDataGenerator`` over a known number of images."""
    return all(hasattr(data, name) for name in ("image_data_generator", "index_array", "_set_index_array", "n"))


def splits_itself(iterator: Any) -> bool:
    """Return whether the script has asked the generator for a validation part of its own."""
    return bool(getattr(iterator.image_data_generator, "_validation_split", 0.0))


def split_iterator(iterator: Any, fraction: float) -> IteratorSplit:
    """Return two copies of ``iterator``: one over the images to train on, one over those held out, without changes."""
    labels = class_labels(getattr(iterator, "y", None) if hasattr(iterator, "y") else iterator.labels)
    parts = split_indices(int(iterator.n), fraction, labels, keep_order=False)
    held_out = _part(iterator, parts.held_out)
    held_out.shuffle = False
    held_out.image_data_generator = copy.copy(iterator.image_data_generator)
    for name, value in NO_AUGMENTATION.items():
        setattr(held_out.image_data_generator, name, value)
    return IteratorSplit(
        train=_part(iterator, parts.train),
        held_out=held_out,
        train_samples=len(parts.train),
        held_out_samples=len(parts.held_out),
        chance=majority_share(None if labels is None else labels[parts.held_out]),
    )


def _part(iterator: Any, indices: Indices) -> Any:
    part = copy.copy(iterator)
    part.n = len(indices)
    part.total_batches_seen = 0
    part.batch_index = 0
    part.index_array = None

    def set_index_array() -> None:
        part.index_array = np.random.permutation(indices) if part.shuffle else indices

    part._set_index_array = set_index_array
    part.index_generator = part._flow_index()
    return part
