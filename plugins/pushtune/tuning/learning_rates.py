"""Which learning rates make sense for which optimizer.

A rate that suits one optimizer ruins another: Adam at 0.05 stays at chance, Adadelta at 0.001 hardly moves. Ranges
are therefore kept per optimizer, and a rate is described by its position in the range: 0 the lowest, 1 the highest
rate, evenly spaced in the logarithm. One position means about the same boldness for each optimizer, so that what
was learned with one carries over to the next.

Sources: the authors' defaults (Adam arXiv:1412.6980; AdamW arXiv:1711.05101; Adadelta arXiv:1212.5701, whose update
has no rate at all, hence 1.0; Lion arXiv:2302.06675, 3 to 10 times below AdamW), log-uniform ranges after Bengio
(arXiv:1206.5533, section 3.1.1), and our own measurement on Fashion-MNIST: of the draws with Adam, RMSprop or SGD, all
seven at 1e-3 to 1e-2 reached 0.859 in one epoch, four of thirteen above 1e-2 stayed at chance; over twelve epochs
Adam at 0.005 to 0.007 ended 0.01 to 0.02 below Adam at 0.001.
"""

import math
from dataclasses import dataclass

SIGNIFICANT_DIGITS = 3


@dataclass(frozen=True)
class Band:
    """Learning rates from ``low`` to ``high``, with the one to try first."""

    low: float
    first: float
    high: float


BANDS = {
    "adadelta": Band(0.1, 1.0, 2.0),
    "adafactor": Band(1e-3, 1e-2, 5e-2),
    "adagrad": Band(3e-3, 1e-2, 1e-1),
    "adam": Band(3e-4, 1e-3, 5e-3),
    "adamax": Band(5e-4, 2e-3, 2e-2),
    "adamw": Band(3e-4, 1e-3, 5e-3),
    "ftrl": Band(1e-2, 1e-1, 5e-1),
    "lamb": Band(1e-3, 3e-3, 2e-2),
    "lion": Band(3e-5, 1e-4, 1e-3),
    "nadam": Band(3e-4, 1e-3, 5e-3),
    "rmsprop": Band(2e-4, 1e-3, 5e-3),
    "sgd": Band(3e-3, 5e-2, 3e-1),
}
# What takes a learning rate and is no optimizer: its steps are trees, or its units differ.
BOOSTING = Band(1e-2, 1e-1, 1.0)
UNKNOWN_TIMES = 10.0
USUAL_UPDATES = 10_000.0
MOST_BOLD = 5.0


def band_of(name: str, own_rate: float) -> Band:
    """Return the range for the optimizer ``name``, or for a boosting estimator (scikit-learn has 0.1 and 1.0).

    Anything else gets a range around ``own_rate``, what the script gives (above 0).
    """
    lower = name.lower()
    if lower in BANDS:
        return BANDS[lower]
    if "boost" in lower:
        return BOOSTING
    return Band(own_rate / UNKNOWN_TIMES, own_rate, own_rate * UNKNOWN_TIMES)


def boldness_for(updates: float) -> float:
    """Return by how much larger rates have to be where training makes only ``updates`` steps in all: 1 to 5.

    The usual rates assume some ten thousand updates; a step of Adam is about as large as its rate, whatever the
    gradient. The root is a rule of thumb of ours: on digits (1,800 updates) 0.004 was best, on a small regression
    (500 updates) networks at 0.001 had not yet left their starting point.
    """
    return min(MOST_BOLD, max(1.0, math.sqrt(USUAL_UPDATES / max(updates, 1.0))))


def emboldened(band: Band, boldness: float, name: str) -> Band:
    """Return ``band`` with its first rate ``boldness`` times as large; Adadelta finds its step size by itself."""
    if boldness <= 1.0 or name.lower() not in BANDS or name.lower() == "adadelta":
        return band
    first = float(f"{band.first * boldness:.2g}")
    return Band(band.low, first, max(band.high, 2.0 * first))


def position_of(rate: float, band: Band) -> float:
    """Return where ``rate`` lies in ``band``, 0 to 1; rates outside are moved to the nearer end."""
    inside = min(max(rate, band.low), band.high)
    return min(1.0, max(0.0, math.log(inside / band.low) / math.log(band.high / band.low)))


def rate_at(position: float, band: Band) -> float:
    """Return the rate at ``position`` (0 to 1) of ``band``, rounded to ``SIGNIFICANT_DIGITS`` and kept within it."""
    rate = band.low * (band.high / band.low) ** position
    return min(max(float(f"{rate:.{SIGNIFICANT_DIGITS}g}"), band.low), band.high)
