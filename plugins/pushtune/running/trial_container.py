"""The one container of a trial: found, started, or replaced; and what is kept of it once it has ended."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pushtune.errors import PushtuneError, TrialInterrupted, TrialKilled, TrialOverTime
from pushtune.moments import present
from pushtune.running import attempts, outcome, supervision, workspace
from pushtune.running.attempts import Attempts
from pushtune.running.container_engine import ContainerEngine, ContainerState
from pushtune.running.container_labels import TrainingLabels, container_name, from_labels, owner_labels, to_labels
from pushtune.running.hardening import host_config_arguments
from pushtune.running.supervision import Supervisor
from pushtune.settings import Settings
from pushtune_contract.progress import read_progress

RUNNING, FINISHED, FAILED, GONE = "running", "finished", "failed", "gone"
START_SECONDS = 5.0  # what each start counts, so that a script that dies at once each time comes to an end as well


class TrialContainer:
    """The container of the trial ``spec``, owned by the task instance in ``owner``.

    Args:
        owner: labels with the attempt left at 0.
        log: writes a line into the task's log.
    """

    def __init__(
        self, engine: ContainerEngine, settings: Settings, spec: dict[str, Any], owner: TrainingLabels,
        log: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._spec = spec
        self._owner = owner
        self._log = log
        self._folder = Path(spec["folder"])
        self.name = container_name(owner)

    @property
    def attempts(self) -> Attempts:
        """What is known about this trial (``restore_trial`` has written it)."""
        return attempts.read_attempts(self._folder) or Attempts(request_sha256=self._owner.request_sha256)

    def status(self, container_id: str) -> str:
        """Return ``running``, ``finished`` (with an answer of the runtime), ``failed``, or ``gone`` (or of no use)."""
        state = self._engine.find(container_id)
        if state is None or not self._is_ours(state):
            return GONE
        if state.is_running or state.status == "created":
            return RUNNING
        return FINISHED if state.exit_code in outcome.FINAL_CODES else FAILED

    def _is_ours(self, state: ContainerState) -> bool:
        labels = from_labels(state.labels)
        return (
            labels is not None
            and replace(labels, attempt=0) == self._owner
            and state.status not in ("removing", "dead")
            and not attempts.is_killed(self._folder, state.id)
        )

    def adopt(self) -> str:
        """Return the id of the container that works on this trial, or has finished it; empty where there is none."""
        existing = self._engine.find(self.name)
        return existing.id if existing is not None and self.status(existing.id) in (RUNNING, FINISHED) else ""

    def create(self, image: str, **arguments: Any) -> str:
        """Create the container of this trial and return its id.

        Whatever else exists under this name, or for this task instance, is removed first: it belongs to an older
        request or has failed. The new container resumes from the newest checkpoint in the folder of the trial.
        """
        existing = self._engine.find(self.name)
        if existing is not None:
            if self.status(existing.id) in (RUNNING, FINISHED):  # created by somebody else since ``adopt``
                return existing.id
            self._count(existing)
            self._log(f"Removing the container of the attempt before ({existing.status}, code {existing.exit_code}).")
            self._engine.remove(existing.id)
        for stray in self._engine.find_labelled(owner_labels(self._owner)):
            if stray.name != self.name:
                self._log(f"Removing {stray.name}: it belongs to an older plan of this task.")
                self._engine.remove(stray.id)
        workspace.withdraw_stop(self._folder)
        known = self.attempts
        self._require_time(known)
        labels = to_labels(replace(self._owner, attempt=known.containers + 1))
        host_config = host_config_arguments(self._settings, self._spec)
        user = self._engine.training_user(self._settings.container_uid)
        container_id = self._engine.create(self.name, image, host_config, labels=labels, user=user, **arguments)
        attempts.write_attempts(self._folder, replace(known, containers=known.containers + 1))
        return container_id

    def _require_time(self, known: Attempts) -> None:
        """A script can claim to get further with each container and die, which would start the next one for ever."""
        limit = float(self._spec["request"]["time_limit_seconds"])
        used = known.used_seconds + known.containers * START_SECONDS
        if used > limit + supervision.STOP_GRACE_SECONDS:
            raise TrialOverTime(
                f"A training run must end within {limit:.0f} s, all its containers together.",
                f"{used:.0f} s in {known.containers} containers, none of which ended by itself",
                "Look at the output above for why it dies, or give it more time (PUSHTUNE_TRIAL_TIME_LIMIT_SECONDS).",
            )

    def run(self, container_id: str, supervisor: Supervisor) -> ContainerState:
        """Start the container where that has not happened, watch it, and return its state after its end."""
        state = self._engine.find(container_id)
        attached = state is not None and state.is_running
        supervisor.look_back()
        if state is not None and state.status == "created":
            attempts.write_attempts(self._folder, replace(self.attempts, running=container_id, started=present()))
            self._engine.start(container_id)
        if state is not None and (attached or state.status == "created"):
            self._log(f"{'Attached to' if attached else 'Started'} container {state.name}.")
            said_unix_time = state.started_unix_time or present().unix_time
            supervisor.watch(container_id, self.attempts.start_of(container_id, said_unix_time), attached)
            state = self._engine.find(container_id)
        return _present(None if supervisor.cancelled.raised else state)

    def ended(self, container_id: str) -> ContainerState:
        """Return the state of a container that has ended."""
        return _present(self._engine.find(container_id))

    def settle(self, state: ContainerState, supervisor: Supervisor | None) -> dict[str, Any]:
        """Return the outcome of a container that has ended, and remove it.

        A container that shall be followed by another one is left for that one to remove, so that it can be looked at
        if there is no next try. Raises as ``outcome.judge`` does.
        """
        known = self._count(state)
        try:
            document = self._outcome(state, supervisor, known)
        except TrialInterrupted:
            raise
        except PushtuneError:
            self._engine.remove(state.id)
            raise
        attempts.write_attempts(self._folder, replace(known, outcome=document))
        self._engine.remove(state.id)
        return document

    def _outcome(self, state: ContainerState, supervisor: Supervisor | None, known: Attempts) -> dict[str, Any]:
        if supervisor is not None and supervisor.breach is not None:
            raise supervisor.breach
        if supervisor is not None and supervisor.forced and state.exit_code not in outcome.FINAL_CODES:
            return outcome.outcome_document(self._spec, state, None, known.restarts)
        result = outcome.judge(state, self._folder, known.unmoved)
        return outcome.outcome_document(self._spec, state, result, known.restarts)

    def _seconds(self, state: ContainerState, known: Attempts) -> float:
        """Return how long a container ran: what the engine says, and no more than has passed since it was started.

        The engine compares two times of its clock, which may have been set forward between them.
        """
        passed = known.start_of(state.id, state.started_unix_time).seconds_until(present())
        return min(state.seconds, passed)

    def _count(self, state: ContainerState) -> Attempts:
        """Add the end of this container to what is known about the trial, once."""
        known = self.attempts
        if known.settled == state.id or state.is_running:
            return known
        reached = _position(self._folder)
        counted = replace(
            known,
            settled=state.id,
            used_seconds=known.used_seconds + self._seconds(state, known),
            unmoved=known.unmoved + 1 if reached <= known.progress else 0,
            progress=max(known.progress, reached),
        )
        attempts.write_attempts(self._folder, counted)
        return counted


def _position(trial_folder: Path) -> list[int]:
    """Return the furthest point that the trial has reached: fit, epoch, step."""
    return max(([line.fit, line.epoch, line.step] for line in read_progress(trial_folder)), default=[0, 0, 0])


def _present(state: ContainerState | None) -> ContainerState:
    if state is None:
        raise TrialKilled(
            "A container must run until the runtime ends it.", "it was stopped or removed from outside",
            "The next container resumes from the newest checkpoint.",
        )
    return state
