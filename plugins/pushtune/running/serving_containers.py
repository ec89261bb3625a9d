"""The containers that serve models: found, started in the sandbox of trainings, and removed."""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from pushtune.errors import ImageMissing, ServingRefused
from pushtune.running.container_engine import ContainerEngine, ContainerState, connect
from pushtune.running.container_labels import (
    INSTALLATION,
    ROLE,
    SERVING,
    ServingLabels,
    installation_id,
    serving_labels,
)
from pushtune.running.container_log import lines_of
from pushtune.running.hardening import serving_arguments
from pushtune.running.workspace import discard_folder
from pushtune.settings import Settings
from pushtune_contract import serving
from pushtune_contract.serving import ServingOrder
from pushtune_contract.validation import as_document

ENGINE_TIMEOUT_SECONDS = 20
LOCAL_SOCKET = "unix://"
LAST_LINES = 5
LINE_LIMIT_CHARACTERS = 300


@dataclass(frozen=True)
class ServingContainer:
    """A container that serves, or shall serve, a version of a model.

    Attributes:
        key: digest of what it was started with. socket_folder: name of the folder of its socket.
        lives: its processes exist. ending: how it ended, in words; empty while it lives.
    """

    id: str
    name: str
    dag_id: str
    version: int
    key: str
    socket_folder: str
    status: str
    lives: bool
    ending: str


class ServingContainers:
    """Those of this installation, on the Docker engine at ``url``."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings, self._url = settings, url
        self._installation = installation_id(settings)
        self._engine = ContainerEngine(connect(url, ENGINE_TIMEOUT_SECONDS))
        self.engine_id = self._engine.engine_id()

    def find(self) -> list[ServingContainer]:
        """Return all of them, whether they run or not."""
        states = self._engine.find_labelled({ROLE: SERVING, INSTALLATION: self._installation})
        known = [(state, serving_labels(state.labels)) for state in states]
        return [self._seen(state, labels) for state, labels in known if labels is not None]

    def _seen(self, state: ContainerState, labels: ServingLabels) -> ServingContainer:
        return ServingContainer(
            state.id, state.name, labels.dag_id, labels.version, labels.key, labels.socket_folder, state.status,
            state.is_running, "" if state.is_running else self._ending(state),
        )  # fmt: skip

    def _ending(self, state: ContainerState) -> str:
        if state.status == "created":
            return f"it was not started{': ' + state.error if state.error else ''}"
        if state.oom_killed:
            return f"it needed more than {self._settings.serving_memory_bytes} bytes of memory"
        return f"it ended with code {state.exit_code}"

    def key(self, version: int, image: str, model_folder: str) -> str:
        """Return a digest of all that a container is started with."""
        settings = self._settings
        parts = (
            version, image, model_folder, settings.serving_memory_bytes, settings.serving_cpus, self._url,
            settings.serving_body_limit_bytes, settings.trial_processes, settings.container_uid,
        )  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def start(self, dag_id: str, order: ServingOrder, image: str, model_folder: str, socket_folder: Path) -> str:
        """Start a container and return its id; one that exists under its name already is started instead.

        Raises:
            ServingRefused: no container of this model can ever be reached from here.
            ImageMissing, ContainerRefused, EngineUnavailable: see ``ContainerEngine``.
        """
        self._require_local_engine()
        key = self.key(order.version, image, model_folder)
        labels = ServingLabels(self._installation, dag_id, order.version, key, socket_folder.name)
        self._give_folder(socket_folder)
        _let_read(Path(model_folder))
        try:
            container_id = self._engine.create(
                labels.name,
                image,
                serving_arguments(self._settings, model_folder, str(socket_folder)),
                labels=labels.as_labels(),
                user=self._engine.training_user(self._settings.container_uid),
                entrypoint=["python", "-m", "pushtune_runtime.serving"],
                command=[serving.MODEL_MOUNT, f"{serving.SOCKET_MOUNT}/{serving.SOCKET_FILE}", self._as_text(order)],
            )
        except ImageMissing as error:
            raise ImageMissing(
                "A model is served in the image that trained it, which must be on this Docker engine.", image,
                "Load that image (docker load) or push again: the next champion is served in its own image.",
            ) from error
        self._engine.start(container_id)
        return container_id

    def _as_text(self, order: ServingOrder) -> str:
        settings = self._settings
        threads, limit_bytes = max(1, int(settings.serving_cpus)), settings.serving_body_limit_bytes
        return json.dumps(as_document(replace(order, threads=threads, body_limit_bytes=limit_bytes)), allow_nan=False)

    def _require_local_engine(self) -> None:
        if not self._url.startswith(LOCAL_SOCKET):
            raise ServingRefused(
                "A served model is reached by a Unix socket, so its container must run on this machine.",
                f"a Docker engine at {self._url}",
                "Use the engine of this machine (unset DOCKER_HOST), or write 'serve: false' into the entry.",
            )

    def _give_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if os.getuid() == 0:
            os.chown(folder, self._settings.container_uid, self._settings.container_uid)

    def close_folder(self, folder: Path) -> None:
        """Take the right to write into its folder from a container whose socket is there.

        As far as it goes: where Airflow is not root, both are the same user, who could give it back.
        """
        if os.getuid() == 0:
            os.chown(folder, 0, 0)
        folder.chmod(0o511)

    def discard_folder(self, folder: Path) -> None:
        """Remove the folder of a socket, whatever lies in it."""
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o700)
        discard_folder(folder)

    def last_words(self, container_id: str) -> str:
        """Return the last line that a container has written, as one short printable line."""
        lines = [line for line in lines_of(self._engine.logs(container_id, LAST_LINES, follow=False)) if line.strip()]
        return lines[-1][:LINE_LIMIT_CHARACTERS] if lines else ""

    def remove(self, container_id: str) -> None:
        """End and remove a container."""
        self._engine.remove(container_id)


def _let_read(folder: Path) -> None:
    """The user of the container may list the folders of the model; those above it stay closed."""
    for place in (folder, *(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())):
        if place.stat().st_mode & 0o005 != 0o005:
            place.chmod(place.stat().st_mode | 0o055)
