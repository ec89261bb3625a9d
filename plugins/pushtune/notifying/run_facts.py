"""Reads what the containers and the stages of one run left behind. A missing or forged file is an absent fact."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pushtune.records import read_records
from pushtune.shown_curves import shown_curve
from pushtune.training_folders import BASELINE, RETRAIN, is_folder, started_trials
from pushtune_contract.parameters import describe_change
from pushtune_contract.reading import UnsafeFile
from pushtune_contract.request import TrialRequest, read_request
from pushtune_contract.result import TrialResult, read_result
from pushtune_contract.validation import ContractViolation

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Training:
    """One run of the script: the contract's files of its folder, as far as they can be believed."""

    number: int
    folder: Path
    request: TrialRequest | None
    result: TrialResult | None

    @property
    def curve(self) -> list[list[float]]:
        """[epoch, objective] pairs, not of every epoch of a long one; read when asked for: most are never shown."""
        return [[float(epoch), value] for epoch, value in shown_curve(self.folder)]

    @property
    def status(self) -> str:
        """The status in the result; ``running`` before there is one."""
        return self.result.status if self.result is not None else "running"

    @property
    def objective(self) -> float | None:
        """The value that trials are ranked by; None where there is none yet."""
        return self.result.objective.value if self.result is not None and self.result.objective is not None else None


@dataclass(frozen=True)
class RunFacts:
    """Everything that is known about one run.

    Attributes:
        documents: stage -> what it decided. seconds: stage -> wall time.
        baseline, retrain: None before they were started. trials: number -> training, without the baseline.
    """

    documents: dict[str, dict[str, Any]]
    seconds: dict[str, float]
    baseline: Training | None
    retrain: Training | None
    trials: dict[int, Training] = field(default_factory=dict)

    def document(self, stage: str) -> dict[str, Any]:
        """What ``stage`` decided; empty where it did not run."""
        return self.documents.get(stage, {})

    def training(self, number: int) -> Training | None:
        """The training of one trial of the study; the baseline is trial 0."""
        return self.baseline if number == 0 else self.trials.get(number)


def read_run(run_folder: Path) -> RunFacts:
    """Return the facts of the run in ``run_folder``, which may be empty or incomplete."""
    records = _or_none(lambda: read_records(run_folder)) or {}
    failed_tasks = {stage for stage, record in records.items() if "stage" in _as_document(record.get("document"))}
    return RunFacts(
        documents={stage: _as_document(record.get("document")) for stage, record in records.items()},
        seconds={
            stage: float(record.get("seconds", 0.0)) for stage, record in records.items() if stage not in failed_tasks
        },
        baseline=_read_training(run_folder / BASELINE, 0),
        retrain=_read_training(run_folder / RETRAIN, 0),
        trials={
            number: training
            for number, folder in started_trials(run_folder).items()
            if (training := _read_training(folder, number)) is not None
        },
    )


def describe_changes(overrides: dict[str, Any], baseline: Training | None) -> list[str]:
    """Return overrides as a person reads them, in the order of the script's lines; unknown ones by their id."""
    known = {p.id: p for p in baseline.result.search_space} if baseline is not None and baseline.result else {}
    order = {identity: (p.file, p.line, p.column) for identity, p in known.items()}
    named = sorted(overrides, key=lambda identity: order.get(identity, ("", 0, 0)))
    return [
        describe_change(known[name], overrides[name]) if name in known else f"{name} = {overrides[name]}"
        for name in named
    ]


def _read_training(folder: Path, number: int) -> Training | None:
    if not is_folder(folder):
        return None
    return Training(
        number, folder, _or_none(lambda: read_request(folder)), _or_none(lambda: read_result(folder))
    )


def _or_none(read: Callable[[], Facts]) -> Facts | None:
    try:
        return read()
    except (OSError, UnsafeFile, ContractViolation, KeyError, TypeError):
        return None


def _as_document(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
