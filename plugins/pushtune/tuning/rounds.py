"""Rounds of trials: is another one needed, what does it try, what came out of it. JSON in, JSON out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pushtune.errors import RoundNotPlanned
from pushtune.targets import meets
from pushtune.tuning import study
from pushtune.tuning.dimensions import Dimension
from pushtune.tuning.history import Finished, best_of, failures_in_a_row, finished_trials, read_baseline_objective
from pushtune.tuning.options import parse_options
from pushtune.tuning.outcomes import Outcome
from pushtune.tuning.planning import (
    dimensions_of,
    new_plan,
    notes_of,
    objective_of,
    observation_of,
    observations_of,
    why_nothing_is_left,
)
from pushtune.tuning.plans import PlannedTrial, read_plan, read_plans, write_plan
from pushtune.tuning.stop_rules import stop_rule_document
from pushtune.tuning.target import resolve_target
from pushtune.tuning.wished_ranges import unheeded
from pushtune_contract.result import TrialResult


def needs_round(
    run_folder: Path, round_number: int, baseline: TrialResult, options: Mapping[str, Any]
) -> tuple[bool, str]:
    """Return whether round ``round_number`` (from 1) should run, and why or why not.

    Raises:
        InvalidTuningOption: a value in ``options`` is out of range.
    """
    parsed = parse_options(options)
    if baseline.objective is None:
        return False, "the script reports no metric that trials could be ranked by"
    target, direction = resolve_target(baseline.objective, parsed.target), baseline.objective.direction
    plans = read_plans(run_folder)[: round_number - 1]
    finished = finished_trials(run_folder, plans)
    best = best_of(finished, baseline.objective)
    value = baseline.objective.value if best is None or best.outcome.objective is None else best.outcome.objective
    if meets(value, target, direction):
        return False, f"target met: {baseline.objective.metric} {value:.4g}, wanted {target:.4g}"
    if round_number > parsed.rounds:
        return False, f"at most {parsed.rounds} rounds were asked for"
    dimensions = dimensions_of(run_folder, baseline, parsed)
    if not _can_vary(dimensions):
        return False, "the script has no value that could be varied"
    if failures_in_a_row(finished) >= parsed.failures_in_a_row:
        return False, f"the last {failures_in_a_row(finished)} trials failed: {finished[-1].outcome.reason}"
    if not new_plan(run_folder, round_number, baseline, parsed).trials:
        return False, why_nothing_is_left(dimensions, finished)
    goal = "no target, the budget decides" if target is None else f"target {target:.4g}"
    return True, f"best {baseline.objective.metric} so far {value:.4g}, {goal}"


def wishes_without_effect(run_folder: Path, baseline: TrialResult, options: Mapping[str, Any]) -> list[str]:
    """Return a line for each wish in ``pushtune.yaml`` that changes nothing. Raises InvalidTuningOption."""
    parsed = parse_options(options)
    return unheeded(baseline.search_space, parsed.wishes, dimensions_of(run_folder, baseline, parsed))


def plan_round(
    run_folder: Path, round_number: int, baseline: TrialResult, options: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the trials of round ``round_number`` (from 1); the same ones however often it is called.

    Each has ``number``, ``overrides`` (parameter id -> value), ``label``, ``changes`` (one line each), ``reason``,
    ``epoch_budget``, and ``stop_rule`` for ``pruning.stop_rule``.

    Args:
        baseline: what the baseline run reported. options: see ``options.TuningOptions``.

    Raises:
        InvalidTuningOption: a value in ``options`` is out of range.
        BaselineUnusable: the baseline has no objective.
    """
    parsed = parse_options(options)
    objective = objective_of(baseline)
    plan = read_plan(run_folder, round_number)
    if plan is None:
        plan = new_plan(run_folder, round_number, baseline, parsed)
        write_plan(run_folder, plan)
    plans = read_plans(run_folder)[:round_number]
    dimensions = dimensions_of(run_folder, baseline, parsed)
    earlier = observations_of(run_folder, dimensions, objective, finished_trials(run_folder, plans[:-1]))
    running = [study.Observation(trial.number, trial.point, "running", notes=notes_of(trial)) for trial in plan.trials]
    study.record(run_folder, dimensions, [*earlier, *running], objective.direction)
    return [
        {
            "number": trial.number, "overrides": trial.overrides, "label": trial.label, "changes": trial.changes,
            "epoch_budget": trial.epoch_budget, "reason": trial.reason,
            "stop_rule": stop_rule_document(run_folder, trial, plans, baseline),
        }
        for trial in plan.trials
    ]


def collect_round(run_folder: Path, round_number: int) -> dict[str, Any]:
    """Return what came out of round ``round_number``; calling it again reads the trials' folders again.

    Keys: ``round``, ``trials`` (each with ``number``, ``label``, ``status``, ``objective``, ``best_epoch``,
    ``seconds``, ``changes``, ``reason``), ``best`` (see ``best_trial``), ``target``, ``target_met``.

    Raises:
        RoundNotPlanned: there is no plan of this round.
    """
    plan = read_plan(run_folder, round_number)
    if plan is None:
        raise RoundNotPlanned(
            "A round is planned before its trials are collected.", f"round {round_number}", "Run the task plan first."
        )
    finished = finished_trials(run_folder, [plan])
    study.close(run_folder, [observation_of(run_folder, one) for one in finished], plan.baseline.direction)
    best = best_trial(run_folder)
    return {
        "round": round_number,
        "trials": [_trial_document(one) for one in finished],
        "best": best,
        "target": plan.target,
        "target_met": meets(best["objective"], plan.target, plan.baseline.direction),
    }


def best_trial(run_folder: Path) -> dict[str, Any]:
    """Return the best configuration of all rounds so far, the script's own included.

    Keys: ``number`` (0 is the baseline), ``label``, ``overrides``, ``changes``, ``objective``, ``metric``,
    ``direction``, ``epochs`` (for the retraining: those after which the objective was best; None where there are no
    epochs), ``seconds``.

    Raises:
        BaselineUnusable: nothing has been planned, and the baseline has no result with an objective.
    """
    plans = read_plans(run_folder)
    baseline, baseline_seconds = read_baseline_objective(run_folder, plans)
    best = best_of(finished_trials(run_folder, plans), baseline)
    if best is None:
        trial = PlannedTrial(0, {}, {}, "trial 0: the values of the script", [], "the script's own values")
        outcome = Outcome(0, "done", baseline.value, baseline.best_epoch, baseline_seconds)
        best = Finished(trial, outcome)
    return {
        "number": best.trial.number, "label": best.trial.label, "overrides": best.trial.overrides,
        "changes": best.trial.changes, "objective": best.outcome.objective, "metric": baseline.metric,
        "direction": baseline.direction, "epochs": best.outcome.best_epoch or None, "seconds": best.outcome.seconds,
    }


def _can_vary(dimensions: Sequence[Dimension]) -> bool:
    return any(dimension.sampled or int(dimension.high) > int(dimension.own_values[0]) for dimension in dimensions)


def _trial_document(finished: Finished) -> dict[str, Any]:
    trial, outcome = finished.trial, finished.outcome
    return {
        "number": trial.number, "label": trial.label, "status": outcome.status, "objective": outcome.objective,
        "best_epoch": outcome.best_epoch, "seconds": outcome.seconds, "changes": trial.changes,
        "reason": outcome.reason,
    }
