"""Follows one run in the terminal: stages, trials with their objective, the best so far."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.console import clean, say
from pushtune.commands.stage_lines import describe_stage
from pushtune.errors import AirflowNotReady
from pushtune.records import read_records
from pushtune.training_folders import BASELINE, RETRAIN, TRIALS, trial_name
from pushtune_contract.progress import ProgressLine, read_progress
from pushtune_contract.reading import UnsafeFile
from pushtune_contract.result import TrialResult, read_result
from pushtune_contract.validation import ContractViolation

POLL_SECONDS = 1.5
EPOCH_LINE_SECONDS = 5.0
SILENCE_LIMIT_SECONDS = 120
FINAL_STATES = ("success", "failed")


class RunView:
    """What of one run was printed already, so that each fact is printed once."""

    def __init__(self, run_folder: Path, print_line: Callable[[str], None] = say) -> None:
        self._run_folder = run_folder
        self._print = print_line
        self._started = time.monotonic()
        self._stages: set[str] = set()
        self._finished_trials: set[str] = set()
        self._epoch_lines: dict[str, tuple[int, float]] = {}
        self._labels: dict[str, str] = {}

    def refresh(self) -> None:
        """Print what is new since the last call."""
        for stage, record in read_records(self._run_folder).items():
            if stage not in self._stages:
                self._stages.add(stage)
                for plan in record["document"].get("plan") or []:
                    self._labels[trial_name(int(plan["number"]))] = str(plan["label"])
                for line in describe_stage(stage, record["document"]):
                    self._line(line)
        for name in self._trial_names():
            self._refresh_trial(name)

    def _trial_names(self) -> Iterator[str]:
        for name in (BASELINE, RETRAIN):
            if (self._run_folder / name).is_dir():
                yield name
        for folder in sorted((self._run_folder / TRIALS).glob("*")):
            yield f"{TRIALS}/{folder.name}"

    def _refresh_trial(self, name: str) -> None:
        if name in self._finished_trials:
            return
        folder = self._run_folder / name
        result = _result_or_none(folder)
        if result is not None:
            self._finished_trials.add(name)
            # The final training sees all training data: its own validation figure would mean nothing.
            self._line(f"{self._label(name)}: {_describe_result(result, with_objective=name != RETRAIN)}")
            return
        epochs = [line for line in read_progress(folder) if line.kind == "epoch"]
        printed, printed_at = self._epoch_lines.get(name, (0, -EPOCH_LINE_SECONDS))
        if len(epochs) > printed and time.monotonic() - printed_at >= EPOCH_LINE_SECONDS:
            self._epoch_lines[name] = (len(epochs), time.monotonic())
            self._line(f"{self._label(name)}: {_describe_epoch(epochs[-1], with_objective=name != 'retrain')}")

    def _label(self, name: str) -> str:
        return self._labels.get(name, name)

    def _line(self, text: str) -> None:
        seconds = int(time.monotonic() - self._started)
        self._print(clean(f"{seconds // 60:3d}:{seconds % 60:02d}  {text}"))


def follow(api: AirflowApi, dag_id: str, run_id: str, run_folder: Path) -> str:
    """Print the run's progress until it ends; return its final state, ``success`` or ``failed``.

    Raises:
        AirflowNotReady: Airflow stopped answering for ``SILENCE_LIMIT_SECONDS``.
    """
    view = RunView(run_folder)
    answered = time.monotonic()
    while True:
        state = ""
        try:
            state = str(api.get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"])
            answered = time.monotonic()
        except AirflowNotReady:
            if time.monotonic() - answered > SILENCE_LIMIT_SECONDS:
                raise
        view.refresh()
        if state in FINAL_STATES:
            return state
        time.sleep(POLL_SECONDS)


def _result_or_none(folder: Path) -> TrialResult | None:
    try:
        return read_result(folder)
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        return None


def _describe_result(result: TrialResult, with_objective: bool) -> str:
    if result.error is not None:
        return f"{result.status}: {result.error.message}"
    parts = [result.status]
    if result.objective is not None and with_objective:
        parts.append(f"validation {result.objective.metric} {result.objective.value:.4f}")
    parts += [f"test {name} {value:.4f}" for name, value in result.test_metrics.items() if name != "loss"]
    epochs = f"{result.epochs_trained} epoch{'' if result.epochs_trained == 1 else 's'}"
    return ", ".join([*parts, f"{epochs}, {result.seconds:.0f} s"])


def _describe_epoch(line: ProgressLine, with_objective: bool) -> str:
    objective = "" if line.objective is None or not with_objective else f", objective {line.objective:.4f}"
    return f"epoch {line.epoch}/{line.epochs}{objective}"


def wait_for(what: str, look: Callable[[], Any], timeout_seconds: float, remedy: str) -> Any:
    """Call ``look`` until it returns something true, and return that.

    Raises:
        AirflowNotReady: it did not within ``timeout_seconds``.
    """
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(POLL_SECONDS)
    raise AirflowNotReady(f"{what} must happen within {timeout_seconds:.0f} s.", "it did not", remedy)
