"""The few calls to the Docker engine that training needs, with errors that a reader can act on."""

import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import kwargs_from_env

from pushtune.errors import ContainerRefused, EngineForbidden, EngineUnavailable, ImageMissing

SOCKET = Path("/var/run/docker.sock")
NEVER = "0001-01-01"
NAME_LOOKS, NAME_INTERVAL_SECONDS = 50, 0.2


@dataclass(frozen=True)
class ContainerState:
    """What the engine says about one container.

    Attributes:
        id: full id. name: without the leading slash. labels: text to text. image_id: ``sha256:...``.
        status: ``created``, ``running``, ``paused``, ``restarting``, ``removing``, ``exited`` or ``dead``.
        exit_code: meaningful once ``exited``. oom_killed: the kernel killed a process of it for its memory.
        error: what the engine could not do when it started the container.
        started_unix_time, finished_unix_time: seconds since 1970, 0 where it did not happen.
    """

    id: str
    name: str
    labels: dict[str, str]
    image_id: str
    status: str
    exit_code: int
    oom_killed: bool
    error: str
    started_unix_time: float
    finished_unix_time: float

    @property
    def is_running(self) -> bool:
        """Whether its processes still exist."""
        return self.status in ("running", "paused", "restarting")

    @property
    def seconds(self) -> float:
        """How long it ran; 0 while it runs or if it never did."""
        return max(0.0, self.finished_unix_time - self.started_unix_time) if self.finished_unix_time else 0.0


class ContainerEngine:
    """A Docker engine, reached through ``client`` (a ``docker.APIClient``)."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def engine_id(self) -> str:
        """Return the id that the engine keeps over its restarts: a container exists on one engine only."""
        with translated_errors():
            return str(self._client.info()["ID"])

    def training_user(self, user_id: int) -> str:
        """Return the user that training runs as: ``user_id``, unless the engine itself has no root rights.

        Such an engine maps its own user, to whom the folders of trials belong, to 0 inside of containers, and all other
        ids to ones that cannot write there.
        """
        with translated_errors():
            options = self._client.info().get("SecurityOptions") or []
        chosen = 0 if "name=rootless" in options else user_id
        return f"{chosen}:{chosen}"

    def find(self, name: str) -> ContainerState | None:
        """Return the container with this name or id; None where there is none."""
        with translated_errors():
            try:
                return _state(self._client.inspect_container(name))
            except NotFound:
                return None

    def find_labelled(self, labels: dict[str, str]) -> list[ContainerState]:
        """Return the containers that carry all of these labels, whether they run or not."""
        wanted = [f"{name}={value}" for name, value in labels.items()]
        with translated_errors():
            ids = [found["Id"] for found in self._client.containers(all=True, filters={"label": wanted})]
        return [state for state in map(self.find, ids) if state is not None]

    def create(self, name: str, image: str, host_config: dict[str, Any], **arguments: Any) -> str:
        """Create a container and return its id; one that already has the name is returned instead.

        Raises:
            ImageMissing: the engine has no such image. ContainerRefused: the engine refuses the configuration.
        """
        with translated_errors():
            try:
                prepared = self._client.create_host_config(**host_config)
                # The client would hand on the proxies of its user's configuration, whose addresses may hold passwords.
                created = self._client.create_container(
                    image, name=name, host_config=prepared, use_config_proxy=False, **arguments
                )
                return str(created["Id"])
            except ImageNotFound as error:
                raise ImageMissing(
                    "The image of a training container must have been built on this Docker engine.", image,
                    "Build the images with `make images`, then clear the task.",
                ) from error
            except APIError as error:
                existing = self._find_reserved(name) if error.status_code == requests.codes.conflict else None
                if existing is None:
                    raise
                return existing.id

    def _find_reserved(self, name: str) -> ContainerState | None:
        """Wait for a container that is being created: the engine reserves its name some time before it can be found."""
        for _ in range(NAME_LOOKS):
            if (found := self.find(name)) is not None:
                return found
            time.sleep(NAME_INTERVAL_SECONDS)
        return None

    def start(self, container_id: str) -> None:
        """Start a container that was created; a container that runs already is left as it is."""
        with translated_errors():
            self._client.start(container_id)

    def stop(self, container_id: str, grace_seconds: int) -> None:
        """Stop a container: SIGTERM, and SIGKILL after ``grace_seconds``. One that is gone or frozen is no error."""
        with translated_errors():
            try:
                state = self.find(container_id)
                if state is not None and state.status == "paused":
                    self._client.unpause(container_id)
                self._client.stop(container_id, timeout=grace_seconds)
            except NotFound:
                return

    def remove(self, container_id: str) -> None:
        """Remove a container, killing it if it runs; one that is gone already, or is being removed, is no error."""
        with translated_errors():
            try:
                self._client.remove_container(container_id, force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != requests.codes.conflict:
                    raise

    def logs(self, container_id: str, tail_lines: int, follow: bool) -> Any:
        """Return the standard output and error as chunks of bytes; ``follow`` goes on until the container ends."""
        with translated_errors():
            return self._client.logs(container_id, stream=True, follow=follow, tail=tail_lines)


def connect(url: str, timeout_seconds: int) -> Any:
    """Return a client of the Docker engine at ``url`` (TLS as the environment says), after it has answered.

    Raises:
        EngineUnavailable: nothing answers. EngineForbidden: the user may not use the engine's socket.
    """
    try:
        client = APIClient(**{**kwargs_from_env(), "base_url": url, "timeout": timeout_seconds})
        client.ping()
    except Exception as error:
        raise unreachable(error) from error
    return client


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the Docker client raises into EngineUnavailable, EngineForbidden or ContainerRefused."""
    try:
        yield
    except NotFound:
        raise
    except APIError as error:
        raise ContainerRefused(
            "The Docker engine must accept the request.", str(error.explanation or error)[:500],
            "Look at the engine's log; a change of PUSHTUNE_TRIAL_* limits may be needed.",
        ) from error
    except (DockerException, requests.exceptions.RequestException) as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> EngineUnavailable | EngineForbidden:
    """Return the exception for an engine that cannot be talked to."""
    if "Permission denied" in str(error):
        owner = SOCKET.group() if SOCKET.exists() and stat.S_ISSOCK(SOCKET.stat().st_mode) else "docker"
        return EngineForbidden(
            "The user that runs Airflow must be allowed to use the Docker engine.", str(error)[:300],
            f"Add the user to the group {owner!r} (`sudo usermod -aG {owner} $USER`), log in again and restart.",
        )
    return EngineUnavailable(
        "A Docker engine must be running and reachable.", str(error)[:300],
        "Start it (`sudo systemctl start docker`), or set DOCKER_HOST to where it listens.",
    )


def _state(document: dict[str, Any]) -> ContainerState:
    state = document["State"]
    return ContainerState(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        labels=dict(document["Config"].get("Labels") or {}),
        image_id=document["Image"],
        status=state["Status"],
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        error=state.get("Error", ""),
        started_unix_time=_unix_time(state["StartedAt"]),
        finished_unix_time=_unix_time(state["FinishedAt"]),
    )


def _unix_time(text: str) -> float:
    """Return seconds since 1970 for the engine's form of a time (it has nanoseconds); 0 for never."""
    if not text or text.startswith(NEVER):
        return 0.0
    whole, _, rest = text.partition(".")
    fraction = rest.rstrip("Z")[:6] if rest else "0"
    return datetime.fromisoformat(f"{whole.rstrip('Z')}+00:00").timestamp() + float(f"0.{fraction}")
