"""Chooses the number that trials are ranked by, out of the metrics that a script happens to report."""

import math
import re
from dataclasses import dataclass
from typing import Dict, List, Optional

MAXIMIZED = (
    "accuracy", "acc", "auc", "f1", "precision", "recall", "specificity", "sensitivity", "r2", "iou", "dice", "jaccard",
    "score", "similarity", "psnr", "ssim", "kappa", "mcc", "matthews", "correlation", "ndcg", "mrr", "bleu", "variance",
)  # fmt: skip
MINIMIZED = ("loss", "error", "brier", "divergence", "crossentropy", "perplexity")  # stronger: a brier_score is one
# In the order of preference; a name matches as a whole word between underscores.
ACCURACIES = ("accuracy", "acc")
PREFERRED = (*ACCURACIES, "auc", "f1", "r2")
WHOLE_LOSSES = ("loss", "total_loss")
_NUMBERED = re.compile(r"_\d+$")


@dataclass(frozen=True)
class Chosen:
    """The objective: ``metric`` is its plain name, ``log_name`` the key in Keras' logs."""

    metric: str
    log_name: str
    direction: str


def choose(names: List[str], wanted: Optional[str] = None, classes: bool = True) -> Optional[Chosen]:
    """Return the objective among the names of metrics, all of them either with or without ``val_``.

    A metric that the request names wins; then accuracy, AUC, F1, R2; then the loss. None for an empty list, and where
    several losses work against each other, as in a GAN: the best of one is not the best of the other.

    Args:
        classes: the targets can be classes; otherwise an accuracy says nothing.
    """
    if wanted:
        for name in sorted(names, key=lambda name: plain_name(name) != wanted):
            if plain_name(name) == wanted or plain_name(name).endswith("_" + wanted):
                return _chosen(name)
    for preferred in PREFERRED if classes else (word for word in PREFERRED if word not in ACCURACIES):
        for name in names:
            if _has_word(plain_name(name), preferred) and not _has_word(plain_name(name), "top"):
                return _chosen(name)
    for name in names:
        if plain_name(name) in WHOLE_LOSSES:
            return _chosen(name)
    return _chosen(names[0]) if names and not has_rival_losses(names) else None


def has_rival_losses(names: List[str]) -> bool:
    """Return whether there are several losses and none of all together."""
    losses = [name for name in names if _has_word(plain_name(name), "loss")]
    return len(losses) > 1 and not any(plain_name(name) in WHOLE_LOSSES for name in losses)


def direction_of(metric: str) -> str:
    """Return ``maximize`` for scores and ``minimize`` for losses and errors."""
    if any(_has_word(metric, word) for word in MINIMIZED):
        return "minimize"
    return "maximize" if "io_u" in metric or any(_has_word(metric, word) for word in MAXIMIZED) else "minimize"


def better(direction: str, value: float, other: float) -> bool:
    """Return whether ``value`` beats ``other``."""
    return value > other if direction == "maximize" else value < other


def finite(metrics: Dict[str, float]) -> Dict[str, float]:
    """Return the entries of ``metrics`` that are finite numbers, as plain floats."""
    kept = {}
    for name, value in metrics.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            continue
        if math.isfinite(number):
            kept[str(name)] = number
    return kept


def chance_of(metric: str, chance_accuracy: Optional[float]) -> Optional[float]:
    """Return what guessing reaches: the share of the most frequent label for accuracy, 0.5 for AUC; None if unknown."""
    if _has_word(metric, "auc"):
        return 0.5
    if _has_word(metric, "accuracy") or _has_word(metric, "acc"):
        return chance_accuracy
    return None


def _chosen(name: str) -> Chosen:
    return Chosen(plain_name(name), name, direction_of(plain_name(name)))


def plain_name(name: str) -> str:
    """Return a metric's common name: without ``val_``, number of the instance, capitals, and kind of accuracy."""
    plain = _NUMBERED.sub("", name[4:] if name.startswith("val_") else name).lower()
    return {"acc": "accuracy", "sparse_categorical_accuracy": "accuracy", "categorical_accuracy": "accuracy",
            "binary_accuracy": "accuracy"}.get(plain, plain)  # fmt: skip


def _has_word(name: str, word: str) -> bool:
    return word in name.split("_")
