"""Makes arrays of the JSON values of instances, each checked against what the model takes."""

import math
from dataclasses import dataclass
from itertools import chain
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from pushtune_runtime.serving.refused import Refused, shortened

Shape = Tuple[Optional[int], ...]
DIMENSIONS_LIMIT = 30  # NumPy itself ends at 32
NUMBERS = {bool, int, float}
BEYOND_ARRAYS = "numbers that no array can hold"


@dataclass(frozen=True)
class InputSpec:
    """One input of a model.

    Attributes:
        name: by which an instance names it. dtype: of NumPy, or ``string``; ``number`` leaves it to the values, and
            ``any`` is not checked here.
        shape: of one instance, without the dimension of the batch; None in it stands for any size, and None instead of
            it for any shape.
    """

    name: str
    dtype: str
    shape: Optional[Shape]

    def described(self) -> Dict[str, Any]:
        """Return it as JSON data."""
        return {"name": self.name, "dtype": self.dtype, "shape": None if self.shape is None else list(self.shape)}

    def wanted(self) -> str:
        """Return what a value has to look like, in words."""
        kind = "text" if self.dtype == "string" else f"{self.dtype} numbers".replace("number numbers", "numbers")
        if self.shape is None:
            return kind
        return f"{kind} of shape {[size if size is not None else 'any' for size in self.shape]}"


def columns_of(instances: Sequence[Any], specs: Sequence[InputSpec]) -> List[List[Any]]:
    """Return the values of all instances, input by input.

    Instances are objects with the names of the inputs, or, for a model with one input, the values themselves.
    Raises Refused.
    """
    names = [spec.name for spec in specs]
    if not any(isinstance(instance, dict) for instance in instances):
        if len(specs) == 1:
            return [list(instances)]
        raise Refused(
            f"Each instance must be an object with the {len(specs)} inputs of the model.", "values without names",
            f"Send objects with the keys {', '.join(names)}.",
        )
    for number, instance in enumerate(instances):
        if not isinstance(instance, dict) or set(instance) != set(names):
            received = f"the keys {sorted(instance)[:8]}" if isinstance(instance, dict) else "something else"
            raise Refused(
                f"Each instance must be an object with the inputs of the model: {', '.join(names)}.",
                f"{received} in instance {number}", "GET /health lists the inputs.",
            )
    return [[instance[name] for instance in instances] for name in names]


def to_array(values: Sequence[Any], spec: InputSpec) -> Any:
    """Return ``values``, one per instance, as an array of shape (instances, ...) and of the dtype of ``spec``.

    Raises:
        Refused: values of another kind, not rectangular, of another shape, or that the dtype cannot hold.
    """
    array = _rectangular(values, spec)
    if spec.shape is not None:
        shape = array.shape[1:]
        fits = len(shape) == len(spec.shape) and all(
            want is None or want == got for want, got in zip(spec.shape, shape)  # noqa: B905
        )
        if not fits:
            raise _refused(spec, f"shape {list(shape)}")
    if spec.dtype == "string":
        return array
    return _converted(array, spec)


def _rectangular(values: Sequence[Any], spec: InputSpec) -> Any:
    """Return the array of ``values``, whose kinds are looked at first.

    NumPy makes text of a number beside a text, and gives each text of an array the room that the longest one needs: a
    small body would take gigabytes.
    """
    shape, leaves = _shape_and_leaves(values, spec)
    kinds = set(map(type, leaves))
    if spec.dtype == "string":
        if not kinds <= {str}:
            raise _refused(spec, "something else than text")
        return np.array(leaves, dtype=object).reshape(shape)
    if not kinds <= NUMBERS:
        raise _refused(spec, _told(next(value for value in leaves if type(value) not in NUMBERS)))
    try:
        array = np.array(leaves)
    except OverflowError:
        raise _refused(spec, BEYOND_ARRAYS) from None
    if array.dtype.kind not in "buif":
        raise _refused(spec, BEYOND_ARRAYS)
    return array.reshape(shape)


def _shape_and_leaves(values: Sequence[Any], spec: InputSpec) -> Tuple[Tuple[int, ...], Sequence[Any]]:
    """Return the shape of nested lists, and what is no list in them; without recursion, which deep ones would exhaust.

    Raises:
        Refused: they are not rectangular, or too deep.
    """
    shape, level = [len(values)], values
    while any(isinstance(value, list) for value in level):
        sizes = {len(value) if isinstance(value, list) else None for value in level}
        if len(sizes) > 1:
            raise _refused(spec, "values that make no array: lists of different lengths")
        if len(shape) == DIMENSIONS_LIMIT:
            raise _refused(spec, f"more than {DIMENSIONS_LIMIT} dimensions")
        shape.append(len(level[0]))
        level = list(chain.from_iterable(level))
    return tuple(shape), level


def _told(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {shortened(value)!r}"
    return {dict: "an object", type(None): "null"}.get(type(value), "something else")


def _converted(array: Any, spec: InputSpec) -> Any:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _refused(spec, "a number beyond all limits")
    if spec.dtype == "number":
        return array.astype(np.float64) if array.dtype.kind == "b" else array
    wanted = np.dtype(spec.dtype)
    if wanted.kind in "ui" and array.dtype.kind == "f" and (array != np.floor(array)).any():
        raise _refused(spec, "numbers with a fraction")
    lowest, highest = _bounds(wanted)
    if array.size and not (lowest <= array.min() and array.max() <= highest):
        raise _refused(spec, f"numbers from {array.min()} to {array.max()}")
    return array.astype(wanted)


def _bounds(wanted: Any) -> Tuple[Any, Any]:
    if wanted.kind == "b":
        return 0, 1
    if wanted.kind in "ui":
        whole = np.iinfo(wanted)
        return int(whole.min), int(whole.max)
    numbers = np.finfo(wanted)
    return float(numbers.min), float(numbers.max)


def _refused(spec: InputSpec, received: str) -> Refused:
    return Refused(f"The input {spec.name!r} takes {spec.wanted()} for each instance.", received, "Correct the values.")


def to_json(value: Any) -> Any:
    """Return an array as nested lists; what is no finite number becomes null, since JSON has no word for it."""
    array = np.asarray(value)
    if array.dtype.kind == "V" and np.can_cast(array.dtype, np.float32):
        array = array.astype(np.float32)  # bfloat16 and its like, which are not NumPy's own
    if array.dtype.kind in "bui":
        return array.tolist()
    if array.dtype.kind != "f":
        return _plain(array.tolist())
    if array.dtype.itemsize < 8:
        # As text, since its next number of 64 bits has twice the digits: 0.1 would be 0.10000000149011612.
        values = [float(str(number)) for number in array.ravel()]
    else:
        values = array.astype(np.float64).ravel().tolist()
    return np.array(_plain(values), dtype=object).reshape(array.shape).tolist()


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (np.number, np.bool_)):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (int, str)) or value is None else str(value)
