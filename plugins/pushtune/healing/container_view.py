"""What the page of the containers shows: what the last check found, and what was done, each with its reason."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pushtune.healing.action_log import read_actions
from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile, read_json, write_json

ALL_CONTAINERS = "check_containers"  # whoever may read the runs of this DAG may see the containers of all
ACTIONS_SHOWN = 100
Document = dict[str, Any]


def keep_findings(settings: Settings, diagnoses: Iterable[Document]) -> None:
    """Keep what a check found, for those who have no access to the engine."""
    found = []
    for diagnosis in diagnoses:
        container, labels = diagnosis["container"], diagnosis["container"]["labels"]
        shown = {name: labels[name] for name in ("dag_id", "run_id", "task_id", "map_index", "attempt")}
        facts = {"name": container["name"], "status": container["status"]}
        found.append({**facts, **shown, "verdict": diagnosis["verdict"], "reason": diagnosis["reason"]})
    path = _findings_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"unix_time": time.time(), "containers": found})


def keep_served(settings: Settings, rows: list[Document]) -> None:
    """Keep what a check found of the containers that serve models."""
    path = _served_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"unix_time": time.time(), "containers": rows})


def _served_file(settings: Settings) -> Path:
    return settings.home / "healing" / "served.json"


def _findings_file(settings: Settings) -> Path:
    return settings.home / "healing" / "findings.json"


def container_view(settings: Settings, dag_id: str) -> Document:
    """Return ``checked_unix_time`` (0 before the first check), ``containers`` and ``actions``, the newest first.

    Only those of the runs of ``dag_id``, unless that is the DAG of the checks itself.
    """
    document, served = _kept(_findings_file(settings)), _kept(_served_file(settings))

    def is_shown(record: Document) -> bool:
        return dag_id in (ALL_CONTAINERS, record.get("dag_id"))

    return {
        "checked_unix_time": document["unix_time"],
        "containers": [record for record in document["containers"] + served["containers"] if is_shown(record)],
        "actions": [record for record in reversed(read_actions(settings)) if is_shown(record)][:ACTIONS_SHOWN],
    }


def _kept(path: Path) -> Document:
    try:
        return dict(read_json(path))
    except (FileNotFoundError, UnsafeFile):
        return {"unix_time": 0.0, "containers": []}
