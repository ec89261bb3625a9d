"""Which constructor arguments of scikit-learn's estimators are worth tuning."""

import math
from typing import Any, Dict, Mapping, Optional, Tuple

from pushtune_contract.parameters import Value

# Numbers that say how to compute, or what the data means, rather than how well to learn.
NOT_TUNED = frozenset({
    "random_state", "n_jobs", "verbose", "cv", "n_splits", "n_repeats", "tol", "cache_size", "fill_value", "copy",
    "n_iter_no_change", "iterations", "probability", "max_fun", "epsilon", "factor", "threshold", "n_clusters",
})  # fmt: skip
ROLES = {"learning_rate": "learning_rate", "learning_rate_init": "learning_rate", "batch_size": "batch_size",
         "activation": "activation"}  # fmt: skip
CHOICES: Dict[str, Tuple[Value, ...]] = {
    "kernel": ("rbf", "linear", "poly", "sigmoid"),
    "weights": ("uniform", "distance"),
    "activation": ("relu", "tanh", "logistic"),
    "max_features": ("sqrt", "log2"),
}
_FOREST: Mapping[str, Value] = {"n_estimators": 100, "min_samples_leaf": 1}
_BOOSTING: Mapping[str, Value] = {"n_estimators": 100, "learning_rate": 0.1, "max_depth": 3}
_HISTOGRAM: Mapping[str, Value] = {"learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 31}
_XGBOOST: Mapping[str, Value] = {"n_estimators": 100, "learning_rate": 0.3, "max_depth": 6}
_LIGHTGBM: Mapping[str, Value] = {"n_estimators": 100, "learning_rate": 0.1, "num_leaves": 31}
_NEURAL: Mapping[str, Value] = {"learning_rate_init": 0.001, "alpha": 0.0001, "max_iter": 200}
# Defaults (scikit-learn's own) that matter enough to be tuned where the script does not give them.
IMPLICIT: Dict[str, Mapping[str, Value]] = {
    "RandomForestClassifier": _FOREST, "RandomForestRegressor": _FOREST,
    "ExtraTreesClassifier": _FOREST, "ExtraTreesRegressor": _FOREST,
    "GradientBoostingClassifier": _BOOSTING, "GradientBoostingRegressor": _BOOSTING,
    "HistGradientBoostingClassifier": _HISTOGRAM, "HistGradientBoostingRegressor": _HISTOGRAM,
    "AdaBoostClassifier": {"n_estimators": 50, "learning_rate": 1.0},
    "AdaBoostRegressor": {"n_estimators": 50, "learning_rate": 1.0},
    "DecisionTreeClassifier": {"min_samples_leaf": 1}, "DecisionTreeRegressor": {"min_samples_leaf": 1},
    "SVC": {"C": 1.0, "kernel": "rbf"}, "SVR": {"C": 1.0, "kernel": "rbf"}, "LinearSVC": {"C": 1.0},
    "LogisticRegression": {"C": 1.0}, "Ridge": {"alpha": 1.0}, "Lasso": {"alpha": 1.0}, "ElasticNet": {"alpha": 1.0},
    "RidgeClassifier": {"alpha": 1.0}, "SGDClassifier": {"alpha": 0.0001}, "SGDRegressor": {"alpha": 0.0001},
    "KNeighborsClassifier": {"n_neighbors": 5, "weights": "uniform"},
    "KNeighborsRegressor": {"n_neighbors": 5, "weights": "uniform"},
    # Effective defaults of the libraries' documentation; their constructors say None.
    "XGBClassifier": _XGBOOST, "XGBRegressor": _XGBOOST, "LGBMClassifier": _LIGHTGBM, "LGBMRegressor": _LIGHTGBM,
    "MLPClassifier": _NEURAL, "MLPRegressor": _NEURAL,
    "MultinomialNB": {"alpha": 1.0}, "BernoulliNB": {"alpha": 1.0},
}  # fmt: skip


def role_of(argument: str) -> str:
    """Return the contract's role of ``argument``."""
    return ROLES.get(argument, "other")


def is_tunable(argument: str, value: Any) -> bool:
    """Return whether ``argument`` with ``value`` is worth tuning: a number, or a text with known alternatives."""
    if argument in NOT_TUNED or argument.startswith("n_features") or isinstance(value, bool):
        return False
    if isinstance(value, str):
        return bool(choices_of(argument, value))
    return isinstance(value, (int, float)) and math.isfinite(value)


def choices_of(argument: str, value: Any) -> Tuple[Value, ...]:
    """Return the texts that ``argument`` may take; empty for numbers and for texts without known alternatives."""
    known = CHOICES.get(argument, ())
    if not isinstance(value, str) or value not in known or len(known) < 2:
        return ()
    return known


def implicit_value(estimator: str, argument: str) -> Optional[Value]:
    """Return the default to tune ``argument`` from where the script gives none; None where it is not tuned."""
    return IMPLICIT.get(estimator, {}).get(argument)
