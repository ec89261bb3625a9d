"""Clears tasks that have spent their tries on faults of the infrastructure, through Airflow's public API.

A run that failed while the Docker engine was down, the disk was full or processes were killed goes on where it was,
once the cause is gone. Each task is cleared a few times at most, after longer and longer pauses; then a person is told.
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from pushtune.errors import AirflowRefused
from pushtune.healing.action_log import keep
from pushtune.healing.container_facade import ContainerFacade
from pushtune.healing.run_folders import run_folders
from pushtune.moments import NEVER, Moment, moment_in, present
from pushtune.records import read_faults
from pushtune.running.container_labels import installation_id
from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_contract.validation import ContractViolation, build

RECENT_SECONDS = 24 * 3600
KEPT_SECONDS = 2 * RECENT_SECONDS
FIRST_PAUSE_SECONDS = 60.0
PAUSE_FACTOR = 4
NOT_FOUND = 404
LATE_SECONDS = 300.0  # a clear follows the pause at the next check, unless the cause goes on
Document = dict[str, Any]
TaskId = tuple[str, str, str, int]


class Api(Protocol):
    """What is needed of Airflow's public API."""

    def get(self, path: str, **parameters: Any) -> Document: ...
    def post(self, path: str, document: Document) -> Document: ...


@dataclass(frozen=True)
class History:
    """What was done about a task: how often it was cleared, when last, and whether it was given up."""

    clears: int = 0
    last: Moment = NEVER
    given_up: bool = False

    def seconds_since(self, fault: Document, now: Moment) -> float:
        """Return how long ago the fault was met, or something was done about it, whichever came last."""
        return min(moment_in(fault).seconds_until(now), self.last.seconds_until(now))


def clear_exhausted(settings: Settings, api: Api) -> list[Document]:
    """Clear the tasks whose cause has passed; return one record per task that was cleared or given up.

    Raises:
        EngineUnavailable: it is not the time for it. And what ``api`` raises, once all others were looked at.
    """
    faults = [fault for folder in run_folders(settings) for fault in _readable_faults(folder)]
    now, histories = present(), read_histories(settings)
    recent = [fault for fault in faults if moment_in(fault).seconds_until(now) < RECENT_SECONDS]
    due = [fault for fault in recent if _is_due(fault, histories.get(_key(fault), History()), now)]
    if not due or shutil.disk_usage(settings.home).free < settings.disk_reserve_bytes:
        return []
    ContainerFacade(installation_id(settings))  # raises while the engine does not answer
    records: list[Document] = []
    refusals = []
    for fault in due:
        try:
            if not _is_exhausted(fault, api):
                continue
        except AirflowRefused as error:
            refusals += [error] * (error.status_code != NOT_FOUND)  # a run that was deleted has nothing to clear
            continue
        history = histories.get(_key(fault), History())
        gives_up = history.clears >= settings.clear_limit
        if not gives_up:
            _clear(fault, api)
        histories[_key(fault)] = History(history.clears + (not gives_up), now, gives_up)
        records.append(_record(fault, histories[_key(fault)], now))
        keep(settings, records[-1])  # first: what is noted as given up must be told
        kept = {key: done for key, done in histories.items() if done.last.seconds_until(now) < KEPT_SECONDS}
        write_histories(settings, kept)
    if refusals:
        raise refusals[0]
    return records


def awaiting(settings: Settings) -> set[TaskId]:
    """Return the tasks (DAG, run, task, map index) that are about to be cleared, if their run turns out to need it."""
    now, histories = present(), read_histories(settings)
    return {
        _task_id(fault)
        for folder in run_folders(settings)
        for fault in _readable_faults(folder)
        if _may_be_cleared(fault, histories.get(_key(fault), History()), now, settings)
    }


def runs_to_be_cleared(settings: Settings) -> set[Path]:
    """Return the folders of the runs with a fault that healing has neither given up nor forgotten."""
    now, histories = present(), read_histories(settings)

    def is_open(fault: Document) -> bool:
        given_up = histories.get(_key(fault), History()).given_up
        return moment_in(fault).seconds_until(now) < RECENT_SECONDS and not given_up

    return {folder for folder in run_folders(settings) if any(map(is_open, _readable_faults(folder)))}


def _may_be_cleared(fault: Document, history: History, now: Moment, settings: Settings) -> bool:
    left_seconds = _pause(history) + LATE_SECONDS - history.seconds_since(fault, now)
    return not history.given_up and history.clears < settings.clear_limit and left_seconds > 0


def _pause(history: History) -> float:
    return float(FIRST_PAUSE_SECONDS * PAUSE_FACTOR**history.clears)


def _readable_faults(folder: Path) -> list[Document]:
    try:
        return read_faults(folder)
    except (UnsafeFile, ValueError, TypeError):
        return []


def _is_due(fault: Document, history: History, now: Moment) -> bool:
    return not history.given_up and history.seconds_since(fault, now) >= _pause(history)


def _is_exhausted(fault: Document, api: Api) -> bool:
    """Whether the run has failed, and the task with all its tries spent: one that a person marked as failed has not."""
    run = f"/dags/{fault['dag_id']}/dagRuns/{quote(fault['run_id'], safe='')}"
    found = api.get(f"{run}/taskInstances/{fault['task_id']}" + (f"/{fault['map_index']}" if _is_mapped(fault) else ""))
    spent = found["state"] == "failed" and found["try_number"] > found["max_tries"]
    return bool(spent and api.get(run)["state"] == "failed")


def _is_mapped(fault: Document) -> bool:
    return int(fault["map_index"]) >= 0


def _clear(fault: Document, api: Api) -> None:
    task = [fault["task_id"], fault["map_index"]] if _is_mapped(fault) else fault["task_id"]
    document = {
        "dry_run": False, "dag_run_id": fault["run_id"], "task_ids": [task], "only_failed": False,
        "include_downstream": True, "reset_dag_runs": True,
    }  # fmt: skip
    api.post(f"/dags/{fault['dag_id']}/clearTaskInstances", document)


def _task_id(fault: Mapping[str, Any]) -> TaskId:
    return str(fault["dag_id"]), str(fault["run_id"]), str(fault["task_id"]), int(fault["map_index"])


def _key(fault: Mapping[str, Any]) -> str:
    return "\0".join(map(str, _task_id(fault)))


def _record(fault: Document, history: History, now: Moment) -> Document:
    done = "left as it is" if history.given_up else "cleared with what follows it, it resumes where it was"
    reason = f"{fault['kind']}: {fault['message']}"
    return {
        "unix_time": now.unix_time,
        "verdict": "given_up" if history.given_up else "exhausted",
        "reason": f"all tries are spent ({reason})",
        "action": done,
        "container_id": hashlib.sha256(_key(fault).encode()).hexdigest()[:16],
        "name": fault["task_id"],
        "trial_folder": "",
        "attempt": history.clears,
        **{name: fault[name] for name in ("dag_id", "run_id", "task_id", "map_index")},
    }


def _path(settings: Settings) -> Path:
    return settings.home / "healing" / "cleared.json"


def read_histories(settings: Settings) -> dict[str, History]:
    """Return what was done so far; nothing where that cannot be read."""
    try:
        return {key: build(History, document) for key, document in read_json(_path(settings)).items()}
    except (FileNotFoundError, UnsafeFile, ContractViolation, AttributeError):
        return {}


def write_histories(settings: Settings, histories: Mapping[str, History]) -> None:
    """Keep what was done."""
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {key: asdict(history) for key, history in histories.items()})
