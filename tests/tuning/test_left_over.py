"""Small search spaces: rounds are filled while anything is left, and nothing is said to be tried that was not."""

from pathlib import Path
from typing import Any

import pytest
from tests.tuning.tuning_samples import baseline, finish, parameter, result

from pushtune.tuning.left_over import MOST_COUNTED, combinations
from pushtune.tuning.rounds import needs_round, plan_round
from pushtune.tuning.search_space import build_search_space
from pushtune_contract.parameters import Parameter

NEIGHBOURS = [parameter("other", "KNeighborsClassifier", "n_neighbors", 5, 3)]
KERNEL = parameter("other", "SVC", "kernel", "rbf", 4, choices=["rbf", "linear", "poly", "sigmoid"])
TREE = [
    parameter("other", "DecisionTreeClassifier", "criterion", "gini", 4, choices=["gini", "entropy", "log_loss"]),
    parameter("other", "DecisionTreeClassifier", "max_depth", 5, 5),
]


def tuned(folder: Path, parameters: list[Parameter], **options: Any) -> tuple[list[list[dict[str, Any]]], str]:
    """Return the overrides of the trials of each round, and why there was no further one."""
    start, rounds = baseline(0.5, parameters), []
    given = {"trials_per_round": 6, "rounds": 100, "target": 0.99, **options}
    while (decision := needs_round(folder, len(rounds) + 1, start, given))[0]:
        planned = plan_round(folder, len(rounds) + 1, start, given)
        rounds.append([trial["overrides"] for trial in planned])
        for trial in planned:
            finish(folder, trial["number"], result(0.6))
    return rounds, decision[1]


@pytest.mark.parametrize("parameters", [NEIGHBOURS, [KERNEL], TREE], ids=["list", "texts", "both"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_small_space_is_tried_whole_and_nothing_twice(
    tmp_path: Path, parameters: list[Parameter], seed: int
) -> None:
    rounds, reason = tuned(tmp_path, parameters, seed=seed)
    everything = combinations(build_search_space(parameters))
    assert everything is not None
    tried = [overrides for planned in rounds for overrides in planned]
    assert len(tried) == len(everything) - 1
    assert {} not in tried, "the baseline is not trained again"
    assert len({str(sorted(overrides.items())) for overrides in tried}) == len(tried)
    assert all(len(planned) == 6 for planned in rounds[:-1])
    assert reason == "every configuration has been tried"


def test_a_first_round_that_repeats_itself_is_filled_by_the_sampler(tmp_path: Path) -> None:
    """Twelve configurations are there, in steps of 0.01: an even spread of eight draws some of them twice."""
    wishes = {"narrow": {"rate": [0.0, 0.02]}}
    rate = parameter("dropout", "Dropout", "rate", 0.25, 4)
    assert combinations(build_search_space([rate, KERNEL])) is None
    for seed in range(3):
        (tmp_path / str(seed)).mkdir()
        rounds, _ = tuned(tmp_path / str(seed), [rate, KERNEL], trials_per_round=8, rounds=1, wishes=wishes, seed=seed)
        assert [len(planned) for planned in rounds] == [8]


def test_what_cannot_be_counted_is_not_said_to_be_tried(tmp_path: Path) -> None:
    wishes = {"narrow": {"rate": [0.0, 0.02]}}
    rounds, reason = tuned(tmp_path, [parameter("dropout", "Dropout", "rate", 0.25, 4)], wishes=wishes)
    assert len(rounds) == 1
    assert reason == "no further configuration was found that is worth its time"


def test_what_takes_too_long_is_not_said_to_be_tried(tmp_path: Path) -> None:
    wide = [parameter("units", "Dense", "units", 16, 3)]
    rounds, reason = tuned(tmp_path, wide, wishes={"narrow": {"units": [16, 100_000]}})
    assert rounds and all(rounds)
    assert not any(units == 100_000 for planned in rounds for trial in planned for units in trial.values())
    assert reason == "no further configuration was found that is worth its time"


def test_large_spaces_are_not_counted() -> None:
    many = [parameter("units", "Dense", "units", 64, line, group=str(line)) for line in range(2)]
    assert len(combinations(build_search_space(many)) or []) == 49
    trees = [parameter("other", "Forest", "max_depth", 8, line) for line in range(6)]
    assert MOST_COUNTED < 8**6
    assert combinations(build_search_space(trees)) is None
