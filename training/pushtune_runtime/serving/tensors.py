"""Makes arrays of the JSON values of instances, each checked against what the model takes."""

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from pushtune_runtime.serving.refused import Refused, shortened

Shape = Tuple[Optional[int], ...]
DIMENSIONS_LIMIT = 30  # NumPy itself ends at 32


@dataclass(frozen=True)
class InputSpec:
    """One input of a model.

    Attributes:
        name: by which an instance names it. dtype: of NumPy, or ``string``; ``number`` leaves it to the values.
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
    try:
        array = np.array(values)
    except (ValueError, OverflowError, RecursionError) as error:
        raise _refused(spec, f"values that make no array: {shortened(error)}") from None
    if array.ndim > DIMENSIONS_LIMIT:
        raise _refused(spec, f"{array.ndim} dimensions")
    if spec.dtype == "string":
        if array.dtype.kind != "U" or not _all_text(values):
            raise _refused(spec, "something else than text")
        return array.astype(object)
    if array.dtype.kind not in "buif":
        raise _refused(spec, _odd_one(values))
    return array


def _all_text(values: Sequence[Any]) -> bool:
    """NumPy turns a number beside a text into text, so the values themselves are looked at."""
    return all(isinstance(value, str) for value in _leaves(values))


def _odd_one(values: Sequence[Any]) -> str:
    """Return what in ``values`` is no number."""
    for value in _leaves(values):
        if isinstance(value, str):
            return f"the text {shortened(value)!r}"
        if not isinstance(value, (int, float)):
            return {dict: "an object", type(None): "null"}.get(type(value), "something else")
    return "numbers that no array can hold"


def _leaves(values: Sequence[Any]) -> Iterator[Any]:
    """Yield what is no list, however deep it lies: without recursion, which a deep one would exhaust."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        else:
            yield value


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
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        array = np.where(np.isfinite(array), array.astype(object), np.array(None))
    if array.dtype.kind == "S":
        array = array.astype("U")
    return _plain(array.tolist())


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, (int, float, str, bool)) or value is None else str(value)
