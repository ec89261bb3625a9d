"""Acts on a verdict, and keeps every action with its reason.

A hung container is only ended: its task notices, and its next try starts the next container from the newest checkpoint.
So there is one way to restart, and the task's own limit of tries bounds it.
"""

import time
from pathlib import Path
from typing import Any

from pushtune.healing.action_log import keep, read_actions
from pushtune.healing.container_facade import Container, ContainerFacade
from pushtune.healing.diagnosis import Verdict
from pushtune.running.workspace import give_up_trial
from pushtune.settings import Settings

ACTIONS = {
    Verdict.HUNG: "stopped, its task resumes from the newest checkpoint",
    Verdict.LOOPING: "stopped, its task fails",
    Verdict.ORPHAN: "removed",
    Verdict.LEFTOVER: "removed",
    Verdict.GIVEN_UP: "removed",
}


def act(facade: ContainerFacade, settings: Settings, container: Container, verdict: Verdict, reason: str) -> Any:
    """Do what ``verdict`` asks for; return the record of the action, or None where nothing is to be done."""
    if verdict not in ACTIONS:
        return None
    if verdict is Verdict.LOOPING:
        give_up_trial(Path(container.labels.trial_folder), reason)
    if verdict in (Verdict.HUNG, Verdict.LOOPING):
        facade.stop(container.id)
    else:
        facade.remove(container.id)
    return _kept(settings, container, verdict, reason, ACTIONS[verdict])


def note_stuck(settings: Settings, container: Container, reason: str) -> Any:
    """Keep, once for each container, that the engine cannot end it: a person has to."""
    known = [record for record in read_actions(settings) if record.get("container_id") == container.id]
    if any(record.get("verdict") == Verdict.STUCK for record in known):
        return None
    return _kept(settings, container, Verdict.STUCK, reason, "left: the engine cannot end it, and each check tries")


def _kept(settings: Settings, container: Container, verdict: Verdict, reason: str, action: str) -> dict[str, Any]:
    record = {
        "unix_time": time.time(),
        "verdict": str(verdict),
        "reason": reason,
        "action": action,
        "container_id": container.id,
        "name": container.name,
        "dag_id": container.labels.dag_id,
        "run_id": container.labels.run_id,
        "task_id": container.labels.task_id,
        "map_index": container.labels.map_index,
        "trial_folder": container.labels.trial_folder,
        "attempt": container.labels.attempt,
    }
    keep(settings, record)
    return record
