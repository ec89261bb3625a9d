"""Wishes of a repository's author: frozen values stay, narrowed ones keep to their range, added ones are varied."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tuning.tuning_samples import parameter, weak_cnn

from pushtune.tuning.configurations import describe, overrides_of
from pushtune.tuning.dimensions import Dimension, Point, own_point
from pushtune.tuning.neighbours import neighbours
from pushtune.tuning.recipes import recipes, spread_out
from pushtune.tuning.search_space import build_search_space
from pushtune.tuning.wished_ranges import FROZEN, heeded, unheeded
from pushtune.wishes import Wishes
from pushtune_contract.parameters import Parameter, Value

UNITS = "task.py:12:4#0.Dense.units"


def space(parameters: list[Parameter] | None = None, **wishes: Any) -> list[Dimension]:
    return build_search_space(parameters or weak_cnn(), wishes=Wishes(**wishes))


def tried(dimensions: list[Dimension], parameters: list[Parameter]) -> list[dict[str, Value]]:
    """Return the overrides of everything that trials may begin with."""
    points: list[Point] = [one.point for one in recipes(dimensions, {one.id: one for one in parameters})]
    points += [one.point for one in spread_out(dimensions, 12, seed=1)]
    points += [one.point for point in points[:3] for one in neighbours(dimensions, point, [], 8, seed=2)]
    return [overrides_of(dimensions, point) for point in points]


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("batch_size", "fit.batch_size"), ("rate", "Dropout.rate"), ("filters", "Conv2D.filters"),
        ("task.py:13", "Dropout.rate"), ("task.py:10 kernel_size", "Conv2D.kernel_size"), ("epochs", "fit.epochs"),
    ],
)  # fmt: skip
def test_what_is_frozen_is_never_varied(name: str, left_out: str) -> None:
    varied = {identity for dimension in space(freeze=[name]) for identity in dimension.parameter_ids}
    usual = {identity for dimension in space() for identity in dimension.parameter_ids}
    assert {identity.split(".", 2)[2] for identity in usual - varied} == {left_out}


def test_a_line_freezes_all_that_is_written_in_it() -> None:
    parameters, _ = heeded(weak_cnn(), Wishes(freeze=["task.py:10"]))
    assert [one.argument for one in parameters if one.reason == FROZEN] == ["filters", "kernel_size", "activation"]


@pytest.mark.parametrize(
    ("name", "values", "argument"),
    [
        ("learning_rate", [0.0001, 0.0005], "learning_rate"),  # below the usual band of every optimizer
        ("learning_rate", [0.5, 2.0], "learning_rate"),
        ("units", [100, 300], "units"),  # leaves out the script's own 64
        ("task.py:13 rate", [0.0, 0.1], "rate"),
        ("activation", ["gelu", "tanh"], "activation"),
        ("optimizer", ["adam", "sgd"], "optimizer"),
        ("batch_size", [16, 48], "batch_size"),
        ("epochs", [2, 5], "epochs"),
    ],
)
def test_no_trial_leaves_a_narrowed_range(name: str, values: list[Value], argument: str) -> None:
    parameters = weak_cnn()
    dimensions = space(narrow={name: values})
    seen = [
        value for overrides in tried(dimensions, parameters) for key, value in overrides.items()
        if key.endswith("." + argument)
    ]  # fmt: skip
    assert seen
    inside = [value in values if isinstance(value, str) else values[0] <= value <= values[1] for value in seen]  # type: ignore[operator]
    assert all(inside), seen


def test_an_own_value_outside_of_the_range_is_replaced_in_every_trial() -> None:
    dimensions = space(narrow={"units": [100, 300]})
    point = own_point(dimensions)
    assert overrides_of(dimensions, point) == {UNITS: 100}
    label, changes = describe(3, dimensions, point, {one.id: one for one in weak_cnn()})
    assert "100" in label
    assert changes == ["task.py:12 units 64 -> 100"]


def test_a_narrowed_width_is_not_merged_with_the_others() -> None:
    widths = [parameter("units", "Dense", "units", 64, line) for line in (1, 2, 3, 4)]
    keys = {dimension.key for dimension in space(widths, narrow={"task.py:3": [32, 128]})}
    assert keys == {"all units", "task.py:3:4#0.Dense.units"}


def test_what_would_be_left_alone_can_be_added() -> None:
    strange = parameter("other", "Flatten", "stride", 4, 20)
    fixed = parameter("units", "Dense", "units", 10, 14, tunable=False, reason="sets the shape of the output")
    assert space([strange, fixed]) == []
    added = space([strange, fixed], add={"stride": [2, 8], "task.py:14": [5, 20]})
    assert {dimension.argument: dimension.choices for dimension in added} == {
        "stride": (2, 3, 4, 5, 6, 8), "units": (5, 8, 10, 16, 20),
    }  # fmt: skip


def test_the_person_who_starts_a_run_has_the_last_word_about_epochs() -> None:
    dimensions = build_search_space(weak_cnn(), epoch_budget=3, wishes=Wishes(narrow={"epochs": [2, 50]}))
    assert [dimension.high for dimension in dimensions if dimension.role == "epochs"] == [3]


def test_a_wish_without_effect_is_told() -> None:
    wishes = Wishes(
        freeze=["momentum"],
        narrow={"task.py:99": [1, 2], "units": ["a", "b"], "task.py:14": [5, 20], "filters": [8, 16]},
        add={"nothing": [1, 2]},
    )
    parameters = [one for one in weak_cnn() if one.line not in (12,)]
    assert unheeded(parameters, wishes, build_search_space(parameters, wishes=wishes)) == [
        "pushtune.yaml: freeze: 'momentum' names no value that the script passes to its library",
        "pushtune.yaml: narrow: 'task.py:99' names no value that the script passes to its library",
        "pushtune.yaml: narrow: 'units' is not varied: output layer",
        "pushtune.yaml: narrow: 'task.py:14' is not varied: output layer",
        "pushtune.yaml: add: 'nothing' names no value that the script passes to its library",
    ]


def test_numbers_that_yaml_takes_for_texts_are_a_range() -> None:
    dimensions = space(narrow={"learning_rate": ["1e-5", "1e-4"]})
    rate = next(one for one in dimensions if one.role == "learning_rate")
    assert (rate.low, rate.high, rate.wished) == (1e-5, 1e-4, True)


@pytest.mark.parametrize(
    ("role", "argument", "own"), [("other", "C", 1), ("other", "unknown", 1), ("dropout", "rate", 0)]
)
def test_a_range_of_fractions_holds_for_a_continuous_argument_that_is_written_as_a_whole_number(
    role: str, argument: str, own: int
) -> None:
    parameters = [parameter(role, "SVC", argument, own, 4)]
    wishes = Wishes(add={argument: [0.01, 0.5]})
    dimensions = build_search_space(parameters, wishes=wishes)
    assert [(one.kind, one.low, one.high) for one in dimensions] == [("float", 0.01, 0.5)]
    assert unheeded(parameters, wishes, dimensions) == []


def test_each_value_that_a_range_does_not_fit_is_told() -> None:
    parameters = [
        parameter("other", "SVC", "gamma", 0.1, 3), parameter("other", "SVC", "gamma", "scale", 4),
        parameter("batch_size", "fit", "batch_size", 32, 5), parameter("other", "Forest", "max_depth", 4, 6),
    ]  # fmt: skip
    wishes = Wishes(narrow={"gamma": [0.01, 1.0], "batch_size": [0.5, 64], "max_depth": [2.0, 4.0]})
    dimensions = build_search_space(parameters, wishes=wishes)
    assert [one.choices for one in dimensions if one.argument == "max_depth"] == [(2, 3, 4)]
    assert unheeded(parameters, wishes, dimensions) == [
        "pushtune.yaml: narrow: 'gamma' is not varied: 'scale' at task.py:4 is of another kind than [0.01, 1.0]",
        "pushtune.yaml: narrow: 'batch_size' keeps its usual range: 32 at task.py:5 is a whole number, which [0.5, 64] "
        "are not",
    ]


@pytest.mark.parametrize("role", ["batch_size", "units", "filters", "kernel_size", "epochs"])
def test_there_is_no_batch_layer_or_training_of_size_0(role: str) -> None:
    wishes = Wishes(narrow={role: [0, 64]})
    dimensions = space(narrow={role: [0, 64]})
    assert dimensions == space()
    told = unheeded(weak_cnn(), wishes, dimensions)[0]
    assert f"{role!r} keeps its usual range: " in told
    assert told.endswith("is at least 1, which 0 is not")


def test_the_output_layer_is_no_fault_of_a_wish_for_all_widths_but_a_frozen_value_is() -> None:
    wishes = Wishes(narrow={"units": [16, 64], "rate": [0.1, 0.2]}, freeze=["dropout"])
    assert unheeded(weak_cnn(), wishes, build_search_space(weak_cnn(), wishes=wishes)) == [
        "pushtune.yaml: narrow: 'rate' is not varied: frozen in pushtune.yaml"
    ]


@settings(max_examples=60)
@given(
    low=st.floats(1e-6, 1.0), factor=st.floats(1.01, 1e4), width=st.integers(1, 300), more=st.integers(1, 500),
    seed=st.integers(0, 50),
)  # fmt: skip
def test_any_range_can_be_used(low: float, factor: float, width: int, more: int, seed: int) -> None:
    wishes = {"learning_rate": [low, low * factor], "units": [width, width + more]}
    dimensions = space(narrow=wishes)
    for candidate in spread_out(dimensions, 4, seed):
        for key, value in overrides_of(dimensions, candidate.point).items():
            for name, (lowest, highest) in wishes.items():
                if key.endswith("." + name):
                    assert lowest <= float(value) <= highest
