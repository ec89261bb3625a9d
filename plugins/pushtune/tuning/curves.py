"""Learning curves of running trials, read again and again at little cost."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pushtune_contract import layout
from pushtune_contract.progress import read_progress
from pushtune_contract.reading import UnsafeFile
from pushtune_contract.result import TrialResult, read_result
from pushtune_contract.validation import ContractViolation

# Every look of every trial may read every sibling: a file beyond this is not read, a long honest run stays below.
CURVE_LIMIT_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Curve:
    """The objective after each epoch of one trial.

    Attributes:
        objectives: value after epoch 1, 2, ...
        seconds: training seconds from the start of the first epoch until the end of epoch 1, 2, ...
        planned_epochs: how many the trial will train in the calls of ``fit`` so far; 0 where it does not say.
        fits: calls of ``fit`` so far.
        decays: whether the learning rate decays over the planned epochs.
    """

    objectives: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    planned_epochs: int = 0
    fits: int = 1
    decays: bool = False

    @property
    def share(self) -> float:
        """Return which share of the planned epochs is over, 0 to 1; 1 where they are not known."""
        return min(1.0, len(self) / self.planned_epochs) if self.planned_epochs > 0 else 1.0

    def __len__(self) -> int:
        return len(self.objectives)


def read_curve(trial_folder: Path) -> Curve:
    """Return the curve so far; an empty one where nothing readable is there. Parses only what has changed."""
    stamp = _stamp(trial_folder / layout.PROGRESS_FILE)
    return Curve() if stamp is None or stamp[0] > CURVE_LIMIT_BYTES else _curve(trial_folder, stamp)


def epoch_seconds(curve: Curve) -> float | None:
    """Return how long an epoch takes; None if there is none. The first one counts only if it is alone: it starts up."""
    if not len(curve):
        return None
    return curve.seconds[0] if len(curve) == 1 else (curve.seconds[-1] - curve.seconds[0]) / (len(curve) - 1)


def read_result_if_any(trial_folder: Path) -> TrialResult | None:
    """Return the result; None where there is none yet, or none that follows the contract."""
    stamp = _stamp(trial_folder / layout.RESULT_FILE)
    return None if stamp is None else _result(trial_folder, stamp)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever the file does: size in bytes, time of change in nanoseconds, inode."""
    try:
        facts = path.lstat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns, facts.st_ino


@lru_cache(maxsize=512)
def _curve(trial_folder: Path, stamp: tuple[int, int, int]) -> Curve:
    epochs: dict[tuple[int, int], tuple[float, float]] = {}
    planned_by_fit: dict[int, int] = {}
    for line in read_progress(trial_folder):
        if line.kind == "epoch" and line.objective is not None:
            epochs[line.fit, line.epoch] = (line.objective, max(0.0, line.seconds))
            planned_by_fit[line.fit] = line.epochs
    seconds, total = [], 0.0
    for _, epoch_seconds in epochs.values():
        total += epoch_seconds
        seconds.append(total)
    objectives = tuple(objective for objective, _ in epochs.values())
    return Curve(objectives, tuple(seconds), sum(planned_by_fit.values()), max(1, len(planned_by_fit)))


@lru_cache(maxsize=512)
def _result(trial_folder: Path, stamp: tuple[int, int, int]) -> TrialResult | None:
    try:
        return read_result(trial_folder)
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        return None
