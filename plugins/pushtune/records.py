"""What each stage of a run decided and why, kept as one JSON document per stage in the run's folder."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pushtune.moments import present
from pushtune_contract.reading import UnsafeFile, read_json, write_json

RECORDS_FOLDER = "records"
FAULTS_FOLDER = "faults"
MESSAGE_LIMIT_CHARACTERS = 2000
ERROR_LIMIT_CHARACTERS = 20_000


def read_record(run_folder: Path, stage: str) -> dict[str, Any] | None:
    """Return the record of ``stage``, or None.

    Keys: ``stage``, ``started_unix_time``, ``seconds``, ``document``.
    """
    try:
        record: dict[str, Any] = read_json(run_folder / RECORDS_FOLDER / f"{stage}.json")
    except FileNotFoundError:
        return None
    return record


def read_records(run_folder: Path) -> dict[str, dict[str, Any]]:
    """Return all records of a run, stage -> record, in the order in which the stages started.

    One that cannot be read is left out: it must not take away what the others say.
    """
    records = []
    for path in (run_folder / RECORDS_FOLDER).glob("*.json"):
        try:
            records.append(read_json(path))
        except UnsafeFile as error:
            logging.getLogger(__name__).warning("A record of the run is left out: %s", error)
    return {record["stage"]: record for record in sorted(records, key=lambda record: record["started_unix_time"])}


@contextmanager
def recorded(run_folder: Path, stage: str) -> Iterator[dict[str, Any]]:
    """Time a stage and keep what it puts into the yielded document; on an exception ``error`` is added."""
    started, clock, document = time.time(), time.monotonic(), dict[str, Any]()
    try:
        yield document
    except Exception as error:
        document["error"] = str(error)[:ERROR_LIMIT_CHARACTERS]
        raise
    finally:
        folder = run_folder / RECORDS_FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # nothing in it is for another user
        seconds = time.monotonic() - clock
        write_json(
            folder / f"{stage}.json",
            {"stage": stage, "started_unix_time": started, "seconds": seconds, "document": document},
        )


def amend_record(run_folder: Path, stage: str, changes: Mapping[str, Any]) -> None:
    """Put ``changes`` into the document that ``stage`` has recorded: a later stage has found out better."""
    record = read_record(run_folder, stage)
    assert record is not None, f"{stage} has recorded nothing"
    record["document"] |= changes
    write_json(run_folder / RECORDS_FOLDER / f"{stage}.json", record)


def note_fault(run_folder: Path, task: Mapping[str, Any], kind: str, message: str) -> None:
    """Keep that a task ends for a reason that may pass by itself: an absent engine, a full disk, a killed process.

    Args:
        task: ``dag_id``, ``run_id``, ``task_id``, ``map_index`` (-1 where it is not mapped). kind: name of the error.
    """
    folder = run_folder / FAULTS_FOLDER
    with suppress(OSError):  # the disk itself may be the fault
        folder.mkdir(parents=True, exist_ok=True)
        document = {**task, "kind": kind, "message": message[:MESSAGE_LIMIT_CHARACTERS], **asdict(present())}
        write_json(folder / _fault_file(task), document)


def forget_fault(run_folder: Path, task: Mapping[str, Any]) -> None:
    """Take back what ``note_fault`` kept about this task."""
    (run_folder / FAULTS_FOLDER / _fault_file(task)).unlink(missing_ok=True)


def read_faults(run_folder: Path) -> list[dict[str, Any]]:
    """Return what ``note_fault`` kept about the tasks of a run."""
    found = []
    for path in sorted((run_folder / FAULTS_FOLDER).glob("*.json")):
        with suppress(FileNotFoundError):  # the task ended well meanwhile
            found.append(dict(read_json(path)))
    return found


def _fault_file(task: Mapping[str, Any]) -> str:
    return f"{task['task_id']}_{task['map_index']}.json"
