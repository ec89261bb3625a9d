"""What each stage of a run decided and why, kept as one JSON document per stage in the run's folder."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pushtune_contract.reading import read_json, write_json

RECORDS_FOLDER = "records"


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
    """Return all records of a run, stage -> record, in the order in which the stages started."""
    records = [read_json(path) for path in (run_folder / RECORDS_FOLDER).glob("*.json")]
    return {record["stage"]: record for record in sorted(records, key=lambda record: record["started_unix_time"])}


@contextmanager
def recorded(run_folder: Path, stage: str) -> Iterator[dict[str, Any]]:
    """Time a stage and keep what it puts into the yielded document; on an exception ``error`` is added."""
    started, clock, document = time.time(), time.monotonic(), dict[str, Any]()
    try:
        yield document
    except Exception as error:
        document["error"] = str(error)
        raise
    finally:
        folder = run_folder / RECORDS_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        seconds = time.monotonic() - clock
        write_json(
            folder / f"{stage}.json",
            {"stage": stage, "started_unix_time": started, "seconds": seconds, "document": document},
        )
