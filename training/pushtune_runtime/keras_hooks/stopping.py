"""Stops training when Airflow asks for it, and when the time is up."""

import time
from typing import Any, Dict

from pushtune_contract import layout
from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.script_runner import TrainingStopped
from pushtune_runtime.session import Session

CHECK_INTERVAL_SECONDS = 2.0


class Stopping(FitListener):
    """Looks for the file ``stop`` at each epoch end and every two seconds between batches."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._next_check = 0.0

    def on_train_batch_end(self, callback_list: Any, batch: int, logs: Any) -> None:
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + CHECK_INTERVAL_SECONDS
            self._stop_if_asked(callback_list)

    def on_epoch_end(self, callback_list: Any, epoch: int, logs: Dict[str, float]) -> None:
        self._stop_if_asked(callback_list)
        limit = self._session.request.time_limit_seconds
        if self._session.seconds > limit and not callback_list.model.stop_training:
            callback_list.model.stop_training = True
            self._session.stop_reason = "time_limit"
            done = f"epoch {epoch + 1} of {self._session.epochs}"
            self._session.warn(f"training was stopped after {done}: the limit of {limit:.0f} s is over")

    def _stop_if_asked(self, callback_list: Any) -> None:
        if (self._session.trial_folder / layout.STOP_FILE).exists():
            callback_list.model.stop_training = True
            self._session.stop_reason = "pruned"

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        """What follows in the script does not matter to a trial that is given up."""
        if self._session.stop_reason in ("pruned", "diverged"):
            raise TrainingStopped(self._session.stop_reason)


class NoFurtherFits(FitListener):
    """Ends a script that trains again when the time is up: ``while accuracy < 0.99`` might go on for ever.

    Has to be the first listener: what the fits before have reached stays as it is.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        if self._session.stop_reason == "time_limit":
            limit = self._session.request.time_limit_seconds
            self._session.warn(
                f"the script called fit again after the limit of {limit:.0f} s: it was ended there, with the result of "
                "the fits before"
            )
            raise TrainingStopped("time_limit")
        return 0
