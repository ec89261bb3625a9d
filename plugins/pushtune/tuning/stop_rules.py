"""The stop rule of each trial of a round, as JSON: what ``pruning`` needs to judge it while it runs."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pushtune.training_folders import trial_folder
from pushtune.tuning.curves import read_curve
from pushtune.tuning.plans import PlannedTrial, RoundPlan
from pushtune.tuning.pruning import PruningRule
from pushtune.tuning.rate_decay import decays_with
from pushtune.tuning.search_space import USUAL_BATCH_SIZE
from pushtune_contract.result import TrialResult

# A network needs about this many updates to leave chance level at a sensible learning rate.
FEWEST_STEPS = 200

FIRST_RUNG_SHARE = 1 / 3  # of the epochs are over at the first rung, at most


def stop_rule_document(
    run_folder: Path, trial: PlannedTrial, known: list[RoundPlan], baseline: TrialResult
) -> dict[str, Any]:
    """Return the rule of ``trial``: the fields of ``PruningRule``; ``siblings``, the folders to compare with; and
    ``decaying``, those of them, and its own, where the learning rate decays.

    Args:
        known: all rounds so far, the trial's own included.
        baseline: its objective must not be None.
    """
    objective = baseline.objective
    assert objective is not None  # noqa: S101  (no round is planned without one)
    trials = [planned for plan in known for planned in plan.trials]
    others = [other.number for other in trials if other.number != trial.number]
    decaying = [planned.number for planned in trials if decays_with(planned.overrides, baseline.search_space)]
    rule = PruningRule(
        direction=objective.direction,
        metric=objective.metric,
        target=known[-1].target,
        chance=objective.chance,
        first_rung=first_rung(trial, baseline),
        reference=objective.value if objective.chance is None else objective.chance,
        validation_samples=baseline.samples.get("validation", 0),
        fits=read_curve(trial_folder(run_folder, 0)).fits,
        guard=objective.guard,
        script_sha256=baseline.script_sha256,
    )
    return {
        **asdict(rule),
        "siblings": [str(trial_folder(run_folder, number)) for number in [0, *others]],
        "decaying": [str(trial_folder(run_folder, number)) for number in decaying],
    }


def first_rung(trial: PlannedTrial, baseline: TrialResult) -> int:
    """Return the epochs before ``trial`` is judged at all: ``FEWEST_STEPS`` updates, one epoch at least."""
    samples = baseline.samples.get("train", 0)
    if samples <= 0:
        return 1
    steps_per_epoch = max(1.0, samples / _batch_size(trial, baseline))
    wished = math.ceil(FEWEST_STEPS / steps_per_epoch)
    longest = max(1, int((trial.epoch_budget or wished) * FIRST_RUNG_SHARE))
    return max(1, min(wished, longest))


def _batch_size(trial: PlannedTrial, baseline: TrialResult) -> int:
    for parameter in baseline.search_space:
        value = trial.overrides.get(parameter.id, parameter.value)
        if parameter.role == "batch_size" and isinstance(value, int) and value > 0:
            return value
    return USUAL_BATCH_SIZE
