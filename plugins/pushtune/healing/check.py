"""Three steps of a check, each from plain data to plain data: list, diagnose, act."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pushtune.errors import ContainerRefused, EngineUnavailable
from pushtune.healing.clock_watch import ages_are_believed
from pushtune.healing.container_facade import Container, ContainerFacade
from pushtune.healing.container_view import keep_findings
from pushtune.healing.diagnosis import ABSENT, UNKNOWN, Facts, Verdict, diagnose
from pushtune.healing.exhausted import TaskId, awaiting
from pushtune.healing.observation import observe, read_observations, write_observations
from pushtune.healing.restart import act, note_stuck
from pushtune.moments import present
from pushtune.running.container_labels import TrainingLabels, installation_id
from pushtune.running.workspace import unmoved_containers
from pushtune.settings import Settings
from pushtune_contract.progress import read_heartbeat
from pushtune_contract.validation import build

Document = dict[str, Any]
AskStates = Callable[..., Mapping[str, Mapping[str, Any]]]


def list_containers(settings: Settings) -> list[Document]:
    """Return the training containers of this installation; look at the clock as well, since this runs each minute."""
    ages_are_believed(settings)
    facade = ContainerFacade(installation_id(settings))
    containers = [asdict(container) for container in facade.training_containers()]
    if not containers:
        keep_findings(settings, [])
    return containers


def owner_states(containers: Iterable[Document], ask: AskStates) -> dict[str, str]:
    """Return container id -> state of the task that owns it (see ``diagnosis.Facts``).

    Args:
        ask: ``get_task_states`` of Airflow's task SDK: keyword arguments ``dag_id``, ``run_ids``, ``task_ids`` to
            run id -> task id (with ``_<map index>`` where the task is mapped) -> state.
    """
    states = {}
    for container in containers:
        labels = container["labels"]
        try:
            answer = ask(dag_id=labels["dag_id"], run_ids=[labels["run_id"]], task_ids=[labels["task_id"]])
        except Exception:  # whatever goes wrong in asking: a container is not removed on a guess
            states[container["id"]] = UNKNOWN
            continue
        key = labels["task_id"] if labels["map_index"] < 0 else f"{labels['task_id']}_{labels['map_index']}"
        found = answer.get(labels["run_id"], {})
        states[container["id"]] = ABSENT if key not in found else str(found[key] or "none")
    return states


def diagnose_containers(
    settings: Settings, containers: Iterable[Document], states: Mapping[str, str]
) -> list[Document]:
    """Return one document per container: ``container``, ``verdict``, ``reason``; keeps what was seen for next time."""
    before, now, to_be_cleared = read_observations(settings), present(), awaiting(settings)
    seen, found = {}, []
    for document in containers:
        container = _container(document)
        folder = Path(container.labels.trial_folder)
        trusted = folder.is_relative_to(settings.workspaces)
        beat = read_heartbeat(folder) if trusted else None
        observation = observe(before.get(container.id), beat, container.cpu_seconds, now)
        seen[container.id] = observation
        verdict, reason = diagnose(
            Facts(
                status=container.status,
                exit_code=container.exit_code,
                owner_state=states.get(container.id, UNKNOWN),
                beat_silence_seconds=observation.beat_silence_seconds,
                progress_silence_seconds=observation.progress_silence_seconds,
                expected_seconds=_expected_seconds(settings, 0.0 if beat is None else beat.expected_seconds),
                cpu_share=observation.cpu_share,
                unmoved=unmoved_containers(folder),
                hung_after_seconds=settings.hung_after_seconds,
                awaits_clear=_task_id(container) in to_be_cleared,
            )
        )
        found.append({"container": document, "verdict": str(verdict), "reason": reason})
    write_observations(settings, seen)
    keep_findings(settings, found)
    return found


def _task_id(container: Container) -> TaskId:
    labels = container.labels
    return labels.dag_id, labels.run_id, labels.task_id, labels.map_index


def _expected_seconds(settings: Settings, said: float) -> float:
    """Return what the container said, as far as it can be believed."""
    return min(max(said, 0.0), settings.trial_time_limit_seconds)


def act_on(settings: Settings, diagnoses: Iterable[Document]) -> list[Document]:
    """Do what the verdicts ask for; return the records of the actions. One that cannot be ended holds up no other.

    Raises:
        EngineUnavailable: the engine does not answer at all.
    """
    facade = ContainerFacade(installation_id(settings))
    records = []
    for diagnosis in diagnoses:
        container = _container(diagnosis["container"])
        try:
            record = act(facade, settings, container, Verdict(diagnosis["verdict"]), diagnosis["reason"])
        except (ContainerRefused, EngineUnavailable) as error:
            facade.require_answer()
            record = note_stuck(settings, container, f"{diagnosis['reason']}; it could not be ended: {error}")
        if record is not None:
            records.append(record)
    return records


def _container(document: Document) -> Container:
    return Container(**{**document, "labels": build(TrainingLabels, document["labels"])})
