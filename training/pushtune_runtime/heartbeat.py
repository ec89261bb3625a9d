"""Says every few seconds that the process lives, and how far its real work has come.

The thread beats even while the main thread is stuck, so a beat proves little: ``progress_counter`` is the truth. It
rises with each batch, and ``expected_seconds`` says within which time it should rise next.
"""

import threading
import time
from typing import Optional, Set, Tuple

from pushtune_contract.progress import Heartbeat, write_heartbeat
from pushtune_runtime.session import Session

INTERVAL_SECONDS = 2.0
# Phases whose length nobody knows beforehand: imports and downloads, reading data again, tracing and compiling.
UNKNOWN_PHASE_SECONDS = 180.0
SHORTEST_EXPECTATION_SECONDS = 30.0
EXPECTATION_FACTOR = 10.0  # batches and validations vary; ten times the longest so far is no longer variation


class StepPace:
    """How long the next real step may take, from how long steps have taken in the same process."""

    def __init__(self) -> None:
        self._steps = 0
        self._moved_at = 0.0
        self._longest_seconds = 0.0
        self._epochs_seen: Set[Tuple[int, int]] = set()

    def expect(self, now: float, session: Session) -> float:
        """Return the seconds within which ``session.progress_steps`` should rise; ``now`` is monotonic time.

        Until an epoch of the running ``fit`` is complete, its longest step (compiling, the first validation) has not
        been seen, and the expectation is generous.
        """
        self._observe(now, session)
        if session.phase not in ("train", "validate") or len(self._epochs_seen) < 2:
            return UNKNOWN_PHASE_SECONDS
        return max(SHORTEST_EXPECTATION_SECONDS, EXPECTATION_FACTOR * self._longest_seconds)

    def _observe(self, now: float, session: Session) -> None:
        if self._epochs_seen and session.fit_number != next(iter(self._epochs_seen))[0]:
            self._epochs_seen.clear()
            self._longest_seconds = 0.0
        self._epochs_seen.add((session.fit_number, session.epoch))
        if session.progress_steps != self._steps or self._moved_at == 0.0:
            if session.phase in ("train", "validate") and self._moved_at > 0.0:
                self._longest_seconds = max(self._longest_seconds, now - self._moved_at)
            self._steps = session.progress_steps
            self._moved_at = now


class HeartbeatThread:
    """Writes ``heartbeat.json`` until the process ends."""

    def __init__(self, session: Session, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._session = session
        self._interval_seconds = interval_seconds
        self._pace = StepPace()
        self._counter = 0
        self._stopped = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Beat now and from now on, in a thread that does not keep the process alive."""
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beat a last time and end the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while True:
            self._beat()
            if self._stopped.wait(self._interval_seconds):
                self._beat()
                return

    def _beat(self) -> None:
        self._counter += 1
        session = self._session
        beat = Heartbeat(
            counter=self._counter,
            phase=session.phase,
            expected_seconds=max(session.expected_seconds, self._pace.expect(time.monotonic(), session)),
            unix_time=time.time(),
            progress_counter=session.progress_steps,
        )
        try:
            write_heartbeat(session.trial_folder, beat)
        except OSError:
            return  # a full disk: the next beat tries again, and its absence is seen from outside
