"""Dimensions: what is in them, what never is, and that every point of them can be used."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tuning.tuning_samples import parameter, weak_cnn

from pushtune.tuning.configurations import overrides_of
from pushtune.tuning.dimensions import Dimension, Point, assign, band_for, own_point
from pushtune.tuning.neighbours import neighbours
from pushtune.tuning.recipes import recipes, spread_out
from pushtune.tuning.search_space import build_search_space, default_epoch_budget
from pushtune_contract.parameters import ROLES, Parameter, Value


def by_role(dimensions: list[Dimension], role: str) -> Dimension:
    return next(dimension for dimension in dimensions if dimension.role == role)


def test_weak_cnn_gives_one_dimension_for_each_value_and_the_most_influential_first() -> None:
    roles = [dimension.role for dimension in build_search_space(weak_cnn())]
    assert roles == [
        "optimizer", "learning_rate", "batch_size", "filters", "units", "dropout", "activation", "kernel_size",
        "epochs",
    ]


@pytest.mark.parametrize(
    ("role", "choices"),
    [
        ("filters", (8, 12, 16, 24, 32, 48, 64)),
        ("units", (32, 48, 64, 96, 128, 192, 256)),
        ("batch_size", (32, 64, 128, 256)),
        ("kernel_size", (3, 5)),
        ("activation", ("relu", "gelu", "silu", "elu", "tanh")),
        ("optimizer", ("adadelta", "adam", "rmsprop", "adamw", "nadam")),
    ],
)
def test_ranges_are_relative_to_the_script(role: str, choices: tuple[Value, ...]) -> None:
    assert by_role(build_search_space(weak_cnn(), train_samples=48_000), role).choices == choices


def test_learning_rate_follows_the_optimizer() -> None:
    dimensions = build_search_space(weak_cnn())
    rate, optimizer = by_role(dimensions, "learning_rate"), by_role(dimensions, "optimizer")
    assert rate.optimizer == optimizer.key
    assert band_for(rate, {optimizer.key: "adam"}).high == 0.005
    assert band_for(rate, {optimizer.key: "adadelta"}).high == 2.0


def test_small_rate_that_the_script_gives_itself_stays_possible() -> None:
    fine_tuning = [
        parameter("optimizer", "compile", "optimizer", "adam", 5),
        parameter("learning_rate", "Adam", "learning_rate", 1e-5, 5),
    ]
    rate = by_role(build_search_space(fine_tuning), "learning_rate")
    assert band_for(rate, {}).low == 1e-5


def test_each_learning_rate_belongs_to_the_optimizer_written_next_to_it() -> None:
    two_phases = [
        parameter("optimizer", "compile", "optimizer", "sgd", 5),
        parameter("learning_rate", "SGD", "learning_rate", 0.01, 5),
        parameter("optimizer", "compile", "optimizer", "adam", 25),
        parameter("learning_rate", "Adam", "learning_rate", 0.001, 24),
    ]
    rates = [dimension for dimension in build_search_space(two_phases) if dimension.role == "learning_rate"]
    assert [rate.own_optimizer for rate in rates] == ["sgd", "adam"]


def test_rate_of_an_optimizer_that_cannot_be_changed_has_its_own_band() -> None:
    fixed = [
        parameter("optimizer", "compile", "optimizer", "sgd", 5, tunable=False),
        parameter("learning_rate", "SGD", "learning_rate", 0.01, 5),
    ]
    dimensions = build_search_space(fixed)
    assert [dimension.role for dimension in dimensions] == ["learning_rate"]
    assert dimensions[0].optimizer is None
    assert band_for(dimensions[0], {}).high == 0.3


def test_a_rate_does_not_follow_an_optimizer_that_is_not_varied() -> None:
    tied = [
        parameter("optimizer", "compile", "optimizer", "adam", 5, group="both"),
        parameter("optimizer", "compile", "optimizer", "adam", 6, group="both", tunable=False),
        parameter("learning_rate", "Adam", "learning_rate", 0.001, 5),
    ]
    dimensions = build_search_space(tied)
    assert [(dimension.role, dimension.optimizer) for dimension in dimensions] == [("learning_rate", None)]


def test_tied_values_share_a_dimension_and_one_frozen_member_freezes_all() -> None:
    tied = [parameter("filters", "Conv2D", "filters", 32, line, group="residual") for line in (3, 5, 9)]
    dimensions = build_search_space(tied)
    assert [dimension.key for dimension in dimensions] == ["residual"]
    assert set(assign(dimensions[0], 64).values()) == {64}
    assert len(assign(dimensions[0], 64)) == 3
    frozen = [*tied, parameter("filters", "Conv2D", "filters", 32, 11, group="residual", tunable=False)]
    assert build_search_space(frozen) == []


def test_tied_values_that_differ_are_left_alone() -> None:
    contradiction = [parameter("units", "Dense", "units", width, width, group="same") for width in (32, 64)]
    assert build_search_space(contradiction) == []


def test_many_layers_are_scaled_by_one_factor() -> None:
    layers = [parameter("filters", "Conv2D", "filters", width, width) for width in (16, 32, 64, 200)]
    dimensions = build_search_space(layers)
    assert [dimension.key for dimension in dimensions] == ["all filters"]
    assert list(assign(dimensions[0], 2.0).values()) == [32, 64, 128, 200]
    assert list(assign(dimensions[0], 1.0).values()) == [16, 32, 64, 200]
    assert list(assign(dimensions[0], 0.5).values()) == [8, 16, 32, 96]


def test_many_equal_dropouts_are_varied_together_and_different_ones_apart() -> None:
    layers = [parameter("dropout", "Dropout", "rate", rate, line) for line, rate in enumerate((0.2, 0.2, 0.5, 0.2), 3)]
    dimensions = build_search_space(layers)
    assert sorted(len(dimension.parameter_ids) for dimension in dimensions) == [1, 3]


def test_activations_are_varied_together() -> None:
    layers = [parameter("activation", "Dense", "activation", "relu", line) for line in (3, 4)]
    dimensions = build_search_space(layers)
    assert [dimension.key for dimension in dimensions] == ["all activation relu"]
    assert set(assign(dimensions[0], "tanh").values()) == {"tanh"}


def test_a_step_to_another_optimizer_takes_a_rate_that_suits_it() -> None:
    dimensions = build_search_space(weak_cnn())
    rate, optimizer = by_role(dimensions, "learning_rate"), by_role(dimensions, "optimizer")
    bold = {**own_point(dimensions), optimizer.key: "sgd", rate.key: 0.168}
    found = neighbours(dimensions, bold, [], 200, 1)
    rates = [float(one.point[rate.key]) for one in found if one.point[optimizer.key] == "adam"]
    assert rates
    assert max(rates) <= 0.005


def test_a_step_at_the_end_of_a_range_is_no_new_configuration() -> None:
    found = [parameter("filters", "Conv2D", "filters", 16, 3), parameter("epochs", "fit", "epochs", 1, 4)]
    dimensions = build_search_space(found)
    point = {**own_point(dimensions), dimensions[0].key: 64}
    known = {**point, dimensions[0].key: 48}
    assert neighbours(dimensions, point, [known], 5, 1) == []


def test_recurrent_layers_keep_their_activation_and_a_bounded_width() -> None:
    layers = [parameter("units", "LSTM", "units", 128, 3), parameter("activation", "LSTM", "activation", "tanh", 3)]
    dimensions = build_search_space(layers)
    assert [dimension.role for dimension in dimensions] == ["units"]
    assert max(int(choice) for choice in dimensions[0].choices) == 256


def test_few_samples_bound_the_batch_size() -> None:
    few = by_role(build_search_space(weak_cnn(), train_samples=1_150), "batch_size")
    assert few.choices == (32, 128)


@pytest.mark.parametrize(("own", "budget"), [(1, 12), (5, 15), (10, 30), (30, 60), (100, 100)])
def test_default_epoch_budget(own: int, budget: int) -> None:
    assert default_epoch_budget(own) == budget


def test_short_epochs_raise_the_default_budget_to_what_a_start_costs() -> None:
    assert default_epoch_budget(5, 0.06) == 100
    assert default_epoch_budget(5, 0.5) == 40
    assert default_epoch_budget(5, 30.0) == 15
    assert default_epoch_budget(200, 0.06) == 200


def test_epochs_of_several_fits_grow_by_the_same_factor() -> None:
    phases = [parameter("epochs", "fit", "epochs", 5, 3), parameter("epochs", "fit", "epochs", 10, 9)]
    epochs = by_role(build_search_space(phases, epoch_budget=30), "epochs")
    assert list(assign(epochs, 30).values()) == [15, 30]
    assert list(assign(epochs, 10).values()) == [5, 10]


def test_layers_that_the_script_lacks_are_offered_together() -> None:
    owners = ("Conv2D", "Conv2D", "Flatten", "Dense")
    dropouts = [parameter("dropout", owner, "added_dropout", 0.0, line) for line, owner in enumerate(owners)]
    layers = [
        parameter("other", owner, "extra_layers", 0, line) for line, owner in enumerate(owners) if owner != "Flatten"
    ]
    dimensions = {dimension.key: dimension for dimension in build_search_space([*dropouts, *layers])}
    assert dimensions["all added_dropout of convolutions 0.0"].high == 0.3
    assert dimensions["all added_dropout of dense layers 0.0"].high == 0.5
    assert dimensions["all extra_layers of convolutions 0"].choices == (0, 1)
    assert dimensions["task.py:3:4#0.Dense.extra_layers"].choices == (0, 1, 2)
    found = recipes(list(dimensions.values()), {})
    assert ["deeper" in one.reason for one in found] == [False, True]


def test_epochs_are_not_sampled_and_a_wish_bounds_them() -> None:
    epochs = by_role(build_search_space(weak_cnn(), epoch_budget=7), "epochs")
    assert not epochs.sampled
    assert (epochs.low, epochs.high, epochs.current) == (1, 7, 1)


def test_classical_models_have_ranges_by_argument() -> None:
    forest = [
        parameter("other", "RandomForestClassifier", "n_estimators", 10, 3),
        parameter("other", "RandomForestClassifier", "max_depth", 4, 3),
        parameter("other", "SVC", "C", 1.0, 4),
        parameter("other", "SVC", "verbose", 2, 4),
        parameter("other", "SVC", "kernel", "rbf", 4, choices=["rbf", "poly"]),
        parameter("other", "SVC", "decision_function_shape", "ovr", 4, choices=["ovr", "ovr"]),
    ]
    dimensions = {dimension.key.rsplit(".", 1)[-1]: dimension for dimension in build_search_space(forest)}
    assert set(dimensions) == {"n_estimators", "max_depth", "C", "kernel"}
    assert dimensions["n_estimators"].choices == (5, 8, 10, 14, 22, 37, 61, 100)
    largest = recipes(list(dimensions.values()), {})[0].point
    assert [largest[dimensions[name].key] for name in ("n_estimators", "max_depth", "C")] == [100, 20, 1.0]
    assert (dimensions["C"].low, dimensions["C"].high, dimensions["C"].log) == (0.01, 100.0, True)


VALUES = st.one_of(
    st.booleans(), st.integers(-10, 5000), st.just(10**30), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["adam", "Adadelta", "relu", "softmax", "rbf", "\n{{ x }}"]),
)
ARGUMENTS = st.sampled_from(["filters", "rate", "C", "n_estimators", "momentum", "alpha", "max_iter", "whatever"])


@st.composite
def any_parameters(draw: Any) -> list[Parameter]:
    """Parameters as a hostile or strange script may report them."""
    found = []
    for line in range(draw(st.integers(1, 14))):
        role = draw(st.sampled_from(ROLES))
        choices = draw(st.lists(st.sampled_from(["adam", "sgd", "relu", "tanh"]), max_size=3))
        group = draw(st.sampled_from([None, None, "g1", "g2"]))
        more = {"tunable": draw(st.booleans()), "group": group, "choices": choices}
        owner = draw(st.sampled_from(["Dense", "LSTM", "Adam", "fit"]))
        found.append(parameter(role, owner, draw(ARGUMENTS), draw(VALUES), line, explicit=draw(st.booleans()), **more))
    return found


def check_point(dimensions: list[Dimension], point: Point) -> None:
    for dimension in dimensions:
        value = point[dimension.key]
        if value == dimension.current:
            continue
        if dimension.choices:
            assert value in dimension.choices
        elif dimension.role == "learning_rate":
            band = band_for(dimension, point)
            assert band.low <= float(value) <= band.high
        else:
            assert dimension.low <= float(value) <= dimension.high
        if dimension.kind == "int":
            assert type(value) is int


@settings(max_examples=150)
@given(any_parameters(), st.integers(0, 10_000))
def test_every_suggestion_lies_in_its_range_and_leaves_frozen_values_alone(found: list[Parameter], seed: int) -> None:
    dimensions = build_search_space(found, train_samples=1000)
    known = {entry.id: entry for entry in found}
    candidates = [*recipes(dimensions, known), *spread_out(dimensions, 4, seed)]
    candidates += neighbours(dimensions, own_point(dimensions), [], 4, seed)
    for candidate in candidates:
        check_point(dimensions, candidate.point)
        overrides = overrides_of(dimensions, candidate.point)
        assert all(known[identity].tunable for identity in overrides)
        for name in ("g1", "g2"):
            tied = {overrides.get(entry.id) for entry in found if entry.group == name}
            assert len(tied) <= 1


@given(any_parameters())
def test_own_values_need_no_override(found: list[Parameter]) -> None:
    dimensions = build_search_space(found)
    assert overrides_of(dimensions, own_point(dimensions)) == {}


def test_boosting_has_learning_rates_of_its_own() -> None:
    boosting = [parameter("learning_rate", "GradientBoostingClassifier", "learning_rate", 0.1, 3)]
    dimensions = build_search_space(boosting)
    assert (dimensions[0].low, dimensions[0].high) == (0.01, 1.0)


def test_an_endless_id_is_left_out() -> None:
    assert build_search_space([parameter("units", "Dense", "u" * 1000, 64, 3)]) == []
