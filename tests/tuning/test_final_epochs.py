"""The final model trains as long as the winning trial needed."""

from dataclasses import replace
from typing import Any

import pytest

from pushtune.tuning.final_epochs import with_final_epochs
from pushtune.wishes import Wishes
from pushtune_contract.parameters import Parameter


def epochs(line: int = 9, value: int = 5) -> Parameter:
    return Parameter(f"t.py:{line}:0#0.fit.epochs", "epochs", "fit", "epochs", value, True, "t.py", line, 0)


def best(**changed: Any) -> dict[str, Any]:
    document = {"epochs": 18, "overrides": {epochs().id: 41, "other": 1}, "changes": ["other", "t.py:9 epochs 5 -> 41"]}
    return {**document, **changed}


def test_the_best_epoch_replaces_the_planned_number() -> None:
    final = with_final_epochs(best(), [epochs()])
    assert final["overrides"] == {"other": 1, epochs().id: 18}
    assert final["changes"] == ["other", "t.py:9 epochs 5 -> 18"]


def test_no_change_is_told_where_the_script_already_says_so() -> None:
    final = with_final_epochs(best(epochs=5), [epochs()])
    assert (final["overrides"], final["changes"]) == ({"other": 1}, ["other"])


def test_a_script_that_fits_twice_keeps_the_epochs_of_the_trial() -> None:
    final = with_final_epochs(best(), [epochs(), epochs(line=12)])
    assert final["epochs"] is None and final["overrides"] == best()["overrides"]


@pytest.mark.parametrize("name", ["epochs", "t.py:9"])
def test_frozen_epochs_are_those_of_the_final_training(name: str) -> None:
    found = best(overrides={"other": 1}, changes=["other"])
    assert with_final_epochs(found, [epochs()], Wishes(freeze=[name])) == {**found, "epochs": None}
    assert with_final_epochs(found, [epochs()], Wishes(freeze=["batch_size"]))["overrides"][epochs().id] == 18


def test_epochs_that_cannot_change_are_those_of_the_final_training() -> None:
    found = best(overrides={"other": 1}, changes=["other"])
    assert with_final_epochs(found, [replace(epochs(), tunable=False)]) == {**found, "epochs": None}


def test_a_script_without_a_known_place_is_only_bounded() -> None:
    assert with_final_epochs(best(), []) == best()


def test_a_model_without_epochs_stays_as_it_is() -> None:
    assert with_final_epochs(best(epochs=None), [epochs()]) == best(epochs=None)


DECAY = Parameter(
    "t.py:8:0#0.compile.learning_rate_decay", "other", "compile", "learning_rate_decay", "none", False, "t.py", 8, 0,
    choices=["none", "cosine"],
)


@pytest.mark.parametrize(("best_epoch", "final"), [(41, 41), (22, 41), (20, 20), (1, 1)])
def test_a_rate_that_decays_keeps_the_epochs_that_it_was_planned_for(best_epoch: int, final: int) -> None:
    decayed = best(epochs=best_epoch)
    decayed["overrides"][DECAY.id] = "cosine"
    assert with_final_epochs(decayed, [DECAY, epochs()]) == {**decayed, "epochs": final}


def test_the_own_epochs_of_a_script_are_what_a_rate_decays_over() -> None:
    decayed = best(epochs=4, overrides={DECAY.id: "cosine"}, changes=[])
    assert with_final_epochs(decayed, [epochs(), DECAY]) == {**decayed, "epochs": 5}


def test_a_constant_rate_is_offered_and_changes_nothing() -> None:
    assert with_final_epochs(best(), [DECAY, epochs()])["overrides"][epochs().id] == 18
