"""Whether a number is good enough: asked while trials run, between rounds, before a promotion and for the report."""

import math

# Libraries report float32: 27 of 30 right is 0.8999999761581421 then, and reaches a target of 0.9. Means over batches
# lose some more digits; no two accuracies of fewer than a million samples are as close as this.
RELATIVE_TOLERANCE = 1e-6


def meets(value: float | None, target: float | None, direction: str) -> bool:
    """Return whether ``value`` reaches ``target``, up to rounding; never where either is missing."""
    if value is None or target is None:
        return False
    if math.isclose(value, target, rel_tol=RELATIVE_TOLERANCE):
        return True
    return value > target if direction == "maximize" else value < target
