"""Bounds how many trials of one run train at the same time, where the run asks for fewer than the installation allows,
and how many of all runs share the GPU.

Airflow fixes a task's own limit when it reads the DAG; a run's wish is known only when it starts. A slot is a lock on
a file, so whoever dies gives it back.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pushtune.file_locks import try_lock

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
            with (folder / str(number)).open("w") as stream:
                if try_lock(stream):
                    yield number
                    return
        time.sleep(LOOK_INTERVAL_SECONDS)
