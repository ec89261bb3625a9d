"""Scripts as a baseline run would report them, and trial folders as containers would leave them."""

from pathlib import Path
from typing import Any

import optuna

from pushtune.tuning import study
from pushtune_contract.parameters import Parameter, Value
from pushtune_contract.progress import ProgressLine, append_progress
from pushtune_contract.result import Objective, TrialResult, write_result

SCRIPT_HASH = "5" * 64


def parameter(role: str, owner: str, argument: str, value: Value, line: int, **more: Any) -> Parameter:
    """Return a tunable parameter of ``task.py``."""
    identity = f"task.py:{line}:4#0.{owner}.{argument}"
    facts: dict[str, Any] = {"explicit": True, "file": "task.py", "line": line, "column": 4, **more}
    return Parameter(identity, role, owner, argument, value, **facts)


def weak_cnn() -> list[Parameter]:
    """A small CNN with the Adadelta default that hardly learns."""
    names: list[Value] = ["adadelta", "adam", "adamw", "nadam", "rmsprop", "sgd"]
    note = "Adadelta's default was 1.0 in the stand-alone Keras up to 2.3 and is 0.001 now: 1.0 is worth a trial"
    return [
        parameter("filters", "Conv2D", "filters", 16, 10),
        parameter("kernel_size", "Conv2D", "kernel_size", 3, 10),
        parameter("activation", "Conv2D", "activation", "relu", 10),
        parameter("units", "Dense", "units", 64, 12),
        parameter("dropout", "Dropout", "rate", 0.25, 13),
        parameter("units", "Dense", "units", 10, 14, tunable=False, reason="output layer"),
        parameter("learning_rate", "Adadelta", "learning_rate", 0.001, 16, explicit=False, reason=note),
        parameter("optimizer", "compile", "optimizer", "adadelta", 16, choices=names),
        parameter("batch_size", "fit", "batch_size", 128, 17),
        parameter("epochs", "fit", "epochs", 1, 17),
    ]


def objective(value: float, best_epoch: int = 1, metric: str = "accuracy", direction: str = "maximize") -> Objective:
    """Return an objective on held-out data; accuracies are among ten classes."""
    chance = 0.1 if direction == "maximize" else None
    return Objective(metric, direction, value, best_epoch, "holdout", chance)


def result(value: float | None, status: str = "done", best_epoch: int = 1, **more: Any) -> TrialResult:
    """Return a trial's result with this objective."""
    reported = None if value is None else objective(value, best_epoch)
    return TrialResult(status, SCRIPT_HASH, reported, **more)


def baseline(value: float | None = 0.21, parameters: list[Parameter] | None = None, **more: Any) -> TrialResult:
    """Return the result of a baseline run over 48,000 samples."""
    space = weak_cnn() if parameters is None else parameters
    samples = {"train": 48_000, "validation": 12_000, "test": 10_000}
    return result(value, search_space=space, samples=samples, seconds=11.0, **more)


def write_curve(folder: Path, objectives: list[float], epoch_seconds: float = 1.0, planned: int = 12) -> None:
    """Append one line for each epoch to the progress of the trial in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for epoch, value in enumerate(objectives, start=1):
        append_progress(
            folder,
            ProgressLine("epoch", "train", 1e9 + epoch, epoch_seconds, 1, epoch, planned, objective=value),
        )


def finish(run_folder: Path, number: int, outcome: TrialResult, curve: list[float] | None = None) -> None:
    """Leave the files of a finished trial."""
    folder = run_folder / "trials" / f"{number:03d}"
    folder.mkdir(parents=True, exist_ok=True)
    if curve:
        write_curve(folder, curve)
    write_result(folder, outcome)


def stored_states(run_folder: Path) -> list[tuple[str, float | None]]:
    """Return (state, value) of each trial in Optuna's storage."""
    loaded = optuna.load_study(study_name=study.STUDY_NAME, storage=f"sqlite:///{run_folder / study.STUDY_FILE}")
    return [(trial.state.name, trial.value) for trial in loaded.trials]
