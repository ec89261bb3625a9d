"""SIGTERM: write a checkpoint at the next batch if there is time for it, say ``interrupted``, and leave.

Docker gives a container a few seconds between SIGTERM and SIGKILL. Python runs signal handlers only between two of
its own instructions, which a long operation of a library may delay: a thread therefore hears of the signal through
a pipe, and ends the process itself when the time is up. Nothing is lost then but the work since the last checkpoint.
"""

import os
import signal
import threading
import time
from typing import Any, Callable, Optional

from pushtune_contract.exit_codes import ExitCode
from pushtune_runtime.script_runner import TrainingStopped
from pushtune_runtime.session import Session

LEAVE_WITHIN_SECONDS = 2.0  # the operator kills 3 s after SIGTERM; what is left is for the result and the exit
WRITE_MARGIN = 2.0  # a write may take this many times as long as the last one did


class Interruption:
    """Whether this process has been asked to leave.

    Args:
        session: of this run; its ``stop_reason`` becomes ``interrupted``.
        write_result: writes ``result.json`` from the session as it stands.
    """

    def __init__(self, session: Session, write_result: Callable[[], Any]) -> None:
        self._session = session
        self._write_result = write_result
        self._deadline: Optional[float] = None
        self._in_fit = False
        self._finished = threading.Lock()

    def install(self) -> None:
        """Handle SIGTERM from now on; call in the main thread. Processes that the script forks are left alone."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._handle)
        os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_forget)
        threading.Thread(target=self._watch, args=(reader,), name="interruption", daemon=True).start()

    @property
    def requested(self) -> bool:
        """Whether SIGTERM has arrived."""
        return self._deadline is not None

    def allows(self, write_seconds: float) -> bool:
        """Return whether a checkpoint that took ``write_seconds`` last time can still be written."""
        return self._deadline is None or time.monotonic() + WRITE_MARGIN * write_seconds < self._deadline

    def enter_fit(self) -> None:
        """From now on ``leave_if_requested`` is called after each batch."""
        self._in_fit = True

    def leave_fit(self) -> None:
        """``fit`` is over; SIGTERM ends the script wherever it stands."""
        self._in_fit = False
        self.leave_if_requested()

    def leave_if_requested(self) -> None:
        """Raise TrainingStopped if SIGTERM has arrived."""
        if self.requested:
            self._session.stop_reason = "interrupted"
            raise TrainingStopped("interrupted")

    def finish(self) -> bool:
        """Claim the right to write the result, once; False if the time is up and the process is being ended."""
        return self._finished.acquire(blocking=False)

    def _handle(self, number: int, frame: Any) -> None:
        self._request()
        if not self._in_fit:
            self.leave_if_requested()

    def _request(self) -> None:
        if self._deadline is None:
            self._deadline = time.monotonic() + LEAVE_WITHIN_SECONDS

    def _watch(self, reader: int) -> None:
        while os.read(reader, 1) != bytes([signal.SIGTERM]):
            continue  # another signal of the script's own
        self._request()
        time.sleep(LEAVE_WITHIN_SECONDS)
        if self.finish():
            self._session.stop_reason = "interrupted"
            try:
                self._write_result()
            finally:
                os._exit(int(ExitCode.INTERRUPTED))


_masks = threading.local()


def _hold() -> None:
    """Let SIGTERM wait while the process forks: a child that got it sooner would tell its parent's pipe of it."""
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _release() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def _forget() -> None:
    """In a forked child SIGTERM is what it always was: pools of worker processes are ended with it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _release()
