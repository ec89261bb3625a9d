"""``result.json``: what came out of one run of the script."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Union

from pushtune_contract import layout
from pushtune_contract.parameters import Parameter
from pushtune_contract.reading import read_json, write_json
from pushtune_contract.validation import as_document, build, check_version

STATUSES = ("done", "pruned", "infeasible", "script_error", "interrupted")
DIRECTIONS = ("maximize", "minimize")
SECONDS_LIMIT = 10 * 366 * 86_400.0  # longer than any training; sums of such numbers stay finite
GUARDS = ("holdout", "validation_split", "cross_validation", "none")


@dataclass(frozen=True)
class Objective:
    """The number that trials are ranked by.

    Attributes:
        metric: name such as ``accuracy`` or ``mae``, without a prefix.
        direction: ``maximize`` or ``minimize``.
        value: the best value over the epochs, on data that was not trained on (see ``guard``).
        best_epoch: the epoch that reached it, from 1; 0 where there are no epochs.
        chance: the value that guessing would reach, where that is known.
        guard: where the data came from: ``holdout`` (carved from the training data by us), ``validation_split`` (the
            script's own), ``cross_validation``, or ``none`` (no clean data could be had; ``value`` may be optimistic).
    """

    metric: str
    direction: str
    value: float
    best_epoch: int
    guard: str
    chance: Optional[float] = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS or self.guard not in GUARDS:
            received = (self.direction, self.guard)
            raise ValueError(f"expected direction in {DIRECTIONS} and guard in {GUARDS}, but got {received}")
        if self.best_epoch < 0:
            raise ValueError(f"best_epoch: expected at least 0, but got {self.best_epoch}")


@dataclass(frozen=True)
class Notice:
    """A warning, or the error that ended the script, with the script's own line where there is one."""

    message: str
    file: str = ""
    line: int = 0
    kind: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class TrialResult:
    """What one run reported.

    Attributes:
        status: one of ``STATUSES``; the exit code says the same.
        objective: None where no metric was seen.
        test_metrics: metric name -> value on the script's own test data; empty in a trial, which never reads it.
        test_reads: how often test data was read.
        search_space: what can be tuned (baseline), or what was seen again (trial, retrain).
        applied, unapplied: ids of the overrides that arrived, and of those that never did.
        seconds: wall time of all processes of this run, resumed ones included; at most ``SECONDS_LIMIT``.
        epochs_trained: epochs that were really computed, in all fits.
        resumed_from_epochs: the epoch at which each resume began.
        exactness: ``exact`` where a resumed run ends bit-identical, else ``approximate``.
        exactness_reason: why it is so.
        model_files: paths below the trial's folder, such as ``model/model.keras``.
        samples: part of the data -> number of samples (``train``, ``validation``, ``test``).
        versions: library -> version.
        step_seconds: number of threads -> seconds of a training step; empty where no steps were timed.
        step_note: why no steps were timed; empty where they were, or where nobody asked for it.
        objective_source: where the script itself said the objective, such as ``printed train.py:31 val_acc``; empty
            where ``fit`` or an estimator gave it.
    """

    status: str
    script_sha256: str
    objective: Optional[Objective] = None
    test_metrics: Dict[str, float] = field(default_factory=dict)
    test_reads: int = 0
    search_space: List[Parameter] = field(default_factory=list)
    applied: List[str] = field(default_factory=list)
    unapplied: List[str] = field(default_factory=list)
    warnings: List[Notice] = field(default_factory=list)
    error: Optional[Notice] = None
    seconds: float = 0.0
    epochs_trained: int = 0
    resumed_from_epochs: List[int] = field(default_factory=list)
    exactness: str = "approximate"
    exactness_reason: str = ""
    model_files: List[str] = field(default_factory=list)
    samples: Dict[str, int] = field(default_factory=dict)
    versions: Dict[str, str] = field(default_factory=dict)
    step_seconds: Dict[str, float] = field(default_factory=dict)
    step_note: str = ""
    objective_source: str = ""
    contract_version: int = layout.CONTRACT_VERSION

    def __post_init__(self) -> None:
        check_version(self.contract_version)
        if self.status not in STATUSES:
            raise ValueError(f"status: expected one of {STATUSES}, but got {self.status!r}")
        if not 0 <= self.seconds <= SECONDS_LIMIT:
            raise ValueError(f"seconds: expected 0 to {SECONDS_LIMIT:g}, but got {self.seconds:g}")


def read_result(trial_folder: Union[str, Path]) -> TrialResult:
    """Return the result in ``trial_folder``. Raises FileNotFoundError, UnsafeFile or ContractViolation."""
    return build(TrialResult, read_json(Path(trial_folder) / layout.RESULT_FILE))


def write_result(trial_folder: Union[str, Path], result: TrialResult) -> None:
    """Write the result into ``trial_folder``, whole or not at all."""
    write_json(Path(trial_folder) / layout.RESULT_FILE, as_document(result))
