"""The plan of a round, made from all that is known when it is planned."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pushtune.errors import BaselineUnusable
from pushtune.training_folders import trial_folder
from pushtune.tuning import study
from pushtune.tuning.candidates import Knowledge, candidates_for
from pushtune.tuning.configurations import describe, overrides_of
from pushtune.tuning.curves import epoch_seconds, read_curve
from pushtune.tuning.dimensions import Dimension, Point, own_point
from pushtune.tuning.history import Finished, best_of, finished_trials
from pushtune.tuning.left_over import combinations
from pushtune.tuning.options import TuningOptions
from pushtune.tuning.plans import PlannedTrial, RoundPlan, read_plans
from pushtune.tuning.recipes import Candidate
from pushtune.tuning.search_space import build_search_space
from pushtune.tuning.target import resolve_target
from pushtune_contract.parameters import Value
from pushtune_contract.result import Objective, TrialResult


def objective_of(baseline: TrialResult) -> Objective:
    """Return the baseline's objective. Raises BaselineUnusable: there is none."""
    if baseline.objective is None:
        raise BaselineUnusable(
            "Trials are ranked by a metric that the script reports.", "none",
            "Let the script compile its model with a metric, or evaluate it.",
        )
    return baseline.objective


def dimensions_of(run_folder: Path, baseline: TrialResult, options: TuningOptions) -> list[Dimension]:
    """Return what trials of this study vary."""
    seconds = epoch_seconds(read_curve(trial_folder(run_folder, 0)))
    samples = baseline.samples.get("train")
    return build_search_space(baseline.search_space, options.epochs, samples, seconds, options.wishes)


def new_plan(run_folder: Path, round_number: int, baseline: TrialResult, options: TuningOptions) -> RoundPlan:
    """Return the plan of round ``round_number``; the same facts always give the same plan."""
    objective = objective_of(baseline)
    dimensions = dimensions_of(run_folder, baseline, options)
    finished = finished_trials(run_folder, read_plans(run_folder)[: round_number - 1])
    knowledge = Knowledge(
        round_number, tuple(observations_of(run_folder, dimensions, objective, finished)), best_of(finished, objective),
        objective.direction, epoch_seconds(read_curve(trial_folder(run_folder, 0))),
    )
    tried = [_without_epochs(dimensions, one.trial.point) for one in finished]
    trained = [one.trial.overrides for one in finished]
    trials: list[PlannedTrial] = []
    for candidate in candidates_for(dimensions, baseline.search_space, knowledge, options):
        if len(trials) == options.trials_per_round:
            break
        new = _without_epochs(dimensions, candidate.point)
        repeated = overrides_of(dimensions, candidate.point) in trained if candidate.repeats else new in tried
        if not repeated and not _is_in_baseline(dimensions, candidate.point):
            tried.append(new)
            trials.append(_planned(1 + len(finished) + len(trials), candidate, dimensions, baseline, options))
    target = resolve_target(objective, options.target)
    return RoundPlan(round_number, objective, baseline.seconds, baseline.script_sha256, target, trials)


def why_nothing_is_left(dimensions: Sequence[Dimension], finished: Sequence[Finished]) -> str:
    """Return why no plan after ``finished`` trials has a trial."""
    everything = combinations(dimensions)
    tried = [{}, *(_without_epochs(dimensions, one.trial.point) for one in finished)]
    if everything is not None and all(_without_epochs(dimensions, point) in tried for point in everything):
        return "every configuration has been tried"
    return "no further configuration was found that is worth its time"


def observations_of(
    run_folder: Path, dimensions: Sequence[Dimension], objective: Objective, finished: Sequence[Finished]
) -> list[study.Observation]:
    """Return what is known about the baseline (trial 0) and ``finished`` trials."""
    curve = read_curve(trial_folder(run_folder, 0)).objectives
    baseline = study.Observation(
        0, own_point(dimensions), "done", objective.value, curve, {"label": "trial 0: the values of the script"}
    )
    return [baseline, *(observation_of(run_folder, one) for one in finished)]


def observation_of(run_folder: Path, finished: Finished) -> study.Observation:
    """Return what is known about one finished trial."""
    trial, outcome = finished.trial, finished.outcome
    curve = read_curve(trial_folder(run_folder, trial.number)).objectives
    notes = {**notes_of(trial), "seconds": outcome.seconds, "outcome": outcome.reason or outcome.status}
    return study.Observation(trial.number, trial.point, outcome.status, outcome.objective, curve, notes)


def notes_of(trial: PlannedTrial) -> dict[str, Any]:
    """Return what Optuna's tools should show about a trial."""
    return {"label": trial.label, "overrides": trial.overrides, "why": trial.reason}


def _without_epochs(dimensions: Sequence[Dimension], point: Point) -> dict[str, Value]:
    """Return what tells two trials apart: the same values for more epochs are the same curve, only longer."""
    return overrides_of([dimension for dimension in dimensions if dimension.sampled], point)


def _is_in_baseline(dimensions: Sequence[Dimension], point: Point) -> bool:
    """Return whether the baseline's curve holds that of a trial at ``point``: the script's values, no more epochs."""
    longer = any(int(point[one.key]) > int(one.current) for one in dimensions if one.role == "epochs")
    return not longer and not _without_epochs(dimensions, point)


def _planned(
    number: int, candidate: Candidate, dimensions: Sequence[Dimension], baseline: TrialResult, options: TuningOptions
) -> PlannedTrial:
    parameters = {parameter.id: parameter for parameter in baseline.search_space}
    label, changes = describe(number, dimensions, candidate.point, parameters)
    epochs = [int(candidate.point[dimension.key]) for dimension in dimensions if dimension.role == "epochs"]
    return PlannedTrial(
        number=number, point=candidate.point, overrides=overrides_of(dimensions, candidate.point), label=label,
        changes=changes, reason=candidate.reason, epoch_budget=max(epochs, default=options.epochs),
    )
