"""Times the steps of the first ``fit`` in a process that was started for nothing else, and ends the process."""

import os
import statistics
import time
from typing import Any, List

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.result import TrialResult, write_result
from pushtune_runtime.keras_hooks.fit_events import FitListener
from pushtune_runtime.session import Session

WARM_UP_STEPS = 3  # after the first, which compiles: caches and the queue of the input fill
WINDOW_SECONDS = 3.0
FEWEST_STEPS = 8  # even where a step takes longer than the window


class StepClock(FitListener):
    """Reports the median time from one batch's end, or the epoch's beginning, to the next batch's end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._steps = 0
        self._last = 0.0
        self._since = 0.0
        self._seconds: List[float] = []

    def on_epoch_begin(self, callback_list: Any, epoch: int) -> None:
        """What lies between two epochs (validation, callbacks) is no step; an epoch may have a single one."""
        self._last = time.perf_counter()

    def on_train_batch_end(self, callback_list: Any, batch: int, logs: Any) -> None:
        now = time.perf_counter()
        self._steps += 1
        if self._steps <= 1 + WARM_UP_STEPS:
            self._since = now
        else:
            self._seconds.append(now - self._last)
        self._last = now
        if len(self._seconds) >= FEWEST_STEPS and now - self._since >= WINDOW_SECONDS:
            self._leave()

    def _leave(self) -> None:
        """Write the time and end the process at once: nothing that follows in the script is wanted."""
        session = self._session
        times = {str(session.request.threads): statistics.median(self._seconds)}
        write_result(session.trial_folder, TrialResult("interrupted", session.script_sha256, step_seconds=times))
        os._exit(int(ExitCode.INTERRUPTED))
