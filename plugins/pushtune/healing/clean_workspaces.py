"""Frees the disk of what old runs left, by the decisions of ``retention``; each action is kept with its reason."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pushtune.errors import CleaningIncomplete
from pushtune.healing.action_log import keep
from pushtune.healing.container_facade import ContainerFacade
from pushtune.healing.exhausted import runs_to_be_cleared
from pushtune.healing.retention import Fate, decide
from pushtune.healing.run_folders import RunState, facts_of, leftovers, lighten, run_folders, tree_bytes
from pushtune.records import read_record
from pushtune.running.container_labels import installation_id
from pushtune.running.workspace import discard_folder
from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile

SHOWN_LIMIT = 100
Document = dict[str, Any]


def clean_workspaces(settings: Settings, ask: RunState) -> list[Document]:
    """Lighten and remove the folders of old runs; return one record per folder that changed.

    Args:
        ask: DAG id and run id to the state of the run, see ``run_folders.state_of_run``.

    Raises:
        EngineUnavailable: without the engine nobody knows which folders are in use.
        CleaningIncomplete: something could not be removed; all else was.
    """
    facade = ContainerFacade(installation_id(settings))
    busy = [Path(container.labels.trial_folder) for container in facade.training_containers()]
    cleaner, awaited = _Cleaner(settings), runs_to_be_cleared(settings)
    facts = {}
    for folder in run_folders(settings):
        try:
            facts[str(folder)] = facts_of(folder, ask, busy, awaited)
        except OSError as error:
            cleaner.problems.append(f"{folder}: {error}")
    decisions = decide(facts.values(), settings)
    for path in leftovers(settings):
        cleaner.do(path, discard_folder, "removed", "an earlier removal was interrupted", tree_bytes(path))
    for name, (fate, reason) in sorted(decisions.items()):
        if fate is Fate.REMOVED:
            freed_bytes = facts[name].heavy_bytes + facts[name].light_bytes
            cleaner.do(Path(name), discard_folder, str(fate), reason, freed_bytes)
        elif fate is Fate.LIGHTENED:
            cleaner.do(Path(name), lighten, str(fate), reason, facts[name].heavy_bytes)
    _remove_empty(settings.workspaces)
    if cleaner.problems:
        raise CleaningIncomplete(
            "Everything that is not needed must be removable by the user that runs Airflow.",
            "; ".join(cleaner.problems[:5]), "Remove it by hand as root, or give it to that user (chown -R).",
        )
    return cleaner.records


class _Cleaner:
    """Does one thing after another; one that fails does not keep back the others."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.records: list[Document] = []
        self.problems: list[str] = []

    def do(self, path: Path, action: Callable[[Path], None], word: str, reason: str, size_bytes: int) -> None:
        try:
            action(path)
        except (OSError, subprocess.SubprocessError) as error:
            self.problems.append(f"{path}: {type(error).__name__}")
            return
        record = {"what": str(path), "action": word, "bytes": size_bytes, "reason": reason}
        keep(self._settings, {"unix_time": time.time(), "verdict": "old", "name": path.name, **record})
        self.records.append(record)


def _remove_empty(workspaces: Path) -> None:
    """Remove the folders of repositories without a run."""
    for folder in workspaces.glob("*"):
        try:
            folder.rmdir()
        except OSError:  # not empty, or no folder
            continue


def tags_in_use(settings: Settings) -> list[str]:
    """Return the images that the runs on disk were trained in."""
    tags = set()
    for folder in run_folders(settings):
        try:
            record = read_record(folder, "prepare_image")
        except UnsafeFile:
            continue
        tags.add(str((record or {}).get("document", {}).get("image_tag", "")))
    return sorted(tags - {""})


def summary(records: list[Document]) -> Document:
    """Return what was freed, short enough to travel between tasks: ``bytes``, ``count`` and the largest ones."""
    largest = sorted(records, key=lambda record: -record["bytes"])[:SHOWN_LIMIT]
    return {"bytes": sum(record["bytes"] for record in records), "count": len(records), "removed": largest}
