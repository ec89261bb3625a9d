"""Joins the stages in serving: which entries ask for it, which champions they have, and the containers that answer."""

import logging
import os
import time
from pathlib import Path
from typing import Any

from pushtune.errors import PassingFault, PushtuneError, ServingRefused
from pushtune.promoting.serving_container import Reconciled, reconcile
from pushtune.promoting.serving_keeper import Patience
from pushtune.promoting.serving_state import STATE_FILE, ServedModel, read_state
from pushtune.settings import Settings

CHECK_SECONDS = 20.0  # so long a check waits for a new container; the next one goes on
GRACE_SECONDS = 5.0
FAULT_PAUSE_SECONDS = 2.0
Document = dict[str, Any]


def serve_champions(settings: Settings) -> list[Document]:
    """Bring the serving containers to where the registry and the entries want them; return what was done, and why.

    What does not answer within the time of a check (engine, registry) is a line in the log: the next one tries again.
    """
    from pushtune.healing.container_view import keep_served
    from pushtune.watching.configuration_files import broken_entries, usable_repositories

    names = [entry.name for entry in usable_repositories(settings) if entry.serve]
    if not names and not settings.serving.exists():
        return []
    unknown = bool(broken_entries(settings))  # an entry that cannot be read may ask for it
    deadline = time.monotonic() + CHECK_SECONDS
    while True:
        try:
            done = _reconcile(settings, names, lambda dag_id: not unknown, CHECK_SECONDS)
            keep_served(settings, _rows(settings))
            return done.actions
        except PassingFault as error:
            if time.monotonic() >= deadline:
                logging.getLogger(__name__).warning("%s", error)
                return []
            time.sleep(FAULT_PAUSE_SECONDS)


def serve_champion(settings: Settings, dag_id: str) -> Document:
    """Let a new champion take over, within the time that it has for that; return ``serving`` (bool) and ``reason``.

    Nothing that goes wrong here is an error: the champion is promoted, and each check tries again.
    """
    try:
        here = settings.serving_start_seconds + GRACE_SECONDS
        done = _reconcile(settings, [dag_id], lambda other: False, here)
        champion = _champion(settings, dag_id)
    except PushtuneError as error:
        return {"serving": False, "reason": f"{error} The check of each minute tries again."}
    state = read_state(settings.serving / dag_id)
    if champion is not None and state.model == champion and state.container_id:
        return {"serving": True, "reason": f"version {champion.version} answers on /pushtune/models/{dag_id}"}
    reasons = [effort.reason for effort in state.efforts.values() if effort.reason] + done.faults
    former = f" Version {state.model.version} goes on answering." if state.container_id else ""
    return {"serving": False, "reason": (reasons[-1] if reasons else "it is still being started.") + former}


def served_images(settings: Settings) -> list[str]:
    """Return the images of the models that answer, or answered last."""
    folders = [path.parent for path in settings.serving.glob(f"*/{STATE_FILE}")]
    return sorted({read_state(folder).model.image for folder in folders} - {""})


def _reconcile(settings: Settings, names: list[str], is_unwanted: Any, here_seconds: float) -> Reconciled:
    from pushtune.healing.action_log import keep

    wanted, faults = _champions(settings, names)
    patience = Patience(
        start=settings.serving_start_seconds,
        silence=settings.hung_after_seconds,
        pause=settings.restart_delay_seconds,
        tries=settings.restart_limit,
        here=here_seconds,
    )
    done = reconcile(
        settings.serving,
        wanted,
        lambda dag_id: dag_id not in faults and is_unwanted(dag_id),  # what it served before goes on answering
        _containers(settings),
        patience,
        lambda action: keep(settings, action),
    )
    done.faults += faults.values()
    for fault in done.faults:
        logging.getLogger(__name__).warning("%s", fault)
    return done


def _champions(settings: Settings, names: list[str]) -> tuple[dict[str, ServedModel], dict[str, str]]:
    """Return the champions by name, and what is wrong with those that cannot be served: they hold up no other."""
    wanted, faults = {}, {}
    for name in names:
        try:
            champion = _champion(settings, name)
        except ServingRefused as error:
            faults[name] = f"{name}: {error}"
            continue
        if champion is not None:
            wanted[name] = champion
    return wanted, faults


def _containers(settings: Settings) -> Any:
    from pushtune.running.container_engine import SOCKET
    from pushtune.running.serving_containers import ServingContainers

    return ServingContainers(settings, os.environ.get("DOCKER_HOST") or f"unix://{SOCKET}")


def _champion(settings: Settings, dag_id: str) -> ServedModel | None:
    from pushtune.promoting.registry import champion_to_serve

    known = champion_to_serve(settings.registry_folder, dag_id)
    if known is None:
        return None
    return ServedModel(
        dag_id, known["version"], known["image"], str(Path(known["path"])), known["metric"], known["value"]
    )


def _rows(settings: Settings) -> list[Document]:
    """Return what the page of the containers shows of those that serve."""
    rows = []
    for container in _containers(settings).find():
        state = read_state(settings.serving / container.dag_id)
        answers = container.id == state.container_id
        effort = state.efforts.get(str(container.version))
        silent = answers and state.silent_since.unix_time > 0
        verdict = "healthy" if answers and not silent else "silent" if silent else "starting"
        rows.append(
            {
                "name": container.name, "status": container.status, "dag_id": container.dag_id, "run_id": "",
                "task_id": "serving", "map_index": -1, "attempt": effort.starts if effort is not None else 0,
                "verdict": verdict,
                "reason": f"it serves version {container.version}" if answers else "it has not answered yet",
            }
        )  # fmt: skip
    return rows
