"""Folders of finished and unfinished runs, written through the same contract that the containers write through."""

from pathlib import Path
from typing import Any

from pushtune.records import recorded
from pushtune_contract.parameters import Parameter
from pushtune_contract.progress import ProgressLine, append_progress
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import Notice, Objective, TrialResult, write_result

FILTERS = "task.py:31:17#0.Conv2D.filters"
RATE = "task.py:40:25#0.Adam.learning_rate"
SPACE = [
    Parameter(FILTERS, "filters", "Conv2D", "filters", 16, True, "task.py", 31, 17),
    Parameter(RATE, "learning_rate", "Adam", "learning_rate", 0.1, True, "task.py", 40, 25),
]
WINNING = {FILTERS: 48, RATE: 0.001}
CHANGES = ["task.py:31 filters 16 -> 48", "task.py:40 learning_rate 0.1 -> 0.001"]


def write_training(
    folder: Path,
    *,
    mode: str = "trial",
    number: int = 0,
    overrides: dict[str, Any] | None = None,
    status: str = "done",
    curve: tuple[float, ...] = (),
    test: float | None = None,
    error: Notice | None = None,
    warnings: tuple[Notice, ...] = (),
) -> None:
    """Write request, progress and result of one run of the script; ``status`` ``running`` leaves out the result."""
    folder.mkdir(parents=True, exist_ok=True)
    write_request(folder, TrialRequest(mode, "task.py", number, overrides=overrides or {}, seed=7))
    for epoch, value in enumerate(curve, start=1):
        line = ProgressLine(
            "epoch", "train", 1_000.0 + epoch, 2.0, 1, epoch, len(curve), metrics={"loss": 1.0 / epoch}, objective=value
        )
        append_progress(folder, line)
    if status == "running":
        return
    objective = None
    if curve:
        objective = Objective("accuracy", "maximize", max(curve), curve.index(max(curve)) + 1, "holdout", 0.1)
    write_result(folder, TrialResult(
        status, "a" * 64, objective,
        test_metrics={} if test is None else {"accuracy": test, "loss": 0.5}, test_reads=0 if test is None else 1,
        search_space=SPACE, applied=list(overrides or {}), warnings=list(warnings), error=error,
        seconds=10.5, epochs_trained=len(curve), exactness="exact",
        samples={"train": 800, "validation": 200, "test": 100}, versions={"keras": "3.15.1"},
    ))


def write_record(run_folder: Path, stage: str, **document: Any) -> None:
    """Write the record of one stage."""
    with recorded(run_folder, stage) as kept:
        kept.update(document)


def write_start(run_folder: Path, subject: str = "Try a CNN", target: float = 0.9) -> None:
    """Write what every run has until its baseline has ended."""
    write_record(
        run_folder, "check_out", repository="https://example.org/digits.git", branch="main", commit="c0ffee" + "0" * 34,
        short_commit="c0ffee0", author_name="Ada", subject=subject,
    )
    evidence = [{"file": "task.py", "line": 31, "says": "Conv2D: a convolution"}]
    found = {"entry": "task.py", "framework": "keras", "family": "cnn", "image": "pushtune/cnn:1", "evidence": evidence}
    write_record(run_folder, "inspect", **found)
    warning = Notice("No seed is set.", "task.py", 3, "seed")
    write_training(run_folder / "baseline", mode="baseline", curve=(0.5, 0.7912), test=0.78, warnings=(warning,))
    write_record(run_folder, "judge_baseline", target=target, target_met=target <= 0.7912)


def write_tuned_run(run_folder: Path, *, best: float = 0.9312, test: float = 0.9201, target: float = 0.9) -> None:
    """Write a run with one round of four trials, a final training and a model."""
    write_start(run_folder, target=target)
    plan = [
        {"number": 1, "label": "wide", "changes": CHANGES},
        {"number": 2, "label": "slow", "changes": ["task.py:40 learning_rate 0.1 -> 1e-05"]},
        {"number": 3, "label": "huge", "changes": ["task.py:31 filters 16 -> 4096"]},
        {"number": 4, "label": "odd", "changes": ["task.py:31 filters 16 -> 17"]},
    ]
    write_training(run_folder / "trials" / "001", number=1, overrides=WINNING, curve=(0.8, best, best - 0.01))
    write_training(run_folder / "trials" / "002", number=2, overrides={RATE: 1e-5}, status="pruned", curve=(0.2,))
    write_training(
        run_folder / "trials" / "003", number=3, overrides={FILTERS: 4096}, status="infeasible",
        error=Notice("Out of memory", "task.py", 31, "MemoryError"),
    )
    collected = [{"number": 2, "status": "pruned", "objective": 0.2, "reason": "worse than half of its siblings"},
                 {"number": 4, "status": "failed", "reason": "given up after 5 restarts"}]
    write_record(run_folder, "round_1", plan=plan, collected={"trials": collected})
    write_record(run_folder, "best", number=1, changes=CHANGES, overrides=WINNING)
    write_training(
        run_folder / "retrain", mode="retrain", number=1, overrides=WINNING, curve=(0.85, 0.92), test=test,
        warnings=(Notice("No seed is set.", "task.py", 3, "seed"),),
    )
    (run_folder / "retrain" / "model").mkdir()
    (run_folder / "retrain" / "model" / "model.keras").write_bytes(b"weights")
    model = {"name": "train_digits", "version": 3, "path": "/registry/3", "champion": True, "reason": "better"}
    write_record(run_folder, "promote", **model)
