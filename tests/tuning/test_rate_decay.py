"""Rates that decay: how trials get them, and what a stop rule expects of their curves."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.tuning.tuning_samples import baseline, finish, parameter, result, weak_cnn, write_curve

from pushtune.tuning.configurations import describe, overrides_of
from pushtune.tuning.curves import Curve
from pushtune.tuning.dimensions import Dimension, own_point
from pushtune.tuning.pruning import PruningRule, decide, stop_rule
from pushtune.tuning.rate_decay import decays_at, decays_with, with_decay
from pushtune.tuning.recipes import recipes
from pushtune.tuning.rounds import plan_round
from pushtune.tuning.search_space import build_search_space
from pushtune.wishes import Wishes
from pushtune_contract.parameters import Parameter

TEN_CLASSES = PruningRule("maximize", target=0.95, chance=0.1, reference=0.1, validation_samples=6_000)
# Recorded on Fashion-MNIST, hold-out of 6,000: filters, units, dropout, rate of Adam and epochs, half a cosine.
WIDE = (  # 64, 128, 0.3, 0.0012, 20
    0.8817, 0.8972, 0.9003, 0.9043, 0.9065, 0.9152, 0.9155, 0.9193, 0.9207, 0.9208,
    0.9218, 0.9223, 0.9247, 0.9245, 0.9258, 0.9262, 0.9270, 0.9268, 0.9277, 0.9265,
)  # fmt: skip
BOLD = (  # 32, 64, 0.3, 0.005, 15
    0.8825, 0.8892, 0.8987, 0.8992, 0.9005, 0.9025, 0.9030, 0.9087, 0.9105, 0.9120,
    0.9152, 0.9158, 0.9162, 0.9173, 0.9167,
)  # fmt: skip
SMALL = (  # 16, 32, 0, 0.005, 12
    0.8830, 0.8913, 0.8950, 0.8977, 0.9005, 0.9015, 0.9018, 0.9080, 0.9073, 0.9112, 0.9122, 0.9107,
)  # fmt: skip
USUAL = (  # 32, 64, 0.3, 0.0012, 15
    0.8720, 0.8895, 0.8962, 0.9025, 0.9028, 0.9078, 0.9093, 0.9105, 0.9118, 0.9153,
    0.9173, 0.9155, 0.9158, 0.9155, 0.9158,
)  # fmt: skip


def decay(line: int = 16) -> Parameter:
    choices = ["none", "cosine"]
    return parameter("other", "compile", "learning_rate_decay", "none", line, explicit=False, choices=choices)


def space(*more: Parameter, wishes: Wishes | None = None) -> list[Dimension]:
    return build_search_space([*weak_cnn(), decay(), *more], wishes=wishes)


def of_decay(dimensions: list[Dimension]) -> list[Dimension]:
    return [one for one in dimensions if one.argument == "learning_rate_decay"]


def curve(values: tuple[float, ...], planned: int, decays: bool = True) -> Curve:
    return Curve(values, tuple(float(epoch) for epoch in range(1, len(values) + 1)), planned, decays=decays)


def test_a_change_reads_well_and_says_where_it_comes_from() -> None:
    dimensions = space()
    (found,) = of_decay(dimensions)
    assert found.choices == ("none", "cosine") and "1608.03983" in found.reason
    point = with_decay(dimensions, own_point(dimensions))
    assert overrides_of(dimensions, point) == {decay().id: "cosine"}
    assert decays_at(dimensions, point) and not decays_at(dimensions, own_point(dimensions))
    label, changes = describe(4, dimensions, point, {one.id: one for one in [*weak_cnn(), decay()]})
    assert label == "trial 4: learning rate decay none -> cosine"
    assert changes == ["task.py:16 learning_rate_decay none -> cosine"]


def test_overrides_tell_which_trial_decays() -> None:
    assert decays_with({decay().id: "cosine"}, [decay()])
    assert not decays_with({}, [decay()])
    assert not decays_with({decay().id: "cosine"}, weak_cnn())


def test_several_optimizers_decay_together() -> None:
    (found,) = of_decay(space(decay(line=20), decay(line=24)))
    assert len(found.parameter_ids) == 3


@pytest.mark.parametrize("name", ["learning_rate_decay", "learning_rate", "task.py:16"])
def test_who_freezes_the_rate_freezes_its_decay(name: str) -> None:
    assert of_decay(space(wishes=Wishes(freeze=[name]))) == []
    assert len(of_decay(space(wishes=Wishes(freeze=["optimizer"])))) == 1


def test_one_recipe_decays_and_none_speaks_of_it_where_it_is_not_offered() -> None:
    dimensions = space()
    found = recipes(dimensions, {})
    assert [one.reason for one in found if decays_at(dimensions, one.point)] == [
        "twice as large, with dropout against overfitting and a learning rate that decays"
    ]
    assert not any("decays" in one.reason for one in recipes(build_search_space(weak_cnn()), {}))


def test_the_second_round_reaches_further_from_the_best_with_a_rate_that_decays(tmp_path: Path) -> None:
    extra = parameter("other", "Conv2D", "extra_layers", 0, 10, explicit=False)
    started = baseline(parameters=[*weak_cnn(), extra, decay()])
    options = {"target": 0.99, "trials_per_round": 4, "epochs": 20, "seed": 1}
    first = plan_round(tmp_path, 1, started, options)
    for trial in first:
        finish(tmp_path, trial["number"], result(0.90 if trial["number"] == 2 else 0.88))
    second = plan_round(tmp_path, 2, started, options)
    assert [trial["reason"] for trial in second[:2]] == [
        "the best configuration so far, twice as large, with a learning rate that decays",
        "the best configuration so far, one layer deeper, with a learning rate that decays",
    ]
    decaying = {Path(folder).name for folder in second[0]["stop_rule"]["decaying"]}
    assert {"004", "005", "006"} <= decaying and not {"001", "002", "003", "baseline"} & decaying


@pytest.mark.parametrize(("decays", "epochs"), [(True, 24), (False, 48)])
def test_a_decay_that_ends_well_is_not_stretched_again_and_again(tmp_path: Path, decays: bool, epochs: int) -> None:
    started = baseline(parameters=[*weak_cnn(), decay()])
    options = {"target": 0.99, "trials_per_round": 4, "seed": 1}
    for number, best_epoch in ((1, 12), (2, 24)):
        for trial in plan_round(tmp_path, number, started, options):
            leads = (decay().id in trial["overrides"]) == decays and trial["epoch_budget"] == best_epoch
            finish(tmp_path, trial["number"], result(0.9 + number / 100 if leads else 0.8, best_epoch=best_epoch))
    assert {trial["epoch_budget"] for trial in plan_round(tmp_path, 3, started, options)} == {epochs}


@pytest.mark.parametrize("recorded", [WIDE, BOLD, SMALL, USUAL])
def test_no_recorded_decay_is_given_up_before_it_has_gained_what_it_does(recorded: tuple[float, ...]) -> None:
    """A leader with a constant rate has reached what this one ends with; a slower clock leaves no time to catch up."""
    final = max(recorded)
    leader = curve((0.88, 0.9, final), 3, decays=False)
    for epochs in range(1, len(recorded)):
        running = curve(recorded[:epochs], len(recorded))
        assert decide(running, [leader], TEN_CLASSES) is None, epochs
    constant = [curve(recorded[:epochs], len(recorded), decays=False) for epochs in range(1, len(recorded))]
    assert any("cannot catch up" in str(decide(one, [leader], TEN_CLASSES)) for one in constant)


def test_a_decay_is_compared_with_the_same_share_of_the_leaders() -> None:
    leader = curve(WIDE, 20)
    slightly_behind = tuple(value - 0.003 for value in WIDE)
    far_behind = tuple(value - 0.012 for value in WIDE)
    for epochs in range(1, 20):
        assert decide(curve(slightly_behind[:epochs], 20), [leader], TEN_CLASSES) is None
    assert "cannot catch up" in str(decide(curve(far_behind[:17], 20), [leader], TEN_CLASSES))


def test_a_plateau_in_the_middle_of_a_decay_is_no_end() -> None:
    flat = (0.80, 0.86, 0.88, 0.89, 0.90, *(0.895,) * 10)
    assert "no better since epoch 5" in str(decide(curve(flat, 20, decays=False), [], TEN_CLASSES))
    assert decide(curve(flat, 20), [], TEN_CLASSES) is None
    assert "no better since epoch 5" in str(decide(curve((*flat, *(0.895,) * 4), 20), [], TEN_CLASSES))


def test_the_stop_rule_tells_which_folders_decay(tmp_path: Path) -> None:
    own, leader = tmp_path / "own", tmp_path / "leader"
    write_curve(own, list(BOLD[:8]), planned=15)
    write_curve(leader, [0.88, 0.90, 0.916], planned=3)
    rule = {**vars(replace(TEN_CLASSES)), "siblings": [str(leader)], "decaying": []}
    assert "cannot catch up" in str(stop_rule({"folder": str(own), "stop_rule": rule}))
    assert stop_rule({"folder": str(own), "stop_rule": {**rule, "decaying": [str(own)]}}) is None
