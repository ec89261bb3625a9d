"""The numbers by which a script says how good its model is, as they came, and which of them is the objective."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from pushtune_runtime.objective_choice import better, choose, direction_of
from pushtune_runtime.own_loops.labels import PARTS, TEST, VALIDATION, Label

SERIES_LIMIT = 200  # a script that prints its numbers under ever new names must not fill the memory
AFTERWARDS = 0


@dataclass
class Series:
    """All values of one label at one line of the script.

    Attributes:
        key: identity, the same in every run of the script: ``printed train.py:31 val_acc``.
        label: what the script calls it. from_metric: read from a metric object, not from what is printed.
        values: epoch, from 1, -> last value in it; ``AFTERWARDS`` for what came outside of an epoch.
        newest: the epoch of the last value.
        spoken: how many values all series together had seen when the last one came.
        parts: epoch -> how many values its value is the mean of, where each was that of a batch.
    """

    key: str
    label: Label
    from_metric: bool
    values: Dict[int, float] = field(default_factory=dict)
    newest: int = AFTERWARDS
    spoken: int = 0
    parts: Dict[int, int] = field(default_factory=dict)

    @property
    def is_held_out(self) -> bool:
        """Whether the script says that the data is not that of the training."""
        return self.label.part in (VALIDATION, TEST)

    @property
    def curve(self) -> Dict[int, float]:
        """Epoch, from 1, -> value."""
        return {epoch: value for epoch, value in self.values.items() if epoch != AFTERWARDS}


@dataclass(frozen=True)
class Reached:
    """What a series has reached: ``epoch`` is 0 where the number belongs to no epoch."""

    value: float
    epoch: int


class ScoreSeries:
    """Keeps every series of the training that runs, and picks the objective.

    Attributes:
        spoken: how many values were entered.
    """

    def __init__(self) -> None:
        self._all: Dict[str, Series] = {}
        self.spoken = 0

    def add(
        self, key: str, label: Label, value: float, epoch: int, from_metric: bool, is_part: bool = False
    ) -> None:
        """Enter a value that was seen in ``epoch`` (from 1), or outside of one; ``is_part`` takes it into its mean."""
        if key not in self._all:
            if len(self._all) >= SERIES_LIMIT:
                return
            self._all[key] = Series(key, label, from_metric)
        self.spoken += 1
        series = self._all[key]
        if is_part:
            count = series.parts[epoch] = series.parts.get(epoch, 0) + 1
            before = series.values.get(epoch, 0.0)
            value = before + (value - before) / count
        series.values[epoch] = value
        series.newest = epoch
        series.spoken = self.spoken

    def remove(self, start: str) -> None:
        """Remove every series whose key starts with ``start``."""
        self._all = {key: series for key, series in self._all.items() if not key.startswith(start)}

    def get(self, key: str) -> Optional[Series]:
        """Return the series ``key``; None where the script has not said anything under that name."""
        return self._all.get(key)

    def has(self, key: str, epoch: int) -> bool:
        """Return whether the series ``key`` has a value in ``epoch``."""
        return key in self._all and epoch in self._all[key].values

    def forget(self, spoken: int) -> None:
        """Forget the first ``spoken`` values, which an earlier training of the same script has said."""
        kept = [series for series in self._all.values() if series.spoken > spoken]
        for series in kept:
            series.values = {epoch: value for epoch, value in series.values.items() if epoch == series.newest}
        self._all = {series.key: series for series in kept}

    def metrics(self, epoch: int) -> Dict[str, float]:
        """Return the values of ``epoch`` by names such as ``val_accuracy``; of two of one name the surer one."""
        said = sorted(
            (series for series in self._all.values() if epoch in series.values),
            key=lambda series: (series.from_metric, series.spoken),
        )
        return {_name(series.label): series.values[epoch] for series in said}

    def test_metrics(self) -> Dict[str, float]:
        """Return metric -> last value of what the script calls its test."""
        said = [series for series in self._in_order() if series.label.part == TEST]
        return {series.label.metric: last(series).value for series in said}

    def choose(self, wanted: Optional[str]) -> Optional[Series]:
        """Return the series of the objective: validation before test, before what has no name, before training.

        Within these the metric as for ``fit`` (see ``objective_choice.choose``), what was said after the training
        rather than in it, from a metric object rather than from what is printed, and of several the one that spoke
        last. ``wanted`` names a metric that wins wherever it is.
        """
        everything = self._in_order()
        asked = [series for series in everything if wanted and series.label.metric == wanted]
        for part in PARTS:
            found = [series for series in asked or everything if series.label.part == part]
            chosen = choose([series.label.metric for series in found], wanted)
            if chosen is not None:
                fitting = [series for series in found if series.label.metric == chosen.log_name]
                return max(fitting, key=_certainty)
        return None

    def _in_order(self) -> List[Series]:
        return sorted(self._all.values(), key=lambda series: series.spoken)


def best(series: Series) -> Reached:
    """Return the best value over the epochs, the earliest of equals; the last one where it was said outside of them."""
    if AFTERWARDS in series.values or not series.values:
        return last(series)
    direction = direction_of(series.label.metric)
    reached = last(series)
    for epoch, value in sorted(series.values.items(), reverse=True):
        if not better(direction, reached.value, value):
            reached = Reached(value, epoch)
    return reached


def last(series: Series) -> Reached:
    """Return the newest value."""
    if AFTERWARDS in series.values:
        return Reached(series.values[AFTERWARDS], 0)
    epoch = max(series.values)
    return Reached(series.values[epoch], epoch)


def _certainty(series: Series) -> Tuple[bool, bool, int]:
    return AFTERWARDS in series.values, series.from_metric, series.spoken


def _name(label: Label) -> str:
    prefix = {VALIDATION: "val_", TEST: "test_", "training": "train_"}.get(label.part, "")
    return f"{prefix}{label.metric}"
