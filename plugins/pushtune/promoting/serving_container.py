"""Brings the containers that serve models to where the registry wants them: one for each champion, which answers.

A new champion gets a container beside the one that answers, and takes over once it has answered itself; one that
cannot be loaded changes nothing. Everything is decided by what is found, so a step that was killed is done again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pushtune.errors import PushtuneError
from pushtune.file_locks import wait_for_lock
from pushtune.promoting.serving_keeper import Keeper, Patience
from pushtune.promoting.serving_ports import Containers
from pushtune.promoting.serving_state import STATE_FILE, ServedModel

LOCK_FILE = ".lock"
Document = dict[str, Any]


@dataclass
class Reconciled:
    """What a call has done: each action with its reason, and what kept it from doing more."""

    actions: list[Document] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def reconcile(
    root: Path,
    wanted: Mapping[str, ServedModel],
    is_unwanted: Callable[[str], bool],
    containers: Containers,
    patience: Patience,
    note: Callable[[Document], None] = lambda action: None,
) -> Reconciled:
    """Serve what is ``wanted``, and nothing else: start, exchange, restart and remove containers.

    Args:
        root: folder with one folder per served model. wanted: DAG id -> its champion.
        is_unwanted: whether a DAG id that is not among them is to be removed; otherwise it is left as it is.
        note: called with each action at once.
    """
    done = Reconciled()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (root / LOCK_FILE).open("w") as lock:
        if not wait_for_lock(lock, patience.here):
            done.faults.append("another process looks after the served models at this moment")
            return done
        for dag_id, model in wanted.items():
            keeper = Keeper(root / dag_id, dag_id, containers, patience, note)
            try:
                keeper.keep(model)
            except (PushtuneError, OSError) as error:  # one that cannot be served holds up no other
                done.faults.append(str(error))
            done.actions += keeper.actions
        for dag_id in sorted(filter(is_unwanted, _known(root, containers) - set(wanted))):
            keeper = Keeper(root / dag_id, dag_id, containers, patience, note)
            keeper.drop()
            done.actions += keeper.actions
    return done


def _known(root: Path, containers: Containers) -> set[str]:
    return {path.parent.name for path in root.glob(f"*/{STATE_FILE}")} | {found.dag_id for found in containers.find()}
