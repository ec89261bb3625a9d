import math

import pytest

from pushtune_runtime.objective_choice import chance_of, choose, direction_of, finite


@pytest.mark.parametrize(
    ("names", "wanted", "metric", "log_name"),
    [
        (["val_loss", "val_accuracy"], None, "accuracy", "val_accuracy"),
        (["val_loss", "val_acc"], None, "accuracy", "val_acc"),
        (["val_loss", "val_sparse_categorical_accuracy"], None, "accuracy", "val_sparse_categorical_accuracy"),
        (["val_loss", "val_top_k_categorical_accuracy"], None, "loss", "val_loss"),
        (["val_auc_3", "val_loss"], None, "auc", "val_auc_3"),
        (["val_AUC", "val_loss"], None, "auc", "val_AUC"),
        (["val_loss", "val_mae"], None, "loss", "val_loss"),
        (["val_loss", "val_mae"], "mae", "mae", "val_mae"),
        (["val_loss", "val_accuracy"], "loss", "loss", "val_loss"),
        (["val_head_accuracy", "val_loss"], "accuracy", "head_accuracy", "val_head_accuracy"),
        (["val_loss", "val_mae"], "recall", "loss", "val_loss"),
        (["val_mine"], None, "mine", "val_mine"),
    ],
)
def test_the_preferred_metric(names: "list[str]", wanted: "str | None", metric: str, log_name: str) -> None:
    chosen = choose(names, wanted)
    assert chosen is not None
    assert (chosen.metric, chosen.log_name) == (metric, log_name)


def test_nothing_to_choose_from() -> None:
    assert choose([]) is None


@pytest.mark.parametrize("metric", ["accuracy", "head_accuracy", "auc", "f1", "f1_score", "r2", "cosine_similarity"])
def test_scores_rise(metric: str) -> None:
    assert direction_of(metric) == "maximize"


@pytest.mark.parametrize("metric", ["loss", "mae", "mse", "root_mean_squared_error", "kullback_leibler_divergence"])
def test_errors_fall(metric: str) -> None:
    assert direction_of(metric) == "minimize"


def test_only_finite_numbers_are_reported() -> None:
    assert finite({"a": 1, "b": math.nan, "c": math.inf, "d": [1, 2], "e": "x"}) == {"a": 1.0}  # type: ignore[dict-item]


def test_chance() -> None:
    assert chance_of("accuracy", 0.1) == 0.1
    assert chance_of("auc", 0.1) == 0.5
    assert chance_of("loss", 0.1) is None


def test_a_metric_that_is_named_exactly_comes_before_one_that_ends_so() -> None:
    chosen = choose(["val_a_loss", "val_b_loss", "val_loss"], "loss")
    assert chosen is not None and chosen.log_name == "val_loss"
    assert choose(["a_loss", "b_loss"]) is None, "of two losses alone, none is the model's"
    chosen = choose(["a_loss", "b_loss"], "b_loss")
    assert chosen is not None and chosen.log_name == "b_loss"
    chosen = choose(["total_loss", "kl_loss"])
    assert chosen is not None and chosen.log_name == "total_loss"


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("mean_io_u", "maximize"), ("psnr", "maximize"), ("cohen_kappa", "maximize"),
        ("explained_variance", "maximize"), ("brier_score", "minimize"), ("mean_absolute_error", "minimize"),
        ("kl_divergence", "minimize"), ("f1_score", "maximize"), ("recall_at_precision", "maximize"),
    ],
)  # fmt: skip
def test_the_direction_of_more_metrics(metric: str, direction: str) -> None:
    assert direction_of(metric) == direction
