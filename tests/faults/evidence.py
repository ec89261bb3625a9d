"""What really happened, read from where the product does not tell it: Airflow's database, the engine's own events.

The database is only read. It answers while Airflow's API server is down, which is when it matters.
"""

import contextlib
import json
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker

from pushtune.running.container_labels import (
    DAG_ID,
    INSTALLATION,
    MAP_INDEX,
    ROLE,
    RUN_ID,
    SERVING,
    TASK_ID,
    TRAINING,
    TRIAL_FOLDER,
)
from pushtune.watching.push_ledger import SIGHTINGS_KEY

ENGINE = "unix:///var/run/docker.sock"
# States in which Airflow looks after what a task has started, now or soon.
CARED_FOR = {None, "scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule", "deferred"}
ENDED = {"success", "failed"}


@dataclass(frozen=True)
class Task:
    """One task instance. Attributes: see Airflow's table ``task_instance``; ``started`` in seconds since 1970, or 0."""

    id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    try_number: int
    started: float

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.dag_id, self.run_id, self.task_id, self.map_index


class AirflowRecords:
    """Airflow's database, read from outside."""

    def __init__(self, airflow_home: Path) -> None:
        self._address = f"file:{airflow_home / 'airflow.db'}?mode=ro"

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self._address, uri=True, timeout=20)) as connection:
            return connection.execute(query, values).fetchall()

    def tasks(self) -> dict[tuple[str, str, str, int], Task]:
        """Return the task instances of all runs by their key."""
        rows = self._rows(
            "SELECT id, dag_id, run_id, task_id, map_index, state, try_number, start_date FROM task_instance"
        )
        tasks = (Task(str(row[0]).replace("-", ""), *row[1:7], unix_time(row[7])) for row in rows)
        return {task.key: task for task in tasks}

    def runs(self, dag_id: str) -> dict[str, str]:
        """Return run id -> state, the oldest first."""
        rows = self._rows("SELECT run_id, state FROM dag_run WHERE dag_id = ? ORDER BY id", dag_id)
        return {run_id: state for run_id, state in rows}

    def store(self, dag_id: str) -> dict[str, Any]:
        """Return what the state store of the repository's asset holds."""
        rows = self._rows(
            "SELECT s.key, s.value FROM asset_state_store s JOIN asset a ON a.id = s.asset_id WHERE a.name = ?",
            f"push-to-{dag_id}",
        )
        return {key: json.loads(value) for key, value in rows}

    def ledger(self, dag_id: str) -> dict[str, dict[str, Any]]:
        """Return commit -> its record in the push ledger."""
        found = self.store(dag_id).items()
        return {key.removeprefix("commit:"): value for key, value in found if key.startswith("commit:")}

    def sightings(self, dag_id: str) -> list[str]:
        """Return the commits that the trigger saw at the head of the branch."""
        return [sighting["commit"] for sighting in self.store(dag_id).get(SIGHTINGS_KEY) or []]

    def works_since(self, job_type: str, since: float) -> bool:
        """Say whether a process of this kind (``SchedulerJob``, ...) began after ``since`` and has worked."""
        rows = self._rows("SELECT start_date, latest_heartbeat FROM job WHERE job_type = ?", job_type)
        return any(unix_time(start) > since and unix_time(beat) > unix_time(start) + 0.5 for start, beat in rows)


def registered_models(database: Path) -> dict[tuple[str, str], int]:
    """Return (repository, commit) -> how many versions of its model the registry has."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
        rows = connection.execute(
            "SELECT name, value, COUNT(*) FROM model_version_tags WHERE key = 'pushtune.commit' GROUP BY name, value"
        )
        return {(name, commit): count for name, commit, count in rows}


def unix_time(text: str | None) -> float:
    """Return seconds since 1970 for a time as SQLite keeps it; 0 for none."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() if text else 0.0


@dataclass(frozen=True)
class ContainerEvent:
    """What the engine said. ``action``: ``create``, ``start``, ``die`` or ``destroy``."""

    unix_time: float
    action: str
    container_id: str
    trial_folder: str
    run_id: str
    exit_code: int


@dataclass
class Engine:
    """The real engine, past the proxy that the product uses, and its events of trainings since ``listen``."""

    installation: str
    events: list[ContainerEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = docker.DockerClient(base_url=ENGINE, timeout=60)

    def listen(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        since = time.time()
        while True:  # the thread ends with the process; an engine that restarts is asked for what was missed
            with contextlib.suppress(Exception):
                stream = docker.APIClient(base_url=ENGINE).events(
                    since=since, filters={"type": "container", "label": self._labels(TRAINING)}, decode=True
                )
                for event in stream:
                    since = event["timeNano"] / 1e9
                    self._keep(event)
            time.sleep(0.5)

    def _keep(self, event: dict[str, Any]) -> None:
        about = event["Actor"]["Attributes"]
        if event["Action"] in ("create", "start", "die", "destroy"):
            code = int(about.get("exitCode", -1))
            made = ContainerEvent(
                event["timeNano"] / 1e9, event["Action"], event["Actor"]["ID"], about[TRIAL_FOLDER], about[RUN_ID], code
            )
            self.events.append(made)

    def containers(self, everything: bool = False) -> list[Any]:
        """Return this instance's training containers, the running ones by default."""
        return self._listed(TRAINING, everything)

    def servers(self, everything: bool = False) -> list[Any]:
        """Return this instance's containers that serve champions, the running ones by default."""
        return self._listed(SERVING, everything)

    def _listed(self, role: str, everything: bool) -> list[Any]:
        filters = {"label": self._labels(role)}
        return list(self.client.containers.list(all=everything, filters=filters, ignore_removed=True))

    def _labels(self, role: str) -> list[str]:
        return [f"{INSTALLATION}={self.installation}", f"{ROLE}={role}"]


def owner_of(container: Any) -> tuple[str, str, str, int]:
    """Return the key of the task instance that a container belongs to."""
    labels = container.labels
    return labels[DAG_ID], labels[RUN_ID], labels[TASK_ID], int(labels[MAP_INDEX])


def diary(trial_folder: Path) -> list[dict[str, Any]]:
    """Return what the training script wrote into its diary; a half line at a kill is left out."""
    path = trial_folder / "diary.jsonl"
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found
