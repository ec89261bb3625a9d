"""Follows estimators that a loop of the script's own trains step by step, with ``partial_fit``."""

import functools
from typing import Any, Callable, Dict

from pushtune_runtime.call_sites import CallSites
from pushtune_runtime.own_loops.own_training import OwnTraining
from pushtune_runtime.session import Session


class PartialFits:
    """Tells the own training of each step, and of each number by which the script judges the estimator.

    Attributes:
        estimator: the one that the script has trained last; None before.
    """

    def __init__(self, session: Session, sites: CallSites, own: OwnTraining) -> None:
        self._session = session
        self._sites = sites
        self._own = own
        self._is_busy = False
        self.estimator: Any = None
        own.scores.busy_libraries.append(lambda: self._is_busy)

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``partial_fit`` of an estimator; what transforms or clusters has nothing that could be scored."""

        @functools.wraps(original)
        def partial_fit(estimator: Any, /, *args: Any, **kwargs: Any) -> Any:
            if self._is_busy or not self._sites.is_called_by_script() or not _predicts(estimator):
                return original(estimator, *args, **kwargs)
            self._own.scores.check()
            self._session.phase = "train"
            self._is_busy = True
            try:
                fitted = original(estimator, *args, **kwargs)
            finally:
                self._is_busy = False
            self._session.own_loop_steps += 1
            self._session.progress_steps += 1
            self.estimator = estimator
            return fitted

        return partial_fit

    def note(self, metrics: Dict[str, float]) -> None:
        """The script has computed these itself, outside of ``partial_fit``."""
        if not self._is_busy:
            self._own.evaluations.add(metrics)


def _predicts(estimator: Any) -> bool:
    from sklearn.base import is_classifier, is_regressor  # type: ignore[import-not-found,unused-ignore]

    return bool(is_classifier(estimator) or is_regressor(estimator))
