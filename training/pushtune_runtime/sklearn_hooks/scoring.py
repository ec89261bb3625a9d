"""Scores an estimator by cross-validation on the data that the script trains it on."""

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Optional, Tuple

from pushtune_runtime.equal_rows import groups_of_equal_rows, share_of_equal_rows
from pushtune_runtime.holdout import HOLDOUT_SEED, Indices, class_labels, majority_share

FOLDS = 3
# Metric as a request names it -> scorer of scikit-learn, which negates errors so that more is better.
SCORERS = {
    "accuracy": "accuracy", "balanced_accuracy": "balanced_accuracy", "auc": "roc_auc", "f1": "f1_macro",
    "r2": "r2", "mae": "neg_mean_absolute_error", "mse": "neg_mean_squared_error",
    "rmse": "neg_root_mean_squared_error", "loss": "neg_log_loss",
}  # fmt: skip
# Function of scikit-learn -> metric.
NAMES = {
    "accuracy_score": "accuracy", "balanced_accuracy_score": "balanced_accuracy", "f1_score": "f1",
    "precision_score": "precision", "recall_score": "recall", "roc_auc_score": "auc", "log_loss": "loss",
    "r2_score": "r2", "mean_squared_error": "mse", "mean_absolute_error": "mae", "root_mean_squared_error": "rmse",
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """Mean over the folds.

    Attributes:
        chance: what guessing the most frequent class reaches, None without classes.
        equal_rows: share of the rows that had to stay in one fold with rows that are equal to them.
    """

    metric: str
    direction: str
    value: float
    chance: Optional[float]
    equal_rows: float = 0.0


def metric_of(estimator: Any, wanted: Optional[str]) -> str:
    """Return the metric to score with: the wanted one where it is known, else accuracy or R2 by the kind of task."""
    from sklearn.base import is_classifier

    return wanted if wanted in SCORERS else ("accuracy" if is_classifier(estimator) else "r2")


def metric_of_score(estimator: Any) -> Tuple[str, bool]:
    """Return the metric that ``estimator.score`` computes, and whether it is negated: a search has its own scoring.

    Of the estimators that only choose with ``scoring``, LogisticRegressionCV alone scores with it too.
    """
    uses_scoring = hasattr(estimator, "scorer_") or type(estimator).__name__ == "LogisticRegressionCV"
    scoring = getattr(estimator, "scoring", None) if uses_scoring else None
    if isinstance(scoring, (list, tuple, set)):
        scoring = estimator.refit
    elif isinstance(scoring, dict):
        scoring = scoring.get(estimator.refit)
    if scoring is None:
        return metric_of(estimator, None), False
    if isinstance(scoring, str):
        negated = scoring.startswith("neg_")
        return _names_of_scorers().get(scoring, scoring[4:] if negated else scoring), negated
    function = getattr(getattr(scoring, "_score_func", scoring), "__name__", "score")
    return NAMES.get(function, function), getattr(scoring, "_sign", 1) < 0


def _names_of_scorers() -> Dict[str, str]:
    return {scorer: name for name, scorer in SCORERS.items()}


def searched_score(estimator: Any, wanted: Optional[str]) -> Optional[Score]:
    """Return the score that a search of the script's own (``GridSearchCV``, ...) has found by cross-validation.

    None where ``estimator`` is no search, or its score is not the ``wanted`` one.
    """
    value, scoring = getattr(estimator, "best_score_", None), getattr(estimator, "scoring", None)
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    names = _names_of_scorers()
    metric = metric_of(estimator, None) if scoring is None else names.get(scoring) if isinstance(scoring, str) else None
    if metric is None or wanted not in (None, metric):
        return None
    negated = isinstance(scoring, str) and scoring.startswith("neg_")
    return Score(metric, "minimize" if negated else "maximize", -value if negated else value, None)


def score_of(estimator: Any, x: Any, y: Any, wanted: Optional[str]) -> Score:
    """Return what a search of the script's own has found, unless copies of rows were in all folds; else our own score.

    Raises:
        ValueError: see ``cross_validated``.
    """
    searched = searched_score(estimator, wanted)
    groups = groups_of_equal_rows(x)
    if searched is not None and groups is None:
        return searched
    metric = wanted or (searched.metric if searched else None)
    return cross_validated(getattr(estimator, "best_estimator_", estimator), x, y, metric, groups)


def cross_validated(estimator: Any, x: Any, y: Any, wanted: Optional[str], groups: Optional[Indices] = None) -> Score:
    """Return the score of a fresh copy of ``estimator`` over ``FOLDS`` folds; random states are left as they were.

    ``groups`` has a number for each row, shape (n,); rows with equal numbers stay in one fold.

    Raises:
        ValueError: the data is too small, or no fold could be scored.
    """
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score

    metric = metric_of(estimator, wanted)
    scorer = SCORERS[metric]
    with random_state_kept():
        fresh = clone(estimator)
        if "early_stopping_rounds" in fresh.get_params():
            fresh.set_params(early_stopping_rounds=None)  # it needs data to watch, which folds do not come with
        scores = cross_val_score(fresh, x, y, cv=_folds(estimator, y, groups), scoring=scorer)
    value = float(scores.mean())
    if not math.isfinite(value):
        raise ValueError(f"cross-validation gave {value}")
    negated = scorer.startswith("neg_")
    chance = majority_share(class_labels(y)) if metric == "accuracy" else None
    share = 0.0 if groups is None else share_of_equal_rows(groups)
    return Score(metric, "minimize" if negated else "maximize", -value if negated else value, chance, share)


def _folds(estimator: Any, y: Any, groups: Optional[Indices]) -> Any:
    """Return folds that are the same in every trial, stratified where each class is in all of them."""
    import numpy as np
    from sklearn.model_selection import PredefinedSplit

    labels = np.asarray(y)
    if groups is None:
        return _folds_of_rows(estimator, labels)
    firsts = labels[np.unique(groups, return_index=True)[1]]  # one row of each group, in the order of their numbers
    fold = np.empty(len(firsts), dtype=int)
    for number, (_, held_out) in enumerate(_folds_of_rows(estimator, firsts).split(firsts, firsts)):
        fold[held_out] = number
    return PredefinedSplit(fold[groups])


def _folds_of_rows(estimator: Any, labels: Any) -> Any:
    import numpy as np
    from sklearn.base import is_classifier
    from sklearn.model_selection import KFold, StratifiedKFold

    if is_classifier(estimator) and labels.ndim == 1 and np.unique(labels, return_counts=True)[1].min() >= FOLDS:
        return StratifiedKFold(FOLDS, shuffle=True, random_state=HOLDOUT_SEED)
    return KFold(FOLDS, shuffle=True, random_state=HOLDOUT_SEED)


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave the script's random numbers as if nothing had been drawn in between."""
    import numpy as np

    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)
