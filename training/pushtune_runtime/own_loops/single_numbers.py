"""Tells whether a value of the script's, of whatever library, is one number."""

from typing import Any, Optional


def single_number(value: Any) -> Optional[float]:
    """Return a value with a single number in it; None for anything else, such as a tensor without a value yet."""
    is_number = isinstance(value, (int, float)) or hasattr(value, "numpy") or hasattr(value, "dtype")
    if not is_number or getattr(value, "shape", ()) != ():
        return None
    try:
        return float(value)
    except Exception:  # a symbolic tensor: which exception depends on the version
        return None
