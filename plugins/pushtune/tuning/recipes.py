"""Where a study begins: what practice knows to work, then points spread evenly over the search space.

Tuners that begin at random lose most of their time before they find out that Adam at its default rate works: on
Fashion-MNIST seven of seven such draws passed 0.859 after one epoch, while the tuners as a whole spent four to six of
seven minutes below 0.88. So the obvious changes come first, and are explained.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pushtune.tuning import learning_rates
from pushtune.tuning.dimensions import Dimension, Point, band_for, own_point
from pushtune.tuning.ranges import CAPACITY
from pushtune.tuning.rate_decay import with_decay
from pushtune_contract.parameters import Parameter, Value

WIDE_FACTOR = 2.0
USUAL_DROPOUT = 0.3
LEGACY_MARKS = ("legacy", "default was")  # in what the runtime says about a learning rate
DROPOUT_DECIMALS = 2


@dataclass(frozen=True)
class Candidate:
    """A configuration worth a trial, and why. ``repeats``: its values have been tried, with fewer epochs."""

    point: Point
    reason: str
    repeats: bool = False


def recipes(dimensions: Sequence[Dimension], parameters: Mapping[str, Parameter]) -> list[Candidate]:
    """Return known-good configurations, the most promising first; those that a script does not allow are left out.

    Sources: Adam at about 1e-3 with the script's own architecture (arXiv:1412.6980, and our measurement); more epochs
    (Goodfellow et al., Deep Learning, section 7.8: the best epoch of the curve is kept); the old default of an
    optimizer whose default changed (Adadelta: 1.0 in stand-alone Keras, 0.001 today); twice the width
    (arXiv:1206.5533, section 3.2); dropout (Srivastava et al., JMLR 15, 2014), with a rate that decays
    (arXiv:1608.03983); depth (arXiv:1409.1556).
    """
    longer = longest(dimensions, own_point(dimensions))
    usual = _with_usual_rate(dimensions, longer)
    adam = _with_optimizer(dimensions, longer, "adam")
    safe = Candidate(usual, "the usual learning rate of the script's optimizer")
    if adam is not None:
        safe = Candidate(adam, "Adam at about 1e-3: works for most networks without further care")
    wide = wider(dimensions, safe.point)
    unchanged = Candidate(longer, "the script's own values, trained longer")
    legacy = Candidate(usual, "the optimizer's default learning rate when such scripts were written")
    found = [
        safe,
        Candidate(wide, "twice as large, at a safe learning rate"),
        legacy if _has_legacy_default(dimensions, parameters) else unchanged,
        _wide_with_dropout(dimensions, wide),
        Candidate(deeper(dimensions, safe.point), "one layer deeper, at a safe learning rate"),
        unchanged,
    ]
    return _without_repeats(found, own_point(dimensions))


def longest(dimensions: Sequence[Dimension], point: Point) -> Point:
    """Return ``point`` with the whole epoch budget."""
    return {**point, **{dimension.key: int(dimension.high) for dimension in dimensions if dimension.role == "epochs"}}


def wider(dimensions: Sequence[Dimension], point: Point) -> Point:
    """Return ``point`` with twice the width of each layer, and the largest trees and forests, as far as ranges go."""
    wide = dict(point)
    for dimension in dimensions:
        if dimension.role in ("filters", "units") and dimension.choices:
            wide[dimension.key] = _nearest_choice(dimension, WIDE_FACTOR * float(point[dimension.key]))
        elif dimension.argument in CAPACITY and dimension.choices:
            wide[dimension.key] = dimension.choices[-1]
    return wide


def with_dropout(dimensions: Sequence[Dimension], point: Point) -> Point:
    """Return ``point`` with a usual dropout behind dense layers, or where the script has dropout already."""
    rates = [one for one in dimensions if one.role == "dropout" and not one.owner.startswith("Conv")]
    return {**point, **{one.key: _dropout_of(one, float(point[one.key])) for one in rates}}


def _wide_with_dropout(dimensions: Sequence[Dimension], wide: Point) -> Candidate:
    point = with_dropout(dimensions, wide)
    decayed = with_decay(dimensions, point)
    also = " and a learning rate that decays" if decayed != point else ""
    return Candidate(decayed, f"twice as large, with dropout against overfitting{also}")


def _dropout_of(dimension: Dimension, rate: float) -> float:
    wished = max(USUAL_DROPOUT, rate)
    return min(wished, dimension.high) if dimension.wished else wished


def deeper(dimensions: Sequence[Dimension], point: Point) -> Point:
    """Return ``point`` with one more layer behind each convolution; behind each dense layer where there are none."""
    extra = [dimension for dimension in dimensions if dimension.argument == "extra_layers"]
    convolutions = [dimension for dimension in extra if dimension.owner.startswith("Conv")]
    return {**point, **{one.key: _nearest_choice(one, int(one.current) + 1) for one in convolutions or extra}}


def spread_out(dimensions: Sequence[Dimension], count: int, seed: int) -> list[Candidate]:
    """Return ``count`` points that cover each dimension evenly (Latin hypercube, McKay et al. 1979)."""
    generator = random.Random(seed)  # noqa: S311  (a design of experiments, not a secret)
    strata = {dimension.key: generator.sample(range(count), count) for dimension in dimensions}
    candidates = []
    for index in range(count):
        point = longest(dimensions, own_point(dimensions))
        for dimension in _optimizers_first(dimensions):
            if dimension.sampled:
                share = (strata[dimension.key][index] + generator.random()) / count
                point[dimension.key] = value_at(dimension, share, point)
        candidates.append(Candidate(point, "spread evenly over the search space"))
    return candidates


def value_at(dimension: Dimension, share: float, point: Point) -> Value:
    """Return the value at ``share`` (0 to 1) of the range of ``dimension``; ``point`` names the optimizer."""
    share = min(max(share, 0.0), 1.0)
    if dimension.choices:
        return dimension.choices[min(int(share * len(dimension.choices)), len(dimension.choices) - 1)]
    if dimension.role == "learning_rate":
        return learning_rates.rate_at(share, band_for(dimension, point))
    if dimension.log:
        value = float(f"{dimension.low * (dimension.high / dimension.low) ** share:.3g}")
    else:
        value = round(dimension.low + share * (dimension.high - dimension.low), DROPOUT_DECIMALS)
    return min(max(value, dimension.low), dimension.high)


def _nearest_choice(dimension: Dimension, wished: float) -> Value:
    return min(dimension.choices, key=lambda choice: abs(float(choice) - wished))


def _optimizers_first(dimensions: Sequence[Dimension]) -> list[Dimension]:
    return sorted(dimensions, key=lambda dimension: dimension.role != "optimizer")


def _with_optimizer(dimensions: Sequence[Dimension], point: Point, name: str) -> Point | None:
    """Return ``point`` with this optimizer everywhere, at its usual rate; None where the script does not allow it."""
    optimizers = [dimension for dimension in dimensions if dimension.role == "optimizer"]
    if not optimizers or not all(name in dimension.choices for dimension in optimizers):
        return None
    return _with_usual_rate(dimensions, {**point, **{dimension.key: name for dimension in optimizers}})


def _with_usual_rate(dimensions: Sequence[Dimension], point: Point) -> Point:
    rates = [dimension for dimension in dimensions if dimension.role == "learning_rate"]
    return {**point, **{dimension.key: band_for(dimension, point).first for dimension in rates}}


def _has_legacy_default(dimensions: Sequence[Dimension], parameters: Mapping[str, Parameter]) -> bool:
    rates = [dimension for dimension in dimensions if dimension.role == "learning_rate"]
    return any(
        any(mark in parameters[parameter_id].reason.lower() for mark in LEGACY_MARKS)
        for dimension in rates
        for parameter_id in dimension.parameter_ids
        if parameter_id in parameters
    )


def _without_repeats(candidates: Sequence[Candidate], known: Point) -> list[Candidate]:
    seen, kept = [known], []
    for candidate in candidates:
        if candidate.point not in seen:
            seen.append(candidate.point)
            kept.append(candidate)
    return kept
