"""Lets one process of this user build images at a time, whichever installation it belongs to: they share the engine."""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pushtune.errors import ImageBuildFailed

WAIT_LIMIT_SECONDS = 3600.0
LOOK_INTERVAL_SECONDS = 0.5


@contextmanager
def only_one_build(
    on_wait: Callable[[], None] = lambda: None, limit_seconds: float = WAIT_LIMIT_SECONDS
) -> Iterator[None]:
    """Hold the lock of image builds; ``on_wait`` is called once if another process has it.

    Raises:
        ImageBuildFailed: the other process has not left it within ``limit_seconds``.
    """
    path = Path(tempfile.gettempdir()) / f"pushtune-images-{os.getuid()}.lock"
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if not _taken(lock):
            on_wait()
            _wait(lock, path, limit_seconds)
        yield
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(lock: int, path: Path, limit_seconds: float) -> None:
    deadline = time.monotonic() + limit_seconds
    while not _taken(lock):
        if time.monotonic() > deadline:
            raise ImageBuildFailed(
                f"Another process that builds images must end within {limit_seconds:.0f} seconds.",
                f"it still holds {path}", "End that process, or wait for it; then run this again.",
            )
        time.sleep(LOOK_INTERVAL_SECONDS)
