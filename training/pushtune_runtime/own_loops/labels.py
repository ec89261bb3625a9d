"""Reads what a name of the script's own says: which metric, and on which part of the data."""

import re
from dataclasses import dataclass
from typing import Optional, Tuple

VALIDATION, TEST, UNNAMED, TRAINING = "validation", "test", "", "training"
PARTS = (VALIDATION, TEST, UNNAMED, TRAINING)  # in the order of preference
_PART_WORDS = {
    "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "vali": VALIDATION, "dev": VALIDATION,
    "holdout": VALIDATION, "test": TEST, "testing": TEST, "tst": TEST, "train": TRAINING, "training": TRAINING,
    "trn": TRAINING,
}  # fmt: skip
_METRIC_WORDS = {
    "accuracy": "accuracy", "acc": "accuracy", "auc": "auc", "auroc": "auc", "f1": "f1", "precision": "precision",
    "recall": "recall", "r2": "r2", "mae": "mae", "mse": "mse", "rmse": "rmse", "loss": "loss", "iou": "iou",
    "dice": "dice", "mape": "mape", "logloss": "loss",
}  # fmt: skip
_METRIC_PHRASES = {
    ("mean", "absolute", "error"): "mae", ("mean", "squared", "error"): "mse", ("root", "mse"): "rmse",
    ("root", "mean", "squared", "error"): "rmse", ("mean", "absolute", "percentage", "error"): "mape",
    ("mean", "io", "u"): "iou", ("roc", "auc"): "auc", ("r", "squared"): "r2", ("log", "loss"): "loss",
    ("balanced", "accuracy"): "balanced_accuracy", ("f", "score"): "f1", ("f1", "score"): "f1",
}  # fmt: skip
LONGEST_PHRASE = max(len(phrase) for phrase in _METRIC_PHRASES)
# The number beside such a word is not what the model reaches now, or not the whole of it.
_DISTURBING = frozenset({
    "target", "goal", "threshold", "required", "expected", "chance", "random", "majority", "dummy", "std", "stddev",
    "previous", "prev", "old", "delta", "change", "improvement", "improved", "gain", "min", "max", "rate", "patience",
    "time", "weight", "top", "class", "wait", "last", "initial", "best", "until", "stop", "smoothing", "discriminator",
    "fake", "real", "dropout", "batch", "step", "iteration", "iter", "kl",
})  # fmt: skip
_SHARES = frozenset({
    "accuracy", "balanced_accuracy", "auc", "f1", "precision", "recall", "iou", "dice",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z]+[0-9]?|[A-Z]+[0-9]?(?![a-z])|[0-9]+")


@dataclass(frozen=True)
class Label:
    """What a number is: ``metric`` is its plain name, ``part`` one of ``PARTS``, as the script calls it."""

    metric: str
    part: str

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.metric in _SHARES


def read_label(text: str, default_metric: Optional[str] = None) -> Optional[Label]:
    """Return what ``text`` names: ``val_acc``, ``Test accuracy``, ``F1 (macro)``; None where it names no one metric.

    Two different metrics, two different parts of the data, or a word that makes the number something else
    (``target accuracy``, ``learning rate``) name none either.

    Args:
        default_metric: the metric where the words name only the part, or nothing.
    """
    words = _words(text)
    if _DISTURBING.intersection(words):
        return None
    metrics, parts = _metrics_in(words), _parts_in(words)
    if len(metrics) > 1 or len(parts) > 1:
        return None
    metric = next(iter(metrics), default_metric)
    return Label(metric, next(iter(parts), UNNAMED)) if metric else None


def part_of(text: str) -> str:
    """Return the only part of the data that ``text`` names; ``UNNAMED`` where it names none, or several."""
    parts = _parts_in(_words(text))
    return next(iter(parts)) if len(parts) == 1 else UNNAMED


def _words(text: str) -> Tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(text.replace("²", "2").replace("^2", "2")))


def _parts_in(words: Tuple[str, ...]) -> "set[str]":
    return {_PART_WORDS[word] for word in words if word in _PART_WORDS}


def _metrics_in(words: Tuple[str, ...]) -> "set[str]":
    found, position = set(), 0
    while position < len(words):
        metric, length = _metric_at(words, position)
        if metric:
            found.add(metric)
        position += length
    return found


def _metric_at(words: Tuple[str, ...], position: int) -> "tuple[str, int]":
    """Return the metric whose name begins at ``position``, the longest name first, and how many words it takes."""
    for length in range(LONGEST_PHRASE, 1, -1):
        metric = _METRIC_PHRASES.get(words[position : position + length])
        if metric:
            return metric, length
    return _METRIC_WORDS.get(words[position], ""), 1
