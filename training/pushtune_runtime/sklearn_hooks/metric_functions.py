"""Notes what the script computes with the functions of ``sklearn.metrics``: its own test metrics."""

import functools
from types import ModuleType
from typing import Any, Callable

from pushtune_runtime.holdout import count_samples
from pushtune_runtime.own_loops.own_training import OwnTraining
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session
from pushtune_runtime.sklearn_hooks.candidates import Candidates

NAMES = {
    "accuracy_score": "accuracy", "balanced_accuracy_score": "balanced_accuracy", "f1_score": "f1",
    "precision_score": "precision", "recall_score": "recall", "roc_auc_score": "auc", "log_loss": "loss",
    "r2_score": "r2", "mean_squared_error": "mse", "mean_absolute_error": "mae", "root_mean_squared_error": "rmse",
}  # fmt: skip


class MetricFunctions:
    """Wraps the functions in ``NAMES``; in a trial they compute as ever, but nothing is noted."""

    def __init__(
        self, session: Session, registry: ParameterRegistry, candidates: Candidates, own: OwnTraining
    ) -> None:
        self._session = session
        self._registry = registry
        self._candidates = candidates
        self._own = own

    def install(self, metrics: ModuleType) -> None:
        """Patch the module ``sklearn.metrics`` right after its import, before names are taken from it."""
        for name, metric in NAMES.items():
            original = getattr(metrics, name, None)
            if original is not None:
                function = self._wrap(original, metric)
                function.__module__ = metrics.__name__  # where ``pickle`` finds it, here and without the runtime
                setattr(metrics, name, function)

    def _wrap(self, original: Callable[..., Any], metric: str) -> Callable[..., Any]:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            value = original(*args, **kwargs)
            if self._registry.sites.here(metric) is not None:
                self._note(metric, value, args[0] if args else kwargs.get("y_true"))
            return value

        return function

    def _note(self, metric: str, value: Any, truth: Any) -> None:
        if not isinstance(value, (int, float)):
            return
        if not self._session.trained:
            self._own.evaluations.add({metric: float(value)})
            return
        candidate = self._candidates.newest()
        if candidate is None:
            self._note_for_keras(metric, float(value), truth)
        elif not candidate.is_training_data(truth):
            candidate.tested = True
            if self._session.request.mode != "trial":
                candidate.test_metrics.setdefault(metric, float(value))
                candidate.test_samples = count_samples(truth) or len(truth)

    def _note_for_keras(self, metric: str, value: float, truth: Any) -> None:
        """A network whose predictions the script scores itself instead of calling ``evaluate``."""
        samples = count_samples(truth)
        known = samples == self._session.samples.get("train") or metric in self._session.test_metrics
        if known or self._session.request.mode == "trial":
            return
        self._session.test_metrics[metric] = value
        self._session.test_reads = max(1, self._session.test_reads)
