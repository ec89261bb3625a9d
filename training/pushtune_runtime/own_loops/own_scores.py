"""The learning curve of a script with a loop of its own: progress lines, the objective, and when to stop.

An epoch is one pass of a loop that says so (see ``epoch_loops``). Without one, an epoch ends where the script begins to
say the same numbers again.
"""

import math
import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional

from pushtune_contract import layout
from pushtune_contract.result import Objective
from pushtune_runtime.call_sites import CallSites
from pushtune_runtime.objective_choice import chance_of, direction_of
from pushtune_runtime.own_loops.labels import TEST, Label
from pushtune_runtime.own_loops.named_prints import NamedPrints
from pushtune_runtime.own_loops.printed_numbers import find_numbers
from pushtune_runtime.own_loops.score_series import AFTERWARDS, ScoreSeries, Series, best, last
from pushtune_runtime.script_runner import TrainingStopped
from pushtune_runtime.session import Session

CHECK_INTERVAL_SECONDS = 2.0
MODELS_SHOWN = 4
EPOCH_LINES_LIMIT = 5000  # without a loop that says epochs, a script may repeat its numbers for each batch
NO_CHECKPOINTS = "a loop of the script's own has no checkpoints: an interrupted run starts again"


@dataclass(frozen=True)
class _Epoch:
    number: int
    metrics: Dict[str, float]
    seconds: float


class OwnScores:
    """Collects what a script says about its model outside of ``fit``, from its first update of weights on.

    Args:
        session: of this run.
        sites: tell the line of the script that is being executed.
        prints: tell what a line without words is about.
    """

    def __init__(self, session: Session, sites: CallSites, prints: NamedPrints) -> None:
        self._session = session
        self._sites = sites
        self._prints = prints
        self._series = ScoreSeries()
        self.busy_libraries: List[Callable[[], bool]] = []  # fit and evaluate print numbers of their own
        self.updates: Callable[[], int] = lambda: session.own_loop_steps
        self.rivals: Callable[[], List[str]] = list  # names of models that were trained in turns
        self.on_epoch_end: Callable[[], None] = lambda: None
        self._updates_before = 0
        self._epoch = AFTERWARDS  # the one that runs, from 1
        self._in_loop = False
        self._loop_has_trained = False
        self._said_before = 0
        self._planned_epochs = 0
        self._started = time.monotonic()
        self._next_check = 0.0
        self._locked = session.request.objective_source
        self._unjudged: List[_Epoch] = []

    def is_library_busy(self) -> bool:
        """Return whether what happens now is the work of a library rather than of the script's own loop."""
        return any(is_busy() for is_busy in self.busy_libraries)

    # What the script says.

    def hear_line(self, line: str) -> None:
        """Take the metrics out of a line that the script has printed."""
        if not self._session.own_loop_steps or self.is_library_busy():
            return
        for number in find_numbers(line) or self._prints.numbers():
            self.add("printed", number.name, number.label, number.value, from_metric=False)

    def add(
        self, how: str, name: str, label: Label, value: float, from_metric: bool = True, is_part: bool = False
    ) -> None:
        """Enter ``value``, which the script calls ``name`` in the line that is being executed.

        Args:
            from_metric: a library has computed it. is_part: of one batch; the mean over the epoch counts.
        """
        if not self._session.own_loop_steps:
            return
        file, line = self._sites.line()
        key = f"{how} {file}:{line} {name}"[:200]
        if not math.isfinite(value):
            self._stop_if_diverged(label, value)
            return
        if not self._in_loop and not self._loop_has_trained:
            if self._epoch == AFTERWARDS:
                self._epoch = 1
            elif self._series.has(key, self._epoch) and not is_part:
                self._close_epoch()
                self.check()
                self._epoch += 1
        self._series.add(key, label, value, self._epoch, from_metric, is_part)

    def forget_all(self, how: str) -> None:
        """Forget what was entered with ``how``: it says nothing about the model."""
        self._series.remove(f"{how} ")

    def _stop_if_diverged(self, label: Label, value: float) -> None:
        if label.metric != "loss":
            return
        self._session.warn(f"the loss became {value}: the learning rate may be too high")
        if self._session.request.mode == "trial":
            self._session.stop_reason = "diverged"
            raise TrainingStopped("diverged")

    # Epochs.

    def begin_loop(self, epochs: int) -> None:
        """A loop over epochs begins. Raises TrainingStopped where the time is up already."""
        if self._session.stop_reason == "time_limit":
            raise TrainingStopped("time_limit")
        self._in_loop = True
        self._loop_has_trained = False
        self._said_before = self._series.spoken
        self._planned_epochs = epochs

    def begin_epoch(self, number: int) -> None:
        """Epoch ``number``, from 1, begins."""
        self._epoch = number
        self._started = time.monotonic()
        self._updates_before = self.updates()

    def end_epoch(self) -> bool:
        """Close the running epoch; return whether weights were updated in it."""
        if self.is_library_busy() or self.updates() == self._updates_before:
            return False
        if not self._loop_has_trained:
            self._loop_has_trained = True
            self._session.fit_number += 1
            self._session.epochs = self._planned_epochs
            self._series.forget(self._said_before)  # of several trainings the newest counts
            self._unjudged.clear()
        self._close_epoch()
        return True

    def end_loop(self) -> None:
        """What the script says from now on belongs to no epoch."""
        self._in_loop = False
        self._epoch = AFTERWARDS

    def has_to_end(self) -> bool:
        """Return whether the loop has to end here, since the time is up. Raises TrainingStopped for a stopped trial."""
        self._stop_if_asked()
        limit = self._session.request.time_limit_seconds
        if self._session.seconds <= limit or not self._loop_has_trained:
            return False
        if self._epoch < self._session.epochs:
            done = f"epoch {self._epoch} of {self._session.epochs}"
            self._session.stop_reason = "time_limit"
            self._session.warn(f"training was stopped after {done}: the limit of {limit:.0f} s is over")
        return True

    def check(self) -> None:
        """Raise TrainingStopped if the trial is asked to stop; without a loop over epochs also when the time is up."""
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + CHECK_INTERVAL_SECONDS
        self._stop_if_asked()
        limit = self._session.request.time_limit_seconds
        if not self._in_loop and self._session.own_loop_steps and self._session.seconds > limit:
            self._session.stop_reason = "time_limit"
            self._session.warn(f"training was stopped: the limit of {limit:.0f} s is over")
            raise TrainingStopped("time_limit")

    def _stop_if_asked(self) -> None:
        if (self._session.trial_folder / layout.STOP_FILE).exists():
            self._session.stop_reason = "pruned"
            raise TrainingStopped("pruned")

    def _close_epoch(self) -> None:
        self.on_epoch_end()
        session = self._session
        seconds = time.monotonic() - self._started
        self._started = time.monotonic()
        session.epoch = self._epoch
        session.epochs_trained += 1
        session.progress_steps += 1
        session.expected_seconds = max(60.0, 3 * seconds)
        epoch = _Epoch(self._epoch, self._series.metrics(self._epoch), seconds)
        source = self._source_of_curve()
        if source is None:
            self._unjudged.append(epoch)
        self._report(epoch, source)

    def _source_of_curve(self) -> Optional[Series]:
        """Return the series of the objective as far as it is settled: by the baseline, or by a held-out number.

        A baseline whose epochs show nothing but training numbers may still print a test number at its end.
        """
        if self._locked is None:
            chosen = self._series.choose(self._session.request.objective)
            if chosen is None or not chosen.is_held_out:
                return None
            self._locked = chosen.key
        return self._series.get(self._locked)

    def _report(self, epoch: _Epoch, source: Optional[Series]) -> None:
        session = self._session
        value = source.values.get(epoch.number) if source else None
        known = (session.fit_number, epoch.number) in session.reported_epochs
        if not known and epoch.number <= EPOCH_LINES_LIMIT:
            session.report("epoch", epoch.metrics, value, seconds=epoch.seconds)

    # The end.

    def finish(self) -> None:
        """Put the objective into the session after the script has ended; there may be none."""
        session = self._session
        if not session.own_loop_steps:
            return
        session.exactness_reason = NO_CHECKPOINTS
        if not self._loop_has_trained and self._epoch != AFTERWARDS:
            self._close_epoch()
        source = self._series.get(self._locked) if self._locked else self._series.choose(session.request.objective)
        if source is None:
            return
        if not source.is_held_out and session.request.objective is None and len(self.rivals()) > 1:
            session.undecidable = _of_several(self.rivals(), source)
            return
        for epoch in self._unjudged if self._locked is None else []:
            session.epoch = epoch.number
            if epoch.number in source.curve:
                self._report(epoch, source)
        self._take(source)

    def _take(self, source: Series) -> None:
        session, label = self._session, source.label
        reached = best(source) if self._loop_has_trained else last(source)
        direction = direction_of(label.metric)
        chance = chance_of(label.metric, None)
        epoch = reached.epoch or session.epoch
        session.trained = True
        session.objective = Objective(label.metric, direction, reached.value, epoch, "none", chance)
        session.own_source = source.key
        tested = self._series.test_metrics()
        if tested:
            session.test_reads += 1
        if session.request.mode != "trial":
            session.test_metrics = tested
        session.warn(_about(source), kind="guard")


def _of_several(models: List[str], source: Series) -> str:
    number = f"the {source.label.metric} ({source.key})"
    return (
        f"the script trains several models in turns ({', '.join(models[:MODELS_SHOWN])}), and where models "
        f"train each other no number of their training, such as {number}, says which trial is the better one; print "
        "one that does as val_... or test_..., or name it as objective in the entry"
    )


def _about(source: Series) -> str:
    part = source.label.part
    named = f"which the script calls {part}" if part else "of which it does not say what data it is from"
    data = "this is test data, which the tuning then chooses by" if part == TEST else "it may be optimistic"
    return (
        "nothing was held out: the script trains with a loop of its own and takes its data itself; the objective is "
        f"the {source.label.metric} ({source.key}), {named}: {data}"
    )
