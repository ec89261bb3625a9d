"""What healing asks of the Docker engine: which training containers there are, how they do, and to end one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from pushtune.errors import ContainerRefused, EngineUnavailable
from pushtune.running.container_labels import INSTALLATION, ROLE, TRAINING, TrainingLabels, from_labels

ENGINE_TIMEOUT_SECONDS = 20
STOP_GRACE_SECONDS = 5
NANOSECONDS = 10**9


@dataclass(frozen=True)
class Container:
    """A training container of this installation.

    Attributes:
        status: ``created``, ``running``, ``paused``, ``restarting``, ``removing``, ``exited`` or ``dead``.
        exit_code: meaningful where it has ended. cpu_seconds: CPU time used so far; None where it does not run.
    """

    id: str
    name: str
    status: str
    exit_code: int
    labels: TrainingLabels
    cpu_seconds: float | None


class ContainerFacade:
    """The training containers of the installation with this id, on one Docker engine.

    Raises:
        EngineUnavailable: from the constructor and each method, where the engine does not answer.
        ContainerRefused: it answers, but cannot do what is asked.
    """

    def __init__(self, installation: str) -> None:
        self._installation = installation
        with _translated_errors():
            self._client = APIClient(**{**kwargs_from_env(), "timeout": ENGINE_TIMEOUT_SECONDS})
            self._client.ping()

    def require_answer(self) -> None:
        """Raise EngineUnavailable where the engine as a whole does not answer."""
        with _translated_errors():
            self._client.ping()

    def training_containers(self) -> list[Container]:
        """Return all of them, whether they run or not; one that vanishes meanwhile is left out."""
        wanted = [f"{ROLE}={TRAINING}", f"{INSTALLATION}={self._installation}"]
        with _translated_errors():
            ids = [found["Id"] for found in self._client.containers(all=True, filters={"label": wanted})]
            return [container for container in map(self._look, ids) if container is not None]

    def _look(self, container_id: str) -> Container | None:
        try:
            document = self._client.inspect_container(container_id)
        except (NotFound, requests.exceptions.Timeout):  # one that cannot be looked at does not hide the others
            return None
        labels = from_labels(document["Config"].get("Labels") or {})
        if labels is None:
            return None
        status = document["State"]["Status"]
        return Container(
            id=container_id,
            name=document["Name"].lstrip("/"),
            status=status,
            exit_code=document["State"]["ExitCode"],
            labels=labels,
            cpu_seconds=self._cpu_seconds(container_id) if status in ("running", "paused") else None,
        )

    def _cpu_seconds(self, container_id: str) -> float | None:
        try:
            stats: Any = self._client.stats(container_id, stream=False, one_shot=True)
            return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / NANOSECONDS
        except (APIError, KeyError, requests.exceptions.Timeout):
            return None

    def stop(self, container_id: str) -> None:
        """End a container, a frozen one as well, and leave it for its task to read."""
        with _translated_errors():
            try:
                if self._client.inspect_container(container_id)["State"]["Paused"]:
                    self._client.unpause(container_id)
                self._client.stop(container_id, timeout=STOP_GRACE_SECONDS)
            except NotFound:
                return

    def remove(self, container_id: str) -> None:
        """End and remove a container; one that is gone, or is being removed, is no error."""
        with _translated_errors():
            try:
                self._client.remove_container(container_id, force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != requests.codes.conflict:
                    raise


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise ContainerRefused(
            "The Docker engine must do what is asked.", str(error.explanation or error)[:300], "Look at its log."
        ) from error
    except (DockerException, requests.exceptions.RequestException) as error:
        raise EngineUnavailable(
            "A Docker engine must be running and reachable.", str(error)[:300],
            f"Start it (`sudo systemctl start docker`); DOCKER_HOST is {os.environ.get('DOCKER_HOST', 'not set')}.",
        ) from error
