"""One run of a DAG, and the repositories that have one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushtune.errors import RunFailed
from pushtune.records import read_record
from pushtune.running.workspace import run_folder
from pushtune.settings import Settings
from pushtune.watching.watched_repositories import WatchedRepository

Document = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run of the DAG: what it trains, where its files are, and what was asked for.

    Attributes:
        options: the fields of the trigger form: ``commit``, ``target``, ``rounds``, ``trials_per_round``, ``epochs``,
            ``parallelism``, ``notify``.
    """

    settings: Settings
    repository: WatchedRepository
    run_id: str
    folder: Path
    options: Mapping[str, Any]

    @classmethod
    def of(cls, settings: Settings, repository: WatchedRepository, run_id: str, options: Mapping[str, Any]) -> "Run":
        """Return the run with this id."""
        return cls(settings, repository, run_id, run_folder(settings, repository.name, run_id), options)

    @property
    def checkout(self) -> Path:
        """The files of the commit."""
        return self.folder / "checkout"

    def document(self, stage: str) -> Document:
        """Return what ``stage`` recorded. Raises RunFailed where it recorded nothing."""
        record = read_record(self.folder, stage)
        if record is None:
            raise RunFailed(
                f"The stage {stage} must have been recorded.", "nothing", "Clear the run and let it start again."
            )
        document: Document = record["document"]
        return document
