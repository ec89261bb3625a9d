"""Takes a hold-out from whatever ``fit`` is given: arrays, a ``tf.data`` data set, images of ``ImageDataGenerator``."""

from dataclasses import dataclass
from typing import Any, Optional, Tuple

from pushtune_runtime.call_sites import CallSites
from pushtune_runtime.equal_rows import groups_of_equal_rows, share_of_equal_rows
from pushtune_runtime.holdout import class_labels, count_samples, majority_share, split_indices, take
from pushtune_runtime.keras_hooks.batch_sources import is_batch_source, split_batches
from pushtune_runtime.keras_hooks.dataset_recipes import Recipe, is_empty, recipe_of, same_origin, split_dataset
from pushtune_runtime.keras_hooks.fit_events import Arguments
from pushtune_runtime.keras_hooks.fit_hooks import is_array_like
from pushtune_runtime.keras_hooks.image_iterators import is_image_iterator, split_iterator, splits_itself

Triple = Tuple[Any, Any, Any]  # x, y, sample_weight as fit takes them
SMALLEST_SPLIT_SAMPLES = 10


@dataclass(frozen=True)
class Carved:
    """The data of one ``fit`` in two parts.

    Attributes:
        guard: see ``pushtune_contract.result.Objective.guard``; ``none`` comes with the reason.
        train, held_out: None where the script's own arguments stay as they are.
        train_samples, held_out_samples: None where they cannot be counted.
        chance: share of the most frequent label in the held-out part; None where labels are not known.
        copied: share of the samples that have an equal one, as far as that is known.
    """

    guard: str
    reason: str = ""
    train: Optional[Triple] = None
    held_out: Optional[Triple] = None
    train_samples: Optional[int] = None
    held_out_samples: Optional[int] = None
    chance: Optional[float] = None
    copied: float = 0.0


def carve(arguments: Arguments, fraction: float, sites: CallSites, batch: Optional[int]) -> Carved:
    """Return the data of ``fit``'s ``arguments`` with ``fraction`` of the samples held out; they are not changed.

    ``batch``: number of samples that the model takes at once; None where it takes any.
    """
    data = arguments["x"]
    if is_array_like(data):
        return _carve_arrays(arguments, fraction, batch or 1)
    recipe = recipe_of(data)
    if recipe is not None:
        return _carve_dataset(arguments, recipe, fraction, sites, batch is not None)
    if is_image_iterator(data):
        return _carve_images(arguments, fraction)
    if is_batch_source(data):
        return _carve_batches(data, fraction)
    return Carved("none", "fit gets its data from a generator or another source that cannot be read in two parts")


def _carve_arrays(arguments: Arguments, fraction: float, batch: int) -> Carved:
    samples = count_samples(arguments["x"])
    if samples is None or samples < SMALLEST_SPLIT_SAMPLES:
        return Carved("none", f"{samples} samples are too few to hold some out")
    given: Triple = (arguments["x"], arguments["y"], arguments["sample_weight"])
    own_fraction = arguments["validation_split"] if arguments["validation_data"] is None else 0.0
    labels = None if own_fraction else class_labels(arguments["y"])
    keep_order = bool(own_fraction) or arguments["shuffle"] is False
    copies = groups_of_equal_rows(arguments["x"])
    parts = split_indices(samples, own_fraction or fraction, labels, keep_order, batch, copies)
    held_out = _triple(given, parts.held_out)
    return Carved(
        "validation_split" if own_fraction else "holdout",
        train=_triple(given, parts.train),
        held_out=held_out,
        train_samples=len(parts.train),
        held_out_samples=len(parts.held_out),
        chance=majority_share(class_labels(held_out[1])),
        copied=0.0 if copies is None else share_of_equal_rows(copies),
    )


def _triple(given: Triple, indices: Any) -> Triple:
    x, y, weight = (take(item, indices) for item in given)
    return _in_training_precision(x), y, weight


def _in_training_precision(x: Any) -> Any:
    """Return an array of float64 in the precision that Keras would convert it to anyway: half the memory."""
    import keras
    import numpy as np

    if isinstance(x, np.ndarray) and x.dtype == np.float64:
        return x.astype(keras.backend.floatx())
    return x


def _carve_dataset(
    arguments: Arguments, recipe: Recipe, fraction: float, sites: CallSites, whole_batches: bool
) -> Carved:
    if recipe.splits:
        return _own_part(arguments, recipe)
    if recipe.samples < SMALLEST_SPLIT_SAMPLES:
        return Carved("none", f"{recipe.samples} samples are too few to hold some out")
    sites.paused = True
    try:
        split = split_dataset(recipe, fraction, whole_batches)
        if is_empty(split.train) or is_empty(split.held_out):
            return Carved("none", f"{recipe.samples} samples are too few: one of the two parts gives no batch")
    except Exception as error:  # steps that the script's own functions take on other data than they expect
        return Carved("none", f"the data set could not be made in two parts: {type(error).__name__}: {error}"[:300])
    finally:
        sites.paused = False
    return _of_split(split)


def _of_split(split: Any) -> Carved:
    """Return what a split of a data set, or of an iterator over images, has made of it."""
    return Carved(
        "holdout",
        train=(split.train, None, None),
        held_out=(split.held_out, None, None),
        train_samples=split.train_samples,
        held_out_samples=split.held_out_samples,
        chance=split.chance,
    )


def _own_part(arguments: Arguments, recipe: Recipe) -> Carved:
    """The script takes a part of a data set: its validation data is clean if it is another part of the same."""
    other = recipe_of(arguments["validation_data"])
    if other is None or not same_origin(other.origin, recipe.origin):
        return Carved("none", "the script trains on a part of a data set and validates on something else")
    if recipe.mixes() or other.mixes():
        return Carved("none", "the script splits a data set after shuffling it anew in each epoch: its parts mix")
    return Carved("validation_split", held_out=(arguments["validation_data"], None, None), chance=None)


def _carve_images(arguments: Arguments, fraction: float) -> Carved:
    iterator = arguments["x"]
    if splits_itself(iterator) and is_image_iterator(arguments["validation_data"]):
        return Carved("validation_split", held_out=(arguments["validation_data"], None, None))
    if iterator.n < SMALLEST_SPLIT_SAMPLES:
        return Carved("none", f"{iterator.n} samples are too few to hold some out")
    split = split_iterator(iterator, fraction)
    return _of_split(split)


def _carve_batches(source: Any, fraction: float) -> Carved:
    train, held_out = split_batches(source, fraction)
    return Carved("holdout", train=(train, None, None), held_out=(held_out, None, None))
