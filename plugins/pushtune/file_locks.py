"""Locks on files, by which processes of this host wait for each other. The kernel frees the lock of who dies."""

import fcntl
import time
from typing import IO

LOOK_INTERVAL_SECONDS = 0.2


def try_lock(file: int | IO[str]) -> bool:
    """Lock the open ``file`` until it is closed; return whether that was possible at once."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(file: int | IO[str], limit_seconds: float) -> bool:
    """Lock the open ``file`` within ``limit_seconds`` (0 or more); return whether that was possible."""
    deadline = time.monotonic() + limit_seconds
    while not try_lock(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_INTERVAL_SECONDS)
    return True
