"""What one run of a script knows about itself; everything that must survive the process lies in its folder."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Set, Tuple, Union

from pushtune_contract import layout
from pushtune_contract.parameters import Parameter
from pushtune_contract.progress import ProgressLine, append_progress
from pushtune_contract.request import TrialRequest
from pushtune_contract.result import Notice, Objective
from pushtune_runtime.objective_choice import Chosen


@dataclass
class Session:
    """The state of one run, shared by all hooks. One instance per process, never a module global.

    Attributes:
        request: what Airflow asked for.
        trial_folder: folder of the contract's files.
        code_folder: the repository, read-only.
        datasets_folder: public data sets, read-only.
        script_sha256: hash of the entry script as it is in the repository.
        started: ``time.monotonic()`` at the start of this process.
        phase: one of ``pushtune_contract.progress.PHASES``; the heartbeat reports it.
        progress_steps: rises with each batch, epoch or other real step; the heartbeat reports it.
        expected_seconds: time to the next real step, as far as known; the heartbeat reports it.
        fit_number: calls of ``fit`` so far, the running one included.
        epoch: epochs completed in the running ``fit``. epochs: how many it will train.
        epochs_trained: epochs that were computed over all fits, earlier processes of this run included.
        earlier_seconds: wall time of earlier processes of this run, set on a resume.
        objective: the objective of the newest ``fit`` so far.
        objective_source: the log that the objective of the newest ``fit`` is read from; None until there is one.
        objective_history: value of the objective after each epoch of the newest ``fit``.
        applied: ids of the overrides that arrived at their hook.
        search_space: parameters seen so far, in the order of their first use.
        reported_epochs: (fit, epoch) pairs that earlier processes of this run have written to ``progress.jsonl``.
        trained: whether a ``fit`` has returned, or completed an epoch.
        chance_accuracy: share of the most frequent label in the held-out data; None where labels are not known.
        own_source: where the script itself said the objective; see ``TrialResult.objective_source``.
        undecidable: why no number that the script says can be its objective; empty where one can, or it says none.
        own_loop_steps: updates of weights outside ``fit``; a compiled loop counts each time it is traced.
        first_step_seconds: time from the start of this process to the end of its first batch; None before that.
        infeasible: what a dry run has found; None where it has found nothing.
        stop_reason: why training stopped early: ``""``, ``pruned``, ``time_limit``, ``diverged`` or ``interrupted``.
    """

    request: TrialRequest
    trial_folder: Path
    code_folder: Path
    datasets_folder: Path = Path(layout.DATASETS_MOUNT)
    script_sha256: str = ""
    started: float = field(default_factory=time.monotonic)
    phase: str = "start"
    progress_steps: int = 0
    expected_seconds: float = 60.0
    fit_number: int = 0
    epoch: int = 0
    epochs: int = 0
    epochs_trained: int = 0
    earlier_seconds: float = 0.0
    objective: Optional[Objective] = None
    objective_source: Optional[Chosen] = None
    objective_history: List[Optional[float]] = field(default_factory=list)
    applied: List[str] = field(default_factory=list)
    search_space: List[Parameter] = field(default_factory=list)
    warnings: List[Notice] = field(default_factory=list)
    test_metrics: Dict[str, float] = field(default_factory=dict)
    test_reads: int = 0
    samples: Dict[str, int] = field(default_factory=dict)
    model_files: List[str] = field(default_factory=list)
    versions: Dict[str, str] = field(default_factory=dict)
    resumed_from_epochs: List[int] = field(default_factory=list)
    exactness: str = "approximate"
    exactness_reason: str = "no checkpoint was written"
    reported_epochs: Set[Tuple[int, int]] = field(default_factory=set)
    trained: bool = False
    chance_accuracy: Optional[float] = None
    own_source: str = ""
    undecidable: str = ""
    own_loop_steps: int = 0
    first_step_seconds: Optional[float] = None
    infeasible: Optional[Notice] = None
    stop_reason: str = ""

    @property
    def work_folder(self) -> Path:
        """The copy of the repository that the script runs in; what it writes lands here."""
        return self.trial_folder / layout.OUTPUT_FOLDER

    @property
    def seconds(self) -> float:
        """Wall time of this run in seconds, earlier processes included."""
        return self.earlier_seconds + time.monotonic() - self.started

    def warn(self, message: str, file: str = "", line: int = 0, kind: str = "") -> None:
        """Add a warning to the result, once."""
        notice = Notice(message=message, file=file, line=line, kind=kind)
        if notice not in self.warnings:
            self.warnings.append(notice)

    def report(
        self,
        kind: str,
        metrics: Optional[Dict[str, float]] = None,
        objective: Optional[float] = None,
        seconds: Optional[float] = None,
        step: int = 0,
        message: str = "",
    ) -> None:
        """Append a line to ``progress.jsonl``; see ``ProgressLine`` for units."""
        append_progress(
            self.trial_folder,
            ProgressLine(
                kind=kind,
                phase=self.phase,
                unix_time=time.time(),
                seconds=self.seconds if seconds is None else seconds,
                fit=self.fit_number,
                epoch=self.epoch,
                epochs=self.epochs,
                step=step,
                metrics=metrics or {},
                objective=objective,
                message=message,
            ),
        )

    def relative_file(self, path: Union[str, Path]) -> str:
        """Return ``path`` relative to the repository where it lies in its copy, else unchanged."""
        for root in (self.work_folder, self.code_folder):
            try:
                return Path(path).relative_to(root).as_posix()
            except ValueError:
                continue
        return str(path)
