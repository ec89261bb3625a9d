"""The final model trains as long as the winning trial needed."""

from typing import Any

from pushtune.tuning.final_epochs import with_final_epochs
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


def test_a_script_without_a_known_place_is_only_bounded() -> None:
    assert with_final_epochs(best(), []) == best()


def test_a_model_without_epochs_stays_as_it_is() -> None:
    assert with_final_epochs(best(epochs=None), [epochs()]) == best(epochs=None)
