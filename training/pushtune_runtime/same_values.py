"""Whether two pieces of data are the same, also where one is a copy of the other, or has another shape."""

from typing import Any

import numpy as np

VALUES_LIMIT = 1_000_000  # compared at most: data that begins with as many equal values is taken to be the same


def same_values(one: Any, other: Any) -> bool:
    """Return whether both are one object, or hold the same values in the same order, whatever the shape."""
    if one is other:
        return True
    try:
        first, second = _leading_values(one), _leading_values(other)
        return first[0] == second[0] and first[0] > 0 and _equal(first[1], second[1])
    except Exception:  # whatever the data of a script raises when it is looked at
        return False


def _leading_values(data: Any) -> Any:
    """Return how many values ``data`` has, and the first ones, shape (n,)."""
    if not hasattr(data, "shape") and not isinstance(data, (list, tuple)):
        return 0, None
    size, samples = int(np.prod(np.shape(data))), len(data)
    return size, np.asarray(data[: max(1, VALUES_LIMIT * samples // max(1, size))]).ravel()


def _equal(one: Any, other: Any) -> bool:
    numbers = one.dtype.kind in "fc" and other.dtype.kind in "fc"
    return bool(np.array_equal(one, other, equal_nan=numbers))
