"""Runs a repository's script in its image as the pipeline does: real inspection, image, container and runtime."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushtune.inspecting.inspection import inspect_checkout, require_trainable
from pushtune.pipeline.environment import choose_tag, make_ready
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_labels import TrainingLabels, installation_id
from pushtune.running.supervision import Supervisor
from pushtune.running.trial_container import TrialContainer
from pushtune.running.workspace import prepare_trial, request_digest, run_folder
from pushtune.settings import Settings
from pushtune_contract.request import TrialRequest
from pushtune_contract.result import TrialResult, read_result


@dataclass(frozen=True)
class Prepared:
    """A repository with its inspection, and what was recorded about its image."""

    checkout: Path
    inspection: dict[str, Any]
    image: dict[str, Any]


def repository(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of a repository below ``folder``."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def prepare(checkout: Path, settings: Settings, own_dockerfile: bool = False) -> Prepared:
    """Inspect ``checkout`` and make its image ready."""
    inspection = inspect_checkout(checkout)
    require_trainable(inspection)
    document = inspection.as_document()
    document["chosen_image"] = choose_tag(document)
    return Prepared(checkout, document, make_ready(document, checkout, own_dockerfile, settings))


def train(prepared: Prepared, settings: Settings, client: Any, lines: list[str]) -> TrialResult:
    """Run the baseline in a hardened container and return its result; the container is removed."""
    folder = run_folder(settings, "environment", "manual__1")
    asked = TrialRequest(mode="baseline", entry=prepared.inspection["entry"])
    spec = prepare_trial(folder, "baseline", asked, prepared.checkout, settings)
    owner = TrainingLabels(
        installation_id(settings), "environment", "manual__1", "train", 0, spec["folder"],
        request_digest(spec["request"]), 0,
    )  # fmt: skip
    engine = ContainerEngine(client)
    container = TrialContainer(engine, settings, spec, owner, lines.append)
    supervisor = Supervisor(
        engine=engine, spec=spec, log=lines.append, publish=lambda document: None, stop_rule=None, used_seconds=0.0,
        disk_limit_bytes=settings.trial_disk_bytes,
    )  # fmt: skip
    container_id = container.create(prepared.image["image_tag"], environment={})
    try:
        container.settle(container.run(container_id, supervisor), supervisor)
    finally:
        engine.remove(container_id)
    return read_result(Path(spec["folder"]))
