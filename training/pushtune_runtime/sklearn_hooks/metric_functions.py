"""Notes what the script computes with the functions of ``sklearn.metrics``: its own test metrics."""

import functools
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Tuple

from pushtune_runtime.holdout import count_samples
from pushtune_runtime.own_loops.own_training import OwnTraining
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session
from pushtune_runtime.sklearn_hooks.candidates import Candidates, enter
from pushtune_runtime.sklearn_hooks.network_numbers import NetworkNumbers
from pushtune_runtime.sklearn_hooks.predictions import Origin, Predictions
from pushtune_runtime.sklearn_hooks.scoring import NAMES


class MetricFunctions:
    """Wraps the functions in ``NAMES``; in a trial they compute as ever, but nothing is noted."""

    def __init__(
        self,
        session: Session,
        registry: ParameterRegistry,
        candidates: Candidates,
        predictions: Predictions,
        network: NetworkNumbers,
        own: OwnTraining,
    ) -> None:
        self._session = session
        self._registry = registry
        self._candidates = candidates
        self._predictions = predictions
        self._network = network
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
            if self._registry.sites.here(metric) is not None and isinstance(value, (int, float)):
                self._note(metric, float(value), _truth_and_prediction(args, kwargs))
            return value

        return function

    def _note(self, metric: str, value: float, arguments: List[Any]) -> None:
        """Give the number to whoever made the predictions among ``arguments``, the truth first."""
        if self._own.scores.is_library_busy():
            return  # a callback of ``fit`` judges a network that is not trained yet
        if not self._session.trained:
            self._own.evaluations.add({metric: value})
            return
        truth = arguments[0]
        origin = self._predictions.origin_of(*arguments)
        if origin is None and not self._network.is_newest:
            origin = self._likely_origin(truth)
        if origin is None:
            self._network.note(metric, value, truth)
        elif not origin.of_training_data:
            self._note_for(origin, metric, value, truth)

    def _likely_origin(self, truth: Any) -> Optional[Origin]:
        origin = self._predictions.likely_origin(count_samples(truth))
        newest = self._candidates.newest()
        if origin is None and newest is not None and not self._network.has_fitted:
            origin = Origin(newest, of_training_data=False)
        if origin is not None and origin.candidate.is_training_data(truth):
            return Origin(origin.candidate, of_training_data=True)
        return origin

    def _note_for(self, origin: Origin, metric: str, value: float, truth: Any) -> None:
        candidate = origin.candidate
        candidate.tested = candidate.tested or origin.is_only
        if self._session.request.mode != "trial":
            enter(candidate.test_metrics, candidate.doubtful, metric, value, is_sure=origin.is_known)
            candidate.test_samples = count_samples(truth) or len(truth)


def _truth_and_prediction(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[Any]:
    named = [kwargs[name] for name in sorted(kwargs, key="y_true".__ne__) if name.startswith("y_")]
    return [*args[:2], *named]
