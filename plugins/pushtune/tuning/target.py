"""Which value an objective has to reach, and which of two is better."""

from pushtune.errors import InvalidTuningOption
from pushtune_contract.result import Objective

DEFAULT_TARGET = 0.85

# Shares of right answers and their kin: maximised, between 0 and 1, so that one default target makes sense for all.
ACCURACY_LIKE = frozenset({
    "acc", "accuracy", "auc", "average_precision", "balanced_accuracy", "binary_accuracy", "categorical_accuracy",
    "dice", "f1", "f1_macro", "f1_micro", "f1_score", "f1_weighted", "iou", "jaccard", "mean_io_u", "precision",
    "recall", "roc_auc", "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy", "top_k_accuracy",
    "top_k_categorical_accuracy",
})


def resolve_target(objective: Objective, wished: float | None) -> float | None:
    """Return the value that the objective has to reach.

    ``wished`` wins. Without it an accuracy-like metric gets ``DEFAULT_TARGET``; any other metric (a loss, an error in
    the unit of the data) has no natural threshold and gets None: then the budget alone ends the tuning.

    Raises:
        InvalidTuningOption: no accuracy can ever have the wished value: 90 is written, and 0.9 is meant.
    """
    is_share = is_accuracy_like(objective.metric, objective.direction)
    if wished is None:
        return DEFAULT_TARGET if is_share else None
    if is_share and not 0.0 <= wished <= 1.0:
        raise InvalidTuningOption(
            f"The target of {objective.metric} must lie between 0 and 1.", f"{wished:g}",
            "Write a share, such as 0.9 for 90 %, in config/watched_repositories.yaml, or in the configuration that "
            "the run was started with.",
        )
    return float(wished)


def is_accuracy_like(metric: str, direction: str) -> bool:
    """Return whether ``metric`` is maximised and lies between 0 and 1."""
    return direction == "maximize" and metric.lower() in ACCURACY_LIKE


def is_better(value: float | None, other: float | None, direction: str) -> bool:
    """Return whether ``value`` is strictly better than ``other``; any value is better than none."""
    if value is None:
        return False
    if other is None:
        return True
    return value > other if direction == "maximize" else value < other


def worst_first(value: float, direction: str) -> float:
    """Return a sort key by which better values come later, whatever the direction."""
    return value if direction == "maximize" else -value
