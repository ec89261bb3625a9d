"""The log of what was done about containers and tasks, each action with its reason: only appended to, and bounded."""

import json
import os
from pathlib import Path
from typing import Any

from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile, read_json_lines

ACTIONS_LIMIT_BYTES = 4 * 2**20
READ_LIMIT_BYTES = ACTIONS_LIMIT_BYTES + 2**20  # the record that passed the limit is still in the file


def actions_file(settings: Settings) -> Path:
    """Return the file of all actions, one JSON document per line; the one before it ends in ``.1``."""
    return settings.home / "healing" / "actions.jsonl"


def keep(settings: Settings, record: dict[str, Any]) -> None:
    """Append one record in a single write; at ``ACTIONS_LIMIT_BYTES`` a new file is begun."""
    path = actions_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > ACTIONS_LIMIT_BYTES:
        path.replace(_older(path))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, (json.dumps(record) + "\n").encode())
    finally:
        os.close(handle)


def read_actions(settings: Settings) -> list[dict[str, Any]]:
    """Return the records of both files, the oldest first; what cannot be read is left out."""
    path, records = actions_file(settings), list[dict[str, Any]]()
    for file in (_older(path), path):
        try:
            records += [record for record in read_json_lines(file, READ_LIMIT_BYTES) if isinstance(record, dict)]
        except UnsafeFile:
            continue
    return records


def _older(path: Path) -> Path:
    return path.with_name(path.name + ".1")
