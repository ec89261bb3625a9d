"""What came out of one trial, judged from its folder: everything in there was written by untrusted code."""

import math
from dataclasses import dataclass
from pathlib import Path

from pushtune.tuning.plain_text import plain_text
from pushtune.tuning.target import is_accuracy_like
from pushtune_contract import layout
from pushtune_contract.reading import UnsafeFile, read_bytes
from pushtune_contract.result import Objective, TrialResult, read_result
from pushtune_contract.validation import ContractViolation

REASON_CHARACTERS = 300
STOP_LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True)
class Outcome:
    """What a study needs to know about a trial.

    Attributes:
        number: the trial's number in its study.
        status: ``done``; ``pruned`` (stopped early, its objective counts); ``skipped`` (never started, since it was not
            needed any more); ``infeasible`` (the configuration cannot be built); ``failed``.
        objective: None unless ``done`` or ``pruned``. best_epoch: the epoch that reached it, from 1; 0 without epochs.
        seconds: wall time. reason: why it is not ``done``.
    """

    number: int
    status: str
    objective: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    reason: str = ""


def read_outcome(number: int, trial_folder: Path, expected: Objective, script_sha256: str) -> Outcome:
    """Return the outcome of trial ``number``; whatever is missing or forged makes it ``failed``, never an exception.

    Args:
        expected: the baseline's objective; only the same metric on the same kind of data can be compared with it.
        script_sha256: hash of the script that the study belongs to.
    """
    try:
        result = read_result(trial_folder)
    except FileNotFoundError:
        return _without_result(number, trial_folder)
    except (UnsafeFile, ContractViolation) as error:
        return _failed(number, f"the result cannot be used: {error}")
    return judge(number, result, expected, script_sha256)


def judge(number: int, result: TrialResult, expected: Objective, script_sha256: str) -> Outcome:
    """Return the outcome that ``result`` stands for. The script's test metrics play no part in it."""
    if result.status == "infeasible":
        return Outcome(number, "infeasible", seconds=result.seconds, reason=_error_text(result))
    if result.status not in ("done", "pruned"):
        return _failed(number, f"{result.status.replace('_', ' ')}: {_error_text(result)}", result.seconds)
    if result.status == "pruned" and result.objective is None:  # a script that says its number only at its end
        return Outcome(number, "skipped", seconds=result.seconds, reason="stopped before it said its objective")
    doubt = doubt_about(result, expected, script_sha256)
    if doubt or result.objective is None:
        return _failed(number, doubt, result.seconds)
    reason = "stopped early" if result.status == "pruned" else ""
    objective = result.objective
    return Outcome(number, result.status, objective.value, objective.best_epoch, result.seconds, reason)


def doubt_about(result: TrialResult, expected: Objective, script_sha256: str) -> str:
    """Return why the objective of ``result`` cannot be compared with the baseline's; an empty text where it can."""
    objective = result.objective
    if objective is None:
        return "no objective was reported"
    if result.script_sha256 != script_sha256:
        return "the result belongs to another version of the script"
    if result.unapplied:
        return f"an override never reached the script: {result.unapplied[0]}"
    if (objective.metric, objective.direction) != (expected.metric, expected.direction):
        return f"the objective is {objective.direction} {objective.metric}, not {expected.direction} {expected.metric}"
    if objective.guard != expected.guard:
        return f"the objective comes from other data ({objective.guard}) than the baseline's ({expected.guard})"
    if not is_possible(objective.value, objective.metric, objective.direction):
        return f"the objective {objective.value} is no possible value of {objective.metric}"
    return ""


def is_possible(value: float, metric: str, direction: str) -> bool:
    """Return whether ``value`` is finite and, for accuracy-like metrics, between 0 and 1."""
    return math.isfinite(value) and (not is_accuracy_like(metric, direction) or 0.0 <= value <= 1.0)


def _without_result(number: int, trial_folder: Path) -> Outcome:
    """A trial that was told to stop before it had anything to report was not needed; any other one has failed."""
    try:
        wish = read_bytes(trial_folder / layout.STOP_FILE, STOP_LIMIT_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, UnsafeFile):
        return _failed(number, "the container left no result")
    return Outcome(number, "skipped", reason=plain_text(f"stopped before its first result: {wish}", REASON_CHARACTERS))


def _error_text(result: TrialResult) -> str:
    return plain_text(result.error.message, REASON_CHARACTERS) if result.error else "no reason was given"


def _failed(number: int, reason: str, seconds: float = 0.0) -> Outcome:
    return Outcome(number, "failed", seconds=seconds, reason=plain_text(reason, REASON_CHARACTERS))
