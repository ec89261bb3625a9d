"""Rounds: planning, collecting, and doing both again after a kill."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tuning.tuning_samples import baseline, finish, parameter, result, stored_states

from pushtune.errors import BaselineUnusable, InvalidTuningOption, RoundNotPlanned
from pushtune.tuning.rounds import best_trial, collect_round, needs_round, plan_round
from pushtune_contract.result import write_result

OPTIONS: dict[str, Any] = {"seed": 3, "trials_per_round": 5, "target": 0.9, "rounds": 3}


def test_first_round_begins_with_recipes(tmp_path: Path) -> None:
    planned = plan_round(tmp_path, 1, baseline(), OPTIONS)
    assert [trial["number"] for trial in planned] == [1, 2, 3, 4, 5]
    assert planned[0]["label"] == "trial 1: adam, lr 0.001 -> 0.0015, epochs 1 -> 12"
    assert planned[0]["overrides"] == {
        "task.py:16:4#0.compile.optimizer": "adam",
        "task.py:16:4#0.Adadelta.learning_rate": 0.0015,
        "task.py:17:4#0.fit.epochs": 12,
    }
    assert planned[0]["changes"] == [
        "task.py:16 optimizer adadelta -> adam", "task.py:16 learning_rate 0.001 -> 0.0015",
        "task.py:17 epochs 1 -> 12",
    ]
    assert planned[0]["epoch_budget"] == 12
    assert [trial["label"] for trial in planned[1:4]] == [
        "trial 2: adam, lr 0.001 -> 0.0015, filters 16 -> 32, units 64 -> 128, epochs 1 -> 12",
        "trial 3: lr 0.001 -> 1, epochs 1 -> 12",
        "trial 4: adam, lr 0.001 -> 0.0015, filters 16 -> 32, units 64 -> 128, dropout 0.25 -> 0.3, epochs 1 -> 12",
    ]
    assert "default learning rate" in planned[2]["reason"]


def test_plan_is_plain_json_and_no_two_trials_are_equal(tmp_path: Path) -> None:
    planned = plan_round(tmp_path, 1, baseline(), {**OPTIONS, "trials_per_round": 20})
    assert json.loads(json.dumps(planned)) == planned
    assert len({json.dumps(trial["overrides"], sort_keys=True) for trial in planned}) == 20


def test_planning_again_returns_the_same_trials_and_asks_nothing_twice(tmp_path: Path) -> None:
    first = plan_round(tmp_path, 1, baseline(), OPTIONS)
    assert plan_round(tmp_path, 1, baseline(), OPTIONS) == first
    assert [state for state, _ in stored_states(tmp_path)] == ["COMPLETE"] + ["RUNNING"] * 5


def test_collected_trials_are_told_once_with_their_curves(tmp_path: Path) -> None:
    plan_round(tmp_path, 1, baseline(), OPTIONS)
    finish(tmp_path, 1, result(0.88, best_epoch=3), [0.80, 0.85, 0.88])
    finish(tmp_path, 2, result(0.4, "pruned"), [0.4])
    finish(tmp_path, 3, result(None, "infeasible"))
    finish(tmp_path, 4, result(0.7, unapplied=["task.py:10:4#0.Conv2D.filters"]))
    collected = collect_round(tmp_path, 1)
    assert [trial["status"] for trial in collected["trials"]] == ["done", "pruned", "infeasible", "failed", "failed"]
    assert collected["best"]["number"] == 1
    assert collected["target_met"] is False
    assert collect_round(tmp_path, 1) == collected
    assert stored_states(tmp_path) == [
        ("COMPLETE", 0.21), ("COMPLETE", 0.88), ("PRUNED", 0.4), ("FAIL", None), ("FAIL", None), ("FAIL", None),
    ]


def test_best_trial_tells_the_retraining_what_to_do(tmp_path: Path) -> None:
    planned = plan_round(tmp_path, 1, baseline(), OPTIONS)
    finish(tmp_path, 1, result(0.88, best_epoch=7))
    finish(tmp_path, 2, result(0.91, "pruned", best_epoch=2))
    best = collect_round(tmp_path, 1)["best"]
    assert (best["number"], best["objective"], best["epochs"]) == (2, 0.91, 2)
    assert best["overrides"] == planned[1]["overrides"]
    assert best == best_trial(tmp_path)


def test_the_script_itself_wins_where_no_trial_is_better(tmp_path: Path) -> None:
    plan_round(tmp_path, 1, baseline(0.8), OPTIONS)
    finish(tmp_path, 1, result(0.8))
    best = collect_round(tmp_path, 1)["best"]
    assert (best["number"], best["overrides"], best["epochs"]) == (0, {}, 1)


def test_best_trial_before_any_round_is_the_baseline(tmp_path: Path) -> None:
    (tmp_path / "baseline").mkdir()
    write_result(tmp_path / "baseline", baseline(0.87))
    assert (best_trial(tmp_path)["number"], best_trial(tmp_path)["objective"]) == (0, 0.87)


def test_a_missing_baseline_and_a_missing_plan_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BaselineUnusable, match="Tuning starts from a baseline run with a result.*Look at the log"):
        best_trial(tmp_path)
    with pytest.raises(RoundNotPlanned, match="A round is planned before.*round 2.*Run the task plan first"):
        collect_round(tmp_path, 2)


def test_a_baseline_without_an_objective_cannot_be_tuned(tmp_path: Path) -> None:
    assert needs_round(tmp_path, 1, baseline(None), OPTIONS)[0] is False
    with pytest.raises(BaselineUnusable, match="ranked by a metric.*Let the script compile its model with a metric"):
        plan_round(tmp_path, 1, baseline(None), OPTIONS)
    (tmp_path / "baseline").mkdir()
    write_result(tmp_path / "baseline", baseline(None))
    with pytest.raises(BaselineUnusable, match="ranked by a metric"):
        best_trial(tmp_path)


@pytest.mark.parametrize("wrong", [{"trials_per_round": 0}, {"epochs": "many"}, {"seed": -1}, {"target": "high"}])
def test_an_option_that_cannot_be_used_is_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidTuningOption, match=f"The option {next(iter(wrong))} of the tuning must be valid"):
        needs_round(tmp_path, 1, baseline(), {**OPTIONS, **wrong})


@pytest.mark.parametrize(
    ("found", "options", "needed", "reason"),
    [
        (baseline(0.21), {}, True, "best accuracy so far 0.21, target 0.85"),
        (baseline(0.86), {}, False, "target met: accuracy 0.86, wanted 0.85"),
        (baseline(0.86), {"target": 0.9}, True, "target 0.9"),
        (baseline(0.21, []), {}, False, "no value that could be varied"),
        (baseline(0.21, [parameter("epochs", "fit", "epochs", 1, 3)]), {}, True, "target 0.85"),
        (baseline(0.21, [parameter("epochs", "fit", "epochs", 5, 3)]), {"epochs": 5}, False, "no value"),
    ],
)
def test_need_of_a_first_round(tmp_path: Path, found: Any, options: Any, needed: bool, reason: str) -> None:
    decision = needs_round(tmp_path, 1, found, options)
    assert decision[0] is needed
    assert reason in decision[1]


def test_no_further_round_once_the_target_is_met(tmp_path: Path) -> None:
    plan_round(tmp_path, 1, baseline(), OPTIONS)
    finish(tmp_path, 2, result(0.9))
    assert collect_round(tmp_path, 1)["target_met"] is True
    assert needs_round(tmp_path, 2, baseline(), OPTIONS) == (False, "target met: accuracy 0.9, wanted 0.9")


def test_a_target_that_is_reached_but_for_rounding_ends_the_tuning(tmp_path: Path) -> None:
    assert needs_round(tmp_path, 1, baseline(0.8999999761581421), OPTIONS)[0] is False  # 27 of 30, as float32


@pytest.mark.parametrize("role", ["batch_size", "units", "epochs"])
def test_a_wish_for_a_size_of_0_ends_no_tuning(tmp_path: Path, role: str) -> None:
    planned = plan_round(tmp_path, 1, baseline(), {**OPTIONS, "wishes": {"narrow": {role: [0, 64]}}})
    assert len(planned) == 5
    assert not any(value == 0 for trial in planned for key, value in trial["overrides"].items() if key.endswith(role))


def test_no_further_round_after_too_many_failures(tmp_path: Path) -> None:
    plan_round(tmp_path, 1, baseline(), OPTIONS)
    finish(tmp_path, 1, result(0.5))
    assert needs_round(tmp_path, 2, baseline(), OPTIONS)[0] is True
    assert needs_round(tmp_path, 2, baseline(), {**OPTIONS, "failures_in_a_row": 4}) == (
        False, "the last 4 trials failed: the container left no result",
    )


def test_no_further_round_once_everything_has_been_tried(tmp_path: Path) -> None:
    longer = baseline(0.21, [parameter("epochs", "fit", "epochs", 1, 3)])
    assert len(plan_round(tmp_path, 1, longer, OPTIONS)) == 1
    finish(tmp_path, 1, result(0.5))
    assert needs_round(tmp_path, 2, longer, OPTIONS) == (False, "every configuration has been tried")


@pytest.mark.parametrize(("own", "budget", "again"), [(50, 5, False), (50, 50, False), (50, 60, True)])
def test_the_own_values_are_a_trial_only_where_it_trains_longer(
    tmp_path: Path, own: int, budget: int, again: bool
) -> None:
    script = [parameter("epochs", "fit", "epochs", own, 3), parameter("units", "Dense", "units", 64, 4)]
    planned = plan_round(tmp_path, 1, baseline(0.5, script), {**OPTIONS, "epochs": budget})
    values = [[key for key in trial["overrides"] if "epochs" not in key] for trial in planned]
    assert len(planned) == 5
    assert ([] in values) is again


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_no_more_rounds_than_were_asked_for(tmp_path: Path, rounds: int) -> None:
    wanted = [needs_round(tmp_path, number, baseline(), {**OPTIONS, "rounds": rounds}) for number in (1, 2, 3)]
    assert [needed for needed, _ in wanted] == [number <= rounds for number in (1, 2, 3)]
    assert wanted[2][1] == f"at most {rounds} rounds were asked for"


def test_later_rounds_try_new_configurations_near_the_best(tmp_path: Path) -> None:
    seen = plan_round(tmp_path, 1, baseline(), OPTIONS)
    for number in range(1, 6):
        finish(tmp_path, number, result(0.88 if number == 2 else 0.6))
    later = plan_round(tmp_path, 2, baseline(), OPTIONS)
    assert [trial["number"] for trial in later] == [6, 7, 8, 9, 10]
    assert all(trial["overrides"] not in [old["overrides"] for old in seen] for trial in later)
    assert all(len(trial["stop_rule"]["siblings"]) == 10 for trial in later)
    assert {trial["reason"] for trial in later} == {
        "the best configuration so far, twice as large", "a small step from the best configuration so far",
        "proposed by the sampler from all trials so far",
    }


@pytest.mark.parametrize(
    ("best_epoch", "options", "budget"), [(11, {}, 24), (6, {}, 12), (11, {"epochs": 12}, 12)]
)
def test_trials_get_longer_where_the_best_was_still_rising(
    tmp_path: Path, best_epoch: int, options: dict[str, Any], budget: int
) -> None:
    plan_round(tmp_path, 1, baseline(), {**OPTIONS, **options})
    finish(tmp_path, 1, result(0.88, best_epoch=best_epoch))
    later = plan_round(tmp_path, 2, baseline(), {**OPTIONS, **options})
    assert {trial["epoch_budget"] for trial in later} == {budget}
    longer = [trial for trial in later if trial["reason"] == "the best configuration so far, trained longer"]
    assert [trial["label"] for trial in longer] == ["trial 6: adam, lr 0.001 -> 0.0015, epochs 1 -> 24"] * (budget > 12)


def test_the_best_is_trained_longer_only_once_where_it_does_not_gain(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        planned = plan_round(tmp_path, number, baseline(), {**OPTIONS, "rounds": 5})
        for trial in planned:
            best = 0.88 if trial["number"] == 1 else 0.6
            finish(tmp_path, trial["number"], result(best, best_epoch=trial["epoch_budget"]))
        longer = [trial["epoch_budget"] for trial in planned if "so far, trained longer" in trial["reason"]]
        assert longer == {1: [], 2: [24], 3: []}[number]


def test_the_best_is_trained_longer_and_longer_while_it_gains(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        planned = plan_round(tmp_path, number, baseline(), {**OPTIONS, "rounds": 5})
        for trial in planned:
            value = 0.3 + 0.01 * trial["epoch_budget"] if trial is planned[0] else 0.1
            finish(tmp_path, trial["number"], result(value, best_epoch=trial["epoch_budget"]))
        assert planned[0]["label"].endswith(f"adam, lr 0.001 -> 0.0015, epochs 1 -> {6 * 2 ** number}")


def test_test_metrics_change_no_decision(tmp_path: Path) -> None:
    """The script's own test data is not there to choose by: whatever it says, all decisions stay the same."""
    runs = {}
    for name, test_accuracy in (("low", 0.0), ("high", 1.0)):
        folder = tmp_path / name
        folder.mkdir()
        start = baseline(test_metrics={"accuracy": test_accuracy}, test_reads=1)
        documents: list[Any] = []
        for round_number in (1, 2, 3):
            documents.append(needs_round(folder, round_number, start, OPTIONS))
            documents.append(plan_round(folder, round_number, start, OPTIONS))
            for trial in documents[-1]:
                value = 0.4 + 0.02 * trial["number"]
                finish(folder, trial["number"], result(value, test_metrics={"accuracy": test_accuracy}, test_reads=1))
            documents.append(collect_round(folder, round_number))
        runs[name] = json.dumps(documents).replace(str(folder), "")
    assert runs["low"] == runs["high"]
