"""Bounds how many trials of one run train at the same time, where the run asks for fewer than the installation allows,
and how many of all runs share the GPU.

Airflow fixes a task's own limit when it reads the DAG; a run's wish is known only when it starts. A slot is a lock on
a file, so whoever dies gives it back.
"""

import fcntl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

LOOK_INTERVAL_SECONDS = 1.0


@contextmanager
def hold_slots(wanted: Sequence[Mapping[str, Any] | None]) -> Iterator[None]:
    """Hold a slot of each of ``wanted`` (``folder``, ``count``), taken in that order; None asks for none."""
    with ExitStack() as held:
        for slots in wanted:
            if slots:
                held.enter_context(hold_slot(Path(slots["folder"]), slots["count"]))
        yield


@contextmanager
def hold_slot(folder: Path, slots: int) -> Iterator[int]:
    """Wait for one of ``slots`` slots (1 or more), files in ``folder``, and hold it; yields its number, from 0."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for number in range(slots):
            stream = _lock(folder / str(number))
            if stream is not None:
                with stream:
                    yield number
                return
        time.sleep(LOOK_INTERVAL_SECONDS)


def _lock(path: Path) -> IO[str] | None:
    stream = path.open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return None
    return stream
