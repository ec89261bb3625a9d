"""Keeps one model served: what is done is decided by the champion, the containers that exist, and what was tried."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pushtune.errors import EngineUnavailable, ModelUnreachable, PushtuneError, ServingRefused
from pushtune.moments import NEVER, present
from pushtune.promoting.model_client import ask
from pushtune.promoting.serving_ports import Container, Containers
from pushtune.promoting.serving_state import NOTHING, Effort, ServedModel, read_state, write_state
from pushtune_contract.reading import UnsafeFile
from pushtune_contract.serving import HEALTH_PATH, SOCKET_FILE, ServingOrder, read_refusal
from pushtune_contract.validation import ContractViolation

PROBE_SECONDS = 5.0
PROBE_LIMIT_BYTES = 2**20
LOOK_INTERVAL_SECONDS = 0.2
STEADY_SECONDS = 600.0  # who answers for so long does not fail again and again
FILES_LIMIT = 4  # the socket, or a refusal beside what it is written to first
OTHER_HOST_SECONDS = 300.0  # so long another host is believed to look after its own container
REASON_LIMIT_CHARACTERS = 600
Document = dict[str, Any]


@dataclass(frozen=True)
class Patience:
    """How long is waited, in seconds, and how often is tried.

    Attributes:
        start: until a new container has to answer. silence: until one that answered is taken for hung.
        pause: before the second start; it doubles. tries: starts after the first.
        here: how long one call may wait for a container to answer.
    """

    start: float
    silence: float
    pause: float
    tries: int
    here: float


class Keeper:
    """Keeps the model ``dag_id`` served.

    Args:
        root: folder of what is known about the model, and of its sockets. note: called with each action.
    """

    def __init__(
        self, root: Path, dag_id: str, containers: Containers, patience: Patience,
        note: Callable[[Document], None] = lambda action: None,
    ) -> None:  # fmt: skip
        self._root, self._dag_id, self._containers, self._patience = root, dag_id, containers, patience
        self._note = note
        self._state = read_state(root)
        self._deadline = time.monotonic() + patience.here
        self.actions: list[Document] = []

    def keep(self, model: ServedModel) -> None:
        """Bring ``model`` to answer; while it does not, keep the one that answered before, or bring that one back.

        Raises:
            PassingFault: the engine does not answer, or the like; the next call goes on from here.
        """
        state = self._state
        elsewhere = state.engine not in ("", self._containers.engine_id)
        if elsewhere and state.seen.seconds_until(present()) < OTHER_HOST_SECONDS:
            return
        state.engine, state.seen = self._containers.engine_id, present()
        if state.container_id not in {found.id for found in self._all()}:
            state.container_id = ""
        try:
            self._bring_up(model)
        finally:
            if state.model not in (NOTHING, model):
                self._bring_up(state.model)
        kept = {str(model.version), str(state.model.version)}
        state.efforts = {version: effort for version, effort in state.efforts.items() if version in kept}
        write_state(self._root, state)
        self._remove_strays(model)

    def drop(self) -> None:
        """Remove all containers and files of the model."""
        for container in self._all():
            self._act("not_wanted", "removed", "nothing asks for this model to be served any more", container)
            self._containers.remove(container.id)
        self._containers.discard_folder(self._root)

    def _effort(self, model: ServedModel) -> Effort:
        return self._state.effort(model.version, self._key(model))

    def _key(self, model: ServedModel) -> str:
        return self._containers.key(model.version, model.image, model.folder)

    def _all(self) -> list[Container]:
        return [found for found in self._containers.find() if found.dag_id == self._dag_id]

    def _found(self, model: ServedModel) -> Container | None:
        wanted = (model.version, self._key(model))
        return next((found for found in self._all() if (found.version, found.key) == wanted), None)

    def _bring_up(self, model: ServedModel) -> None:
        container = self._found(model)
        if container is not None and not container.lives:
            self._bury(container, model, *self._why_it_ended(container))
            container = None
        if container is None:
            container = self._start(model)
        if container is not None:
            self._watch(container, model)

    def _start(self, model: ServedModel) -> Container | None:
        """Start a container where it is time for it."""
        effort = self._effort(model)
        if effort.starts > self._patience.tries:
            self._give_up(model)
        pause = self._patience.pause * 2 ** (effort.starts - 1) if effort.starts else 0.0
        if effort.given_up or effort.last.seconds_until(present()) < pause:
            return None
        effort.starts, effort.last = effort.starts + 1, present()
        write_state(self._root, self._state)  # before the start: whoever is killed within it has tried
        try:
            self._create(model, effort.starts)
        except EngineUnavailable:
            effort.starts -= 1  # nothing was learned about the model
            write_state(self._root, self._state)
            raise
        except PushtuneError as error:
            effort.reason = one_line(error)
            self._act("not_started", "tried again later", effort.reason, model=model)
            if isinstance(error, ServingRefused):
                self._give_up(model)
            return None
        started = self._found(model)
        self._act("serving", "started", effort.reason or "nothing served this version", started, model)
        return started

    def _create(self, model: ServedModel, number: int) -> None:
        if not model.image:
            raise ServingRefused(
                "A model is served in the image that trained it.",
                f"no name of an image with version {model.version} of {model.dag_id}",
                "It was registered by an earlier release: push again, and the next champion is served.",
            )
        folder = self._root / f"{model.version}-{self._key(model)[:8]}-{number}"
        self._containers.discard_folder(folder)
        order = ServingOrder(model.version, model.metric, model.value)
        self._containers.start(self._dag_id, order, model.image, model.folder, folder)

    def _watch(self, container: Container, model: ServedModel) -> None:
        """Wait for its first answer, and let it take over then; end it where it has had its time."""
        while True:
            if not self._is_clean(container):
                self._bury(container, model, "it fills or closes the folder of its socket", True)
                return
            if self._probe(container):
                self._take_over(container, model)
                return
            if (reason := self._overdue(container, model)) or self._has_ended(container):
                self._bury(container, model, *((reason, False) if reason else self._why_it_ended(container)))
                return
            if self._state.container_id == container.id or time.monotonic() > self._deadline:
                return
            time.sleep(LOOK_INTERVAL_SECONDS)

    def _is_clean(self, container: Container) -> bool:
        folder = self._root / container.socket_folder
        try:
            return not folder.is_dir() or len(list(islice(folder.iterdir(), FILES_LIMIT + 1))) <= FILES_LIMIT
        except OSError:  # it has closed the folder, also to us
            return False

    def _probe(self, container: Container) -> bool:
        path = self._root / container.socket_folder / SOCKET_FILE
        try:
            status, _ = ask(path, HEALTH_PATH, None, PROBE_SECONDS, PROBE_LIMIT_BYTES)
        except ModelUnreachable:
            return False
        return status == 200

    def _has_ended(self, container: Container) -> bool:
        return not any(found.lives for found in self._all() if found.id == container.id)

    def _overdue(self, container: Container, model: ServedModel) -> str:
        """Return why it is not waited for any longer; empty where it is."""
        state, now = self._state, present()
        if state.container_id != container.id:
            waited = self._effort(model).last.seconds_until(now)
            return f"it has not answered within {waited:.0f} s" if waited > self._patience.start else ""
        if state.silent_since == NEVER:
            state.silent_since = now
        waited = state.silent_since.seconds_until(now)
        return f"it has not answered for {waited:.0f} s" if waited >= self._patience.silence else ""

    def _take_over(self, container: Container, model: ServedModel) -> None:
        """From the moment in which the state is written, requests go to this container."""
        state, effort = self._state, self._effort(model)
        state.silent_since, effort.reason = NEVER, ""
        if effort.last.seconds_until(present()) > STEADY_SECONDS:
            effort.starts = 0
        if state.container_id == container.id:
            return
        self._containers.close_folder(self._root / container.socket_folder)
        state.model, state.container_id, state.socket_folder = model, container.id, container.socket_folder
        write_state(self._root, state)
        self._act("serving", "answers from now on", f"version {model.version} is the champion", container, model)

    def _why_it_ended(self, container: Container) -> tuple[str, bool]:
        """Return the reason, and whether another start would end the same."""
        try:
            refusal = read_refusal(self._root / container.socket_folder)
        except (UnsafeFile, ContractViolation):
            refusal = None
        if refusal is not None:
            return one_line(refusal), True
        words = self._containers.last_words(container.id)
        ending = next((found.ending for found in self._all() if found.id == container.id), "it is gone")
        return one_line(ending + (f"; its last words: {words}" if words else "")), False

    def _bury(self, container: Container, model: ServedModel, reason: str, final: bool) -> None:
        """Keep why a container does not serve, and remove it."""
        self._effort(model).reason = reason
        self._act("dead" if not final else "refused", "removed", reason, container, model)
        if final:
            self._give_up(model)
        if self._state.container_id == container.id:
            self._state.container_id, self._state.silent_since = "", NEVER
        write_state(self._root, self._state)
        self._containers.remove(container.id)

    def _give_up(self, model: ServedModel) -> None:
        effort = self._effort(model)
        if not effort.given_up:
            effort.given_up = True
            self._act("given_up", f"not started again after {effort.starts} starts", effort.reason, model=model)
            write_state(self._root, self._state)

    def _remove_strays(self, model: ServedModel) -> None:
        """Remove the containers and folders of versions that neither answer nor shall."""
        coming = self._found(model)
        kept = {self._state.container_id} | ({coming.id} if coming is not None else set())
        folders = set()
        for container in self._all():
            if container.id in kept:
                folders.add(container.socket_folder)
                continue
            now = f"version {self._state.model.version} answers now"
            self._act("replaced", "removed", now, container)
            self._containers.remove(container.id)
        for path in self._root.iterdir():
            if path.is_dir() and path.name not in folders:
                self._containers.discard_folder(path)

    def _act(
        self, verdict: str, action: str, reason: str, container: Container | None = None,
        model: ServedModel | None = None,
    ) -> None:  # fmt: skip
        version = model.version if model is not None else container.version if container is not None else 0
        name = container.name if container is not None else f"{self._dag_id} version {version}"
        starts = self._effort(model).starts if model is not None else 0
        identity = hashlib.sha256(f"{self._dag_id}\n{version}\n{starts}".encode()).hexdigest()[:16]
        record = {
            "unix_time": time.time(), "verdict": verdict, "action": action, "reason": reason, "name": name,
            "dag_id": self._dag_id, "run_id": "", "task_id": "serving", "map_index": -1, "version": version,
            "attempt": starts, "container_id": container.id if container is not None else identity,
        }  # fmt: skip
        self._note(record)
        self.actions.append(record)


def one_line(text: object) -> str:
    """Return ``text`` as one printable line: a model's own words may be in it."""
    printable = "".join(character if character.isprintable() else " " for character in str(text))
    return " ".join(printable.split())[:REASON_LIMIT_CHARACTERS]
