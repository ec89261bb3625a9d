"""Runs one training container for one trial, and survives whatever happens around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from inspect import signature
from pathlib import Path
from typing import Any

from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import ResumableJobMixin
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from pushtune.errors import (
    ImageMissing,
    InvalidTrial,
    PassingFault,
    PushtuneError,
    ScriptFailed,
    TrialInfeasible,
    TrialInterrupted,
    TrialKilled,
    TrialOutOfMemory,
    TrialStalled,
)
from pushtune.running import attempts, older_keras, smaller_batch, workspace
from pushtune.running.container_engine import ContainerEngine, connect
from pushtune.running.container_labels import TrainingLabels, installation_id
from pushtune.running.disk_reserve import as_full_disk, require_free_space
from pushtune.running.fault_record import fault_kept
from pushtune.running.slots import hold_slots
from pushtune.running.supervision import Flag, StopRule, Supervisor
from pushtune.running.trial_container import FINISHED, GONE, RUNNING, TrialContainer
from pushtune.settings import Settings, load_settings

ENGINE_TIMEOUT_SECONDS = 30
KILL_GRACE_SECONDS = 3  # Airflow's supervisor kills the task process 5 s after its SIGTERM
LONGEST_RESTART_DELAY_SECONDS = 300
KILLS_AT_ONCE = 2  # containers in a row that were killed before they got further
SPEC_KEYS = ("name", "folder", "checkout", "label", "request")
GIVEN_TO_DOCKER = {"image", "command", "entrypoint", "environment", "docker_url"}
DECIDED_BY_HARDENING = set(signature(DockerOperator.__init__).parameters) - GIVEN_TO_DOCKER - {"self", "kwargs"}


def restart_arguments(settings: Settings) -> dict[str, Any]:
    """Return the arguments that make a training restart as ``settings`` say: for the operator, or for ``partial``."""
    return {**patient_arguments(settings), "map_index_template": "{{ task.trial['label'] }}"}


def patient_arguments(settings: Settings) -> dict[str, Any]:
    """Return the arguments of a task that waits longer and longer for what may pass: a full disk, an absent engine."""
    return {
        "retries": settings.restart_limit,
        "retry_delay": timedelta(seconds=settings.restart_delay_seconds),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(seconds=LONGEST_RESTART_DELAY_SECONDS),
    }


class TrainingOperator(ResumableJobMixin, DockerOperator):
    """Trains one trial in a container of its own.

    There is at most one container per trial. A task process that dies leaves it running: the next try attaches to it,
    or takes its result if it has ended meanwhile. A container that dies is followed by a new one, which resumes from
    the newest checkpoint. A container is removed once its result has been read.

    Args:
        trial: what ``prepare_trial`` returned; templated, so an XCom of an earlier task is fine.
        image: image of the container; a key ``image`` in ``trial`` comes first.
        stop_rule: asked before the start and every few seconds with ``trial``; a text is the reason to stop.
        rebuild_image: builds an image that is gone, once, and returns its tag.
        older_image: asked where Keras 3 refuses the script; see ``older_keras.try_older``.

    Returns (as XCom): see ``outcome.outcome_document``.

    Ends as *skipped* where the configuration is infeasible or ``stop_rule`` gives a reason before the start; as
    *failed* without a retry where trying again would change nothing; otherwise it is retried.
    """

    external_id_key = "container"
    template_fields: Sequence[str] = (*DockerOperator.template_fields, "trial")

    def __init__(
        self,
        *,
        trial: dict[str, Any] | str,
        stop_rule: StopRule | None = None,
        rebuild_image: Callable[[], str] | None = None,
        older_image: older_keras.BuildOlder | None = None,
        timeout: int = ENGINE_TIMEOUT_SECONDS,
        **kwargs: Any,
    ) -> None:
        if ignored := set(kwargs) & DECIDED_BY_HARDENING:
            raise TypeError(f"What a training container may do is decided by hardening.py, not by {sorted(ignored)}")
        super().__init__(timeout=timeout, auto_remove="never", mount_tmp_dir=False, **kwargs)
        self.trial = trial
        self.stop_rule = stop_rule
        self.rebuild_image = rebuild_image
        self.older_image = older_image
        self._container_id = ""
        self._supervisor: Supervisor | None = None
        self._cancelled = Flag()

    def execute(self, context: Any) -> dict[str, Any]:  # type: ignore[override]
        """Run the trial to its end and return its outcome."""
        try:
            return self._run(context)
        except TrialInfeasible as error:
            self.log.warning(str(error))
            raise AirflowSkipException(str(error)) from None
        except PassingFault as error:
            raise AirflowException(str(error)) from None
        except PushtuneError as error:
            raise AirflowFailException(str(error)) from None
        except OSError as error:
            if (full := as_full_disk(error)) is None:
                raise
            raise AirflowException(str(full)) from None

    def _run(self, context: Any) -> dict[str, Any]:
        spec = self._checked_spec()
        try:
            with fault_kept(spec, context["ti"], self._cancelled):
                return self._train(context, older_keras.adjusted(smaller_batch.adjusted(spec)))
        except TrialOutOfMemory as error:
            smaller_batch.try_smaller(spec, error)
            self.log.warning("%s It is tried once more, from its beginning, with half of the batch size.", error)
        except ScriptFailed as error:
            with fault_kept(spec, context["ti"], self._cancelled):
                older_keras.try_older(spec, error, self.older_image)
            self.log.warning("%s It is tried once more, from its beginning, with Keras 2.", error.received)
        return self._run(context)

    def _train(self, context: Any, spec: dict[str, Any]) -> dict[str, Any]:
        settings = load_settings()
        self.log.info("%s (%s), files in %s", spec["label"], spec["request"]["mode"], spec["folder"])
        workspace.restore_trial(spec, settings)
        folder = Path(spec["folder"])
        if reason := attempts.take_given_up(folder):
            raise TrialStalled(
                "A container must get further than the one before.", reason,
                "Look at the output of the last tries; clear the task to try again.",
            )
        self._engine = self._connect()
        self._engine_id = self._engine.engine_id()
        owner = _owner(context["ti"], spec, settings)
        self._container = TrialContainer(self._engine, settings, spec, owner, self.log.info)
        known = self._container.attempts
        if known.outcome:
            self.log.info("This trial has already ended as %s.", known.outcome["status"])
            return known.outcome
        while True:
            self._supervisor = self._new_supervisor(context, spec, settings)
            with self._slot(spec):
                try:
                    result: dict[str, Any] = self.execute_resumable(context)
                    return result
                except TrialInterrupted as error:
                    if not self._restarts_at_once(error):
                        raise
                    self.log.warning("%s", error)

    def _connect(self) -> ContainerEngine:
        url = self.docker_url if isinstance(self.docker_url, str) else self.docker_url[0]
        return ContainerEngine(connect(url, self.timeout))

    def _new_supervisor(self, context: Any, spec: dict[str, Any], settings: Settings) -> Supervisor:
        return Supervisor(
            engine=self._engine, spec=spec, log=self.log.info, publish=self._publisher(context),
            stop_rule=self.stop_rule, used_seconds=self._container.attempts.used_seconds,
            disk_limit_bytes=settings.trial_disk_bytes, cancelled=self._cancelled,
        )

    def _restarts_at_once(self, error: TrialInterrupted) -> bool:
        """Whether the next container may start within this try, which saves Airflow's pause before the next one.

        It may where the last one got further than the one before: the way to the end has become shorter, and the time
        limit of the trial bounds the rest; and where it was killed, a few times. Otherwise the next try follows after
        a pause, and the number of tries is the limit.
        """
        most = KILLS_AT_ONCE if isinstance(error, TrialKilled) else 0
        return not self._cancelled.raised and self._container.attempts.unmoved <= most

    def _slot(self, spec: dict[str, Any]) -> AbstractContextManager[object]:
        if self._container.adopt():
            return nullcontext()  # it trains already: waiting would only leave it without supervision
        return hold_slots([spec.get("slots"), (spec.get("accelerator") or {}).get("slots")])

    def _checked_spec(self) -> dict[str, Any]:
        if not isinstance(self.trial, dict) or not all(key in self.trial for key in SPEC_KEYS):
            raise InvalidTrial(
                f"trial must be what prepare_trial returns, with the keys {', '.join(SPEC_KEYS)}.",
                repr(self.trial)[:200],
                "Give TrainingOperator(trial=...) the output of the task that called prepare_trial.",
            )
        return self.trial

    def _publisher(self, context: Any) -> Any:
        store = context.get("task_state_store")

        def publish(progress: dict[str, Any]) -> None:
            if store is None:
                return
            try:
                store.set("progress", progress)
            except Exception as error:  # a page that shows progress late is no reason to lose a training run
                self.log.warning("Progress could not be stored: %s", error)

        return publish

    # What ResumableJobMixin asks for. The id of a job is {"container_id", "engine"}.

    def submit_job(self, context: Any) -> Any:
        """Return the trial's container, a new one where there is none; skip the task where it need not start."""
        assert self._supervisor is not None
        container_id = self._container.adopt()
        if not container_id:
            # One that has trained goes on instead, and is asked to stop: it answers with what it has reached.
            if not self._container.attempts.containers and (reason := self._supervisor.reason_to_stop()):
                raise AirflowSkipException(f"Not started: {reason}")
            workspace.require_checkout(self._checked_spec())
            require_free_space(load_settings())
            container_id = self._create(older_keras.adjusted(self._checked_spec()).get("image") or self.image)
        return {"container_id": container_id, "engine": self._engine_id}

    def _create(self, image: str) -> str:
        arguments = {
            "command": self.format_command(self.command),
            "entrypoint": self.format_command(self.entrypoint),
            "environment": self.environment,
        }
        try:
            return self._container.create(image, **arguments)
        except ImageMissing as error:
            if self.rebuild_image is None:
                raise
            self.log.warning("%s It is built again now.", error)
            return self._container.create(self.rebuild_image(), **arguments)

    def get_job_status(self, external_id: Any, context: Any) -> str:
        """Return the state of a container that an earlier try has started."""
        if external_id["engine"] != self._engine_id:
            self.log.warning("The container of the last try ran on another Docker engine: a new one resumes its work.")
            return GONE
        return self._container.status(external_id["container_id"])

    def is_job_active(self, status: str) -> bool:
        """Whether to attach to the container."""
        return status == RUNNING

    def is_job_succeeded(self, status: str) -> bool:
        """Whether the container has ended with an answer, good or bad, that only needs to be read."""
        return status == FINISHED

    def poll_until_complete(self, external_id: Any, context: Any) -> Any:
        """Watch the container to its end and return the outcome."""
        self._container_id = external_id["container_id"]
        assert self._supervisor is not None
        if self._cancelled.raised:  # while the container was created
            self._remove_cancelled()
        state = self._container.run(self._container_id, self._supervisor)
        return self._container.settle(state, self._supervisor)

    def get_job_result(self, external_id: Any, context: Any) -> Any:
        """Return the outcome of a container that has ended."""
        outcome = self._container.attempts.outcome
        if outcome:
            return outcome
        state = self._container.ended(external_id["container_id"])
        return self._container.settle(state, None)

    def on_kill(self) -> None:
        """Stop and remove the container, in less time than Airflow leaves.

        It is called from a signal handler, so the connection is a new one: the other may be in use at this moment.
        """
        self._cancelled.raised = True
        if self._container_id:
            self._remove_cancelled()

    def _remove_cancelled(self) -> None:
        attempts.mark_killed(Path(self._checked_spec()["folder"]), self._container_id)
        engine = self._connect()
        engine.stop(self._container_id, KILL_GRACE_SECONDS)
        engine.remove(self._container_id)


def _owner(instance: Any, spec: dict[str, Any], settings: Settings) -> TrainingLabels:
    return TrainingLabels(
        installation=installation_id(settings),
        dag_id=instance.dag_id,
        run_id=instance.run_id,
        task_id=instance.task_id,
        map_index=-1 if instance.map_index is None else instance.map_index,
        trial_folder=spec["folder"],
        request_sha256=workspace.request_digest(spec["request"]),
        attempt=0,
    )
