"""Keeps why the task of a training ended where the reason is not in the training, for healing to clear the task later.

The note is there from the beginning of a try, so that a process that is killed leaves it behind; and it is written
again and again, so that its age is how long the process has been dead.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pushtune.errors import PassingFault
from pushtune.records import forget_fault, note_fault
from pushtune.running.supervision import Flag
from pushtune.running.workspace import name_run

KILLED = "TaskKilled"
INTERVAL_SECONDS = 30.0  # healing looks once a minute


@contextmanager
def _repeated(note: Callable[[], None]) -> Iterator[None]:
    """Call ``note`` now and again while the block runs; not any more once it has ended."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(INTERVAL_SECONDS):
            note()

    note()
    thread = threading.Thread(target=repeat, name="fault-note", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def fault_kept(spec: dict[str, Any], instance: Any, cancelled: Flag) -> Iterator[None]:
    """Keep a note while the block runs, and after it where it ends with a ``PassingFault``.

    Args:
        spec: the trial, see ``prepare_trial``. instance: the task instance.
        cancelled: raised where a person ended the task, who may clear it as well.
    """
    folder = Path(spec["folder"]).parents[spec["name"].count("/")]
    map_index = -1 if instance.map_index is None else instance.map_index
    task = {
        "dag_id": instance.dag_id, "run_id": instance.run_id, "task_id": instance.task_id, "map_index": map_index
    }  # fmt: skip
    name_run(folder, instance.dag_id, instance.run_id)
    try:
        with _repeated(lambda: note_fault(folder, task, KILLED, "The process of the task ended without a word.")):
            yield
    except PassingFault as error:
        note_fault(folder, task, type(error).__name__, str(error))
        if cancelled.raised:
            forget_fault(folder, task)
        raise
    except BaseException:
        forget_fault(folder, task)
        raise
    forget_fault(folder, task)
