"""The labels that tie a container to the installation, the task and the trial that it belongs to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pushtune.settings import Settings
from pushtune.training_folders import TRIALS

PREFIX = "pushtune."
INSTALLATION = PREFIX + "installation"
ROLE = PREFIX + "role"
TRAINING = "training"
SERVING = "serving"
FETCHING = "fetching"  # public data sets; no task and no trial belongs to it
INSTANCE = PREFIX + "instance"
DAG_ID = PREFIX + "dag_id"
RUN_ID = PREFIX + "run_id"
TASK_ID = PREFIX + "task_id"
MAP_INDEX = PREFIX + "map_index"
TRIAL_FOLDER = PREFIX + "trial_folder"
REQUEST_SHA256 = PREFIX + "request_sha256"
ATTEMPT = PREFIX + "attempt"
VERSION = PREFIX + "version"
SERVING_KEY = PREFIX + "serving_key"
SOCKET_FOLDER = PREFIX + "socket_folder"


@dataclass(frozen=True)
class TrainingLabels:
    """What a training container says about itself.

    Attributes:
        installation: see ``installation_id``; another installation on the same engine is left alone.
        dag_id, run_id, task_id, map_index: the task instance that owns the container; ``map_index`` is -1 for a task
            that is not mapped.
        trial_folder: absolute path of the folder of its trial.
        request_sha256: digest of the request that it was started with.
        attempt: number of the container within its trial, from 1.
    """

    installation: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    trial_folder: str
    request_sha256: str
    attempt: int

    @property
    def instance(self) -> str:
        """Id of the task instance and trial: equal labels up to the attempt have the same id."""
        parts = (self.installation, self.dag_id, self.run_id, self.task_id, str(self.map_index), self.trial_folder)
        return _digest(*parts)


def installation_id(settings: Settings) -> str:
    """Return the id of this installation: 16 hexadecimal digits of a hash of its home folder."""
    return _digest(str(settings.home.resolve()))


def fetching_labels(settings: Settings) -> dict[str, str]:
    """Return Docker's form of what the container says about itself that fetches data sets."""
    return {ROLE: FETCHING, INSTALLATION: installation_id(settings)}


def container_name(labels: TrainingLabels) -> str:
    """Return the name of the only container that may work in this trial's folder.

    Docker refuses a second container of the same name, so two of them never write the same checkpoint, whichever
    process died between finding out that there is none and creating one.
    """
    folder = Path(labels.trial_folder)
    readable = folder.name if folder.parent.name != TRIALS else f"trial-{folder.name}"
    return f"pushtune-{readable}-{_digest(labels.installation, labels.trial_folder)}"


def owner_labels(labels: TrainingLabels) -> dict[str, str]:
    """Return the labels that all containers of one task instance share, whichever trial they work on."""
    shared = to_labels(labels)
    return {name: shared[name] for name in (INSTALLATION, DAG_ID, RUN_ID, TASK_ID, MAP_INDEX)}


def to_labels(labels: TrainingLabels) -> dict[str, str]:
    """Return Docker's form of ``labels``: text to text."""
    return {
        ROLE: TRAINING,
        INSTALLATION: labels.installation,
        INSTANCE: labels.instance,
        DAG_ID: labels.dag_id,
        RUN_ID: labels.run_id,
        TASK_ID: labels.task_id,
        MAP_INDEX: str(labels.map_index),
        TRIAL_FOLDER: labels.trial_folder,
        REQUEST_SHA256: labels.request_sha256,
        ATTEMPT: str(labels.attempt),
    }


def from_labels(labels: Mapping[str, str]) -> TrainingLabels | None:
    """Return what ``to_labels`` wrote; None for a container that is not a training container of ours."""
    if labels.get(ROLE) != TRAINING:
        return None
    try:
        return TrainingLabels(
            installation=labels[INSTALLATION],
            dag_id=labels[DAG_ID],
            run_id=labels[RUN_ID],
            task_id=labels[TASK_ID],
            map_index=int(labels[MAP_INDEX]),
            trial_folder=labels[TRIAL_FOLDER],
            request_sha256=labels[REQUEST_SHA256],
            attempt=int(labels[ATTEMPT]),
        )
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True)
class ServingLabels:
    """What a serving container says about itself.

    Attributes:
        installation: as above. dag_id: name of the model. version: of the model in the registry.
        key: digest of all that it was started with, so that a change of it is noticed.
        socket_folder: name of the folder of its socket, below that of the model.
    """

    installation: str
    dag_id: str
    version: int
    key: str
    socket_folder: str

    @property
    def name(self) -> str:
        """The name of the only container that serves this version with these settings."""
        return f"pushtune-serving-{self.dag_id[:40]}-{self.version}-{_digest(self.installation, self.dag_id, self.key)}"

    def as_labels(self) -> dict[str, str]:
        """Return Docker's form."""
        return {
            ROLE: SERVING, INSTALLATION: self.installation, DAG_ID: self.dag_id, VERSION: str(self.version),
            SERVING_KEY: self.key, SOCKET_FOLDER: self.socket_folder,
        }  # fmt: skip


def serving_labels(labels: Mapping[str, str]) -> ServingLabels | None:
    """Return what ``as_labels`` wrote; None for a container that is not a serving container of ours."""
    if labels.get(ROLE) != SERVING:
        return None
    try:
        return ServingLabels(
            labels[INSTALLATION], labels[DAG_ID], int(labels[VERSION]), labels[SERVING_KEY], labels[SOCKET_FOLDER]
        )
    except (KeyError, ValueError):
        return None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
