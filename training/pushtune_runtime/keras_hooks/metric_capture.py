"""Writes a line of progress for each epoch and keeps the objective."""

import math
import time
from typing import Any, Dict, Optional

from pushtune_contract.result import Objective
from pushtune_runtime.holdout import class_labels
from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.keras_hooks.model_facts import is_for_numbers
from pushtune_runtime.objective_choice import Chosen, better, chance_of, choose, finite, has_rival_losses, plain_name
from pushtune_runtime.session import Session

TICK_INTERVAL_SECONDS = 10.0
RIVAL_LOSSES = (
    "the model reports several losses and none of all together ({}), as models do whose parts work against each other: "
    "the best of one is not the best model; name the metric to tune by as 'objective' in the entry of the repository"
)


class MetricCapture(FitListener):
    """Reports epochs, ticks within long epochs, and the objective of the newest ``fit``."""

    def __init__(self, session: Session, guard_of_fit: Any) -> None:
        """``guard_of_fit()`` returns one of ``pushtune_contract.result.GUARDS`` for the running ``fit``."""
        self._session = session
        self._guard_of_fit = guard_of_fit
        self._validates = False
        self._has_classes = True
        self._warned = False
        self._epoch_started = 0.0
        self._last_tick = 0.0
        self._steps = 0

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        """Begin a new objective: the newest ``fit`` is the one that counts."""
        self._session.fit_number = fit_number
        self._session.epochs = epochs
        self._session.epoch = 0
        self._session.phase = "compile"
        self._session.objective = None
        self._session.objective_history = []
        self._session.objective_source = None
        self._validates = arguments["validation_data"] is not None or bool(arguments["validation_split"])
        are_labels = self._session.chance_accuracy is not None or class_labels(arguments["y"]) is not None
        self._has_classes = are_labels or not is_for_numbers(model.loss)
        return 0

    def on_train_begin(self, callback_list: Any) -> None:
        self._session.phase = "train"
        self._last_tick = time.monotonic()

    def on_epoch_begin(self, callback_list: Any, epoch: int) -> None:
        self._session.phase = "train"
        self._epoch_started = time.monotonic()
        self._steps = 0

    def on_train_batch_end(self, callback_list: Any, batch: int, logs: Any) -> None:
        self._steps = batch + 1
        self._session.progress_steps += 1
        now = time.monotonic()
        if self._session.first_step_seconds is None:
            self._session.first_step_seconds = now - self._session.started
        if now - self._last_tick >= TICK_INTERVAL_SECONDS:
            self._last_tick = now
            self._session.report("tick", seconds=now - self._epoch_started, step=self._steps)

    def on_epoch_end(self, callback_list: Any, epoch: int, logs: Dict[str, float]) -> None:
        seconds = time.monotonic() - self._epoch_started
        self._last_tick = time.monotonic()
        session = self._session
        session.epoch = epoch + 1
        session.epochs_trained += 1
        session.progress_steps += 1
        session.trained = True
        session.expected_seconds = max(60.0, 3 * seconds)
        metrics = finite(logs)
        value = self.note(metrics, session.epoch)
        if (session.fit_number, session.epoch) not in session.reported_epochs:
            session.report("epoch", metrics, value, seconds=seconds)
        self._stop_if_diverged(callback_list, logs)

    def note(self, metrics: Dict[str, float], epoch: int) -> Optional[float]:
        """Take the metrics after ``epoch`` (from 1) into the objective; return its value. Used on a resume as well."""
        source = self._source(metrics)
        value = metrics.get(source.log_name) if source else None
        self._session.objective_history.append(value)
        if source is None or value is None:
            return None
        best = self._session.objective
        if best is None or better(source.direction, value, best.value):
            validated_now = source.log_name.startswith("val_")
            self._session.objective = Objective(
                metric=source.metric,
                direction=source.direction,
                value=value,
                best_epoch=epoch,
                guard=self._guard_of_fit() if validated_now else "none",
                chance=chance_of(source.metric, self._session.chance_accuracy),
            )
        return value

    def _source(self, metrics: Dict[str, float]) -> Optional[Chosen]:
        """Return what the objective of this ``fit`` is read from; with ``validation_freq`` it may not be there yet."""
        if self._session.objective_source is None:
            validated = [name for name in metrics if name.startswith("val_")]
            if validated or not self._validates:
                names, wanted = validated or list(metrics), self._session.request.objective
                self._session.objective_source = choose(names, wanted, self._has_classes)
                if self._session.objective_source is None and has_rival_losses(names) and not self._warned:
                    self._warned = True
                    self._session.warn(RIVAL_LOSSES.format(", ".join(map(plain_name, names))), kind="objective")
        return self._session.objective_source

    def _stop_if_diverged(self, callback_list: Any, logs: Dict[str, float]) -> None:
        """A loss that is not a number never comes back: a trial stops, a baseline is told."""
        loss = logs.get("loss")
        if not isinstance(loss, float) or math.isfinite(loss):
            return
        self._session.warn(f"the loss became {loss} in epoch {self._session.epoch}: the learning rate may be too high")
        if self._session.request.mode == "trial":
            self._session.stop_reason = "diverged"
            callback_list.model.stop_training = True

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        self._session.trained = True
        self._session.phase = "evaluate"
        if not self._session.objective_history:
            self.recover(history)

    def recover(self, history: Any) -> None:
        """Take the objective from the history of a ``fit`` that had nothing left to train (a resumed one)."""
        logs: Dict[str, Any] = getattr(history, "history", None) or {}
        epochs = max((len(values) for values in logs.values()), default=0)
        for number in range(epochs):
            metrics = {name: values[number] for name, values in logs.items() if number < len(values)}
            self.note(finite(metrics), number + 1)
        self._session.epoch = max(self._session.epoch, epochs)
