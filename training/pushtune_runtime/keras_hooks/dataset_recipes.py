"""Remembers how the script made a ``tf.data`` data set, so that it can be made again in two parts.

Splitting the finished data set would leak: ``shuffle`` gives it another order in each epoch, and a sample would be
trained on in one and validated on in another. So the split is made at the source, and the steps are repeated on both.
"""

import functools
import inspect
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator, List, Optional, Tuple

from pushtune_runtime.call_sites import CallSites
from pushtune_runtime.holdout import HOLDOUT_SEED, class_labels, count_samples, majority_share, split_indices, take
from pushtune_runtime.keras_hooks.keras_classes import KerasClasses, replace_functions

STEPS = (
    "batch", "padded_batch", "ragged_batch", "unbatch", "map", "filter", "flat_map", "interleave", "apply", "enumerate",
    "shuffle", "repeat", "prefetch", "cache", "with_options", "window",
)  # fmt: skip
BATCHES = ("batch", "padded_batch", "ragged_batch")
SPLITTING_STEPS = ("take", "skip", "shard")
TRAINING_ONLY = ("shuffle", "repeat")
FOLDER_FUNCTIONS = ("image_dataset_from_directory", "text_dataset_from_directory", "audio_dataset_from_directory")
UNKNOWN_LENGTH = -2  # tf.data.UNKNOWN_CARDINALITY
_MARK = "_pushtune_recipe"


@dataclass(frozen=True)
class Recipe:
    """How a data set was made.

    Attributes:
        source: makes the data set's source: of the samples with the given indices, or of ``training`` / ``validation``.
        origin: the arrays or the name of the folder: two data sets with one origin are parts of the same data.
        samples: number of samples at the source.
        labels: class of each sample; None where they are not known.
        steps: method, positional and named arguments of each step since.
        splits: the script takes a part of it by itself.
    """

    source: Callable[[Any], Any]
    origin: Any
    samples: int
    labels: Any = None
    steps: Tuple[Tuple[str, Any, Any], ...] = ()
    splits: bool = False

    def joins_neighbours(self) -> bool:
        """Return whether a step makes one sample of several that follow each other at the source, as a time series."""
        in_batches = False
        for name, _, _ in self.steps:
            if name == "window" or (name in BATCHES and in_batches):
                return True
            in_batches = name in BATCHES or (in_batches and name != "unbatch")
        return False

    def mixes(self) -> bool:
        """Return whether the script splits after a shuffle that gives another order in each epoch."""
        shuffled = False
        for name, args, kwargs in self.steps:
            reshuffled = kwargs.get("reshuffle_each_iteration", args[2] if len(args) > 2 else None)
            shuffled = shuffled or (name == "shuffle" and reshuffled is not False)
            if shuffled and name in SPLITTING_STEPS:
                return True
        return False


@dataclass(frozen=True)
class DatasetSplit:
    """Two data sets made by one recipe from different samples."""

    train: Any
    held_out: Any
    train_samples: int
    held_out_samples: int
    chance: Optional[float]


class DatasetRecipes:
    """Wraps the constructors and steps of ``tf.data.Dataset`` that the script calls itself."""

    def __init__(self, sites: CallSites) -> None:
        self._sites = sites

    def install(self, classes: KerasClasses) -> None:
        """Patch ``tf.data.Dataset`` and the functions that read folders."""
        from tensorflow.python.data.ops.dataset_ops import DatasetV2

        DatasetV2.from_tensor_slices = staticmethod(self._wrap_arrays(DatasetV2.from_tensor_slices))
        DatasetV2.zip = staticmethod(self._wrap_zip(DatasetV2.zip))
        for name in (*STEPS, *SPLITTING_STEPS):
            setattr(DatasetV2, name, self._wrap_step(name, getattr(DatasetV2, name)))
        replace_functions(classes, FOLDER_FUNCTIONS, lambda function, name: self._wrap_folder(function))

    def _wrap_arrays(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def from_tensor_slices(tensors: Any, name: Any = None) -> Any:
            dataset = original(tensors, name=name)
            samples = count_samples(tensors)
            if samples is not None and self._sites.is_called_by_script():
                setattr(dataset, _MARK, _array_recipe(original, tensors, samples))
            return dataset

        return from_tensor_slices

    def _wrap_zip(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def zip_datasets(*args: Any, **kwargs: Any) -> Any:
            zipped = original(*args, **kwargs)
            parts = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
            recipes = [recipe_of(part) for part in parts]
            if recipes and all(item is not None and not item.steps for item in recipes):
                arrays = tuple(item.origin for item in recipes if item is not None)
                samples = count_samples(arrays)
                if samples is not None:
                    setattr(zipped, _MARK, _array_recipe(type(zipped).from_tensor_slices, arrays, samples))
            return zipped

        return zip_datasets

    def _wrap_step(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def step(dataset: Any, /, *args: Any, **kwargs: Any) -> Any:
            result = original(dataset, *args, **kwargs)
            recipe = recipe_of(dataset)
            if recipe is not None and recipe_of(result) is None:
                steps = (*recipe.steps, (name, args, kwargs))
                setattr(result, _MARK, replace(recipe, steps=steps, splits=recipe.splits or name in SPLITTING_STEPS))
            return result

        return step

    def _wrap_folder(self, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def dataset_from_directory(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            if self._sites.is_called_by_script():
                bound = signature.bind(*args, **kwargs)
                for dataset in result if isinstance(result, (tuple, list)) else [result]:
                    setattr(dataset, _MARK, _folder_recipe(original, bound, dataset))
            return result

        return dataset_from_directory


def recipe_of(dataset: Any) -> Optional[Recipe]:
    """Return how ``dataset`` was made; None where that is not known."""
    found = getattr(dataset, _MARK, None)
    return found if isinstance(found, Recipe) else None


def same_samples(one: Optional[Recipe], other: Optional[Recipe]) -> bool:
    """Return whether two data sets hold the same samples, however they batch, change or shuffle them."""
    if one is None or other is None or not same_origin(one.origin, other.origin):
        return False
    parts = [[step for step in recipe.steps if step[0] in SPLITTING_STEPS] for recipe in (one, other)]
    return [repr(step) for step in parts[0]] == [repr(step) for step in parts[1]]


def same_origin(one: Any, other: Any) -> bool:
    """Return whether two recipes begin with the same arrays, or the same folder."""
    return one is other or (isinstance(one, str) and isinstance(other, str) and one == other)


def split_dataset(recipe: Recipe, fraction: float, whole_batches: bool) -> DatasetSplit:
    """Make the data set of ``recipe`` twice: on the samples to train on, and on those held out.

    Args:
        whole_batches: the held-out part leaves out a last batch that is smaller, where the training data does.
    """
    in_time = recipe.joins_neighbours()
    parts = split_indices(recipe.samples, fraction, recipe.labels, keep_order=in_time)
    held_out_labels = None if recipe.labels is None or in_time else recipe.labels[parts.held_out]
    return DatasetSplit(
        train=_replay(recipe.source(parts.train), recipe.steps),
        held_out=_replay(recipe.source(parts.held_out), list(_validation_steps(recipe, whole_batches))),
        train_samples=len(parts.train),
        held_out_samples=len(parts.held_out),
        chance=majority_share(held_out_labels),
    )


def is_empty(dataset: Any) -> bool:
    """Return whether ``dataset`` gives nothing; one whose length is not known is asked for its first element."""
    batches = int(dataset.cardinality())
    return batches == 0 or (batches == UNKNOWN_LENGTH and next(iter(dataset), None) is None)


def _validation_steps(recipe: Recipe, whole_batches: bool) -> Iterator[Tuple[str, Any, Any]]:
    last_batch = max((number for number, step in enumerate(recipe.steps) if step[0] in BATCHES), default=-1)
    for number, (name, args, kwargs) in enumerate(recipe.steps):
        if name in TRAINING_ONLY:
            continue
        if name == "cache":
            yield name, (), {}  # a cache file belongs to the training data
        elif number == last_batch and not whole_batches:
            yield name, (), _with_remainder(name, args, kwargs)
        else:
            yield name, args, kwargs


def _with_remainder(name: str, args: Any, kwargs: Any) -> Any:
    """Return the arguments of a batch step by name, so that it keeps a last batch that is smaller."""
    from tensorflow.python.data.ops.dataset_ops import DatasetV2

    given = dict(inspect.signature(getattr(DatasetV2, name)).bind(None, *args, **kwargs).arguments)
    given.pop("self")
    if "drop_remainder" in given:
        given["drop_remainder"] = False
    return given


def _replay(dataset: Any, steps: Any) -> Any:
    for name, args, kwargs in steps:
        dataset = getattr(dataset, name)(*args, **kwargs)
    return dataset


def _array_recipe(make: Callable[[Any], Any], arrays: Any, samples: int) -> Recipe:
    labels = class_labels(arrays[1]) if isinstance(arrays, tuple) and len(arrays) > 1 else None
    return Recipe(lambda indices: make(take(arrays, indices)), arrays, samples, labels)


def _folder_recipe(make: Callable[..., Any], bound: inspect.BoundArguments, dataset: Any) -> Recipe:
    """A folder is split by Keras itself, by file, when it is read a second time."""
    given = dict(bound.arguments)
    files: List[str] = list(getattr(dataset, "file_paths", []))

    def source(indices: Any) -> Any:
        fraction = 1.0 - len(indices) / len(files)
        subset, part = ("training", fraction) if fraction < 0.5 else ("validation", 1.0 - fraction)
        return make(**{**given, "validation_split": part, "subset": subset, "seed": HOLDOUT_SEED, "shuffle": True})

    return Recipe(source, str(given.get("directory")), len(files), splits=given.get("subset") is not None)
