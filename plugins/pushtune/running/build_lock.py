"""Lets one process of this user build images at a time, whichever installation it belongs to: they share the engine."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pushtune.errors import ImageBuildFailed
from pushtune.file_locks import try_lock, wait_for_lock

WAIT_LIMIT_SECONDS = 3600.0


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
        if not try_lock(lock):
            on_wait()
            _wait(lock, path, limit_seconds)
        yield
    finally:
        os.close(lock)


def _wait(lock: int, path: Path, limit_seconds: float) -> None:
    if not wait_for_lock(lock, limit_seconds):
        raise ImageBuildFailed(
            f"Another process that builds images must end within {limit_seconds:.0f} seconds.",
            f"it still holds {path}", "End that process, or wait for it; then run this again.",
        )
