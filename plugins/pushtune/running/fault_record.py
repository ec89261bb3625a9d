"""Keeps why the task of a training ended where the reason is not in the training, for healing to clear the task later.

The note is there from the beginning of a try, so that a process that is killed leaves it behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pushtune.errors import PassingFault
from pushtune.records import forget_fault, note_fault
from pushtune.running.supervision import Flag
from pushtune.running.workspace import name_run

KILLED = "TaskKilled"


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
    note_fault(folder, task, KILLED, "The process of the task ended without a word.")
    try:
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
