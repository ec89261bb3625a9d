"""All that is known about a study so far: the plans, and what came out of each trial."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pushtune.errors import BaselineUnusable
from pushtune.training_folders import trial_folder
from pushtune.tuning.outcomes import Outcome, read_outcome
from pushtune.tuning.plans import PlannedTrial, RoundPlan
from pushtune.tuning.target import is_better
from pushtune_contract.reading import UnsafeFile
from pushtune_contract.result import Objective, read_result
from pushtune_contract.validation import ContractViolation

FAILED = ("failed", "infeasible")


@dataclass(frozen=True)
class Finished:
    """A planned trial and its outcome."""

    trial: PlannedTrial
    outcome: Outcome


def finished_trials(run_folder: Path, plans: Sequence[RoundPlan]) -> list[Finished]:
    """Return the trials of ``plans`` in the order of their numbers, each with its outcome."""
    return [Finished(trial, _outcome(run_folder, plan, trial)) for plan in plans for trial in plan.trials]


def best_of(finished: Sequence[Finished], baseline: Objective) -> Finished | None:
    """Return the best trial that is better than the baseline; the earlier one of equals; None where none is better."""
    best: Finished | None = None
    for candidate in finished:
        reference = baseline.value if best is None else best.outcome.objective
        if is_better(candidate.outcome.objective, reference, baseline.direction):
            best = candidate
    return best


def failures_in_a_row(finished: Sequence[Finished]) -> int:
    """Return how many of the newest trials failed one after the other; skipped ones do not count."""
    count = 0
    for status in _newest_first(finished):
        if status not in FAILED:
            break
        count += 1
    return count


def read_baseline_objective(run_folder: Path, plans: Sequence[RoundPlan]) -> tuple[Objective, float]:
    """Return the baseline's objective and its wall time in seconds.

    Raises:
        BaselineUnusable: no round has been planned, and the baseline's folder has no result with an objective.
    """
    if plans:
        return plans[0].baseline, plans[0].baseline_seconds
    try:
        result = read_result(trial_folder(run_folder, 0))
    except (FileNotFoundError, UnsafeFile, ContractViolation) as error:
        raise BaselineUnusable(
            "Tuning starts from a baseline run with a result.", str(error)[:200],
            "Look at the log of the baseline's task.",
        ) from error
    if result.objective is None:
        raise BaselineUnusable(
            "Trials are ranked by a metric that the script reports.", "none",
            "Let the script compile its model with a metric, or evaluate it.",
        )
    return result.objective, result.seconds


def _outcome(run_folder: Path, plan: RoundPlan, trial: PlannedTrial) -> Outcome:
    return read_outcome(trial.number, trial_folder(run_folder, trial.number), plan.baseline, plan.script_sha256)


def _newest_first(finished: Sequence[Finished]) -> Iterator[str]:
    for one in reversed(finished):
        if one.outcome.status != "skipped":
            yield one.outcome.status
