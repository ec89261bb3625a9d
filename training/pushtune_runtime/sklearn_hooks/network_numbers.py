"""A network whose predictions the script scores with scikit-learn's functions instead of calling ``evaluate``."""

from collections import deque
from typing import Any, Deque, Set

from pushtune_runtime.holdout import class_labels, count_samples
from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.same_values import same_values
from pushtune_runtime.session import Session
from pushtune_runtime.sklearn_hooks.candidates import Candidates, enter

TARGETS_KEPT = 8


class NetworkNumbers(FitListener):
    """Tells test metrics from those of the training data, which it must hear of before a part of it is held out.

    Attributes:
        has_fitted: whether the script has called ``fit`` of a Keras model.
    """

    def __init__(self, session: Session, candidates: Candidates) -> None:
        self._session = session
        self._candidates = candidates
        self._targets: Deque[Any] = deque(maxlen=TARGETS_KEPT)
        self._estimator_before: Any = None
        self._noted: Set[str] = set()
        self._doubtful: Set[str] = set()
        self.has_fitted = False

    @property
    def is_newest(self) -> bool:
        """Whether a network was trained last, rather than an estimator."""
        return self.has_fitted and self._candidates.newest() is self._estimator_before

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        self.has_fitted = True
        self._estimator_before = self._candidates.newest()
        self._targets.append(arguments["y"])
        return 0

    def note(self, metric: str, value: float, truth: Any) -> None:
        """The script has computed ``metric``; what ``evaluate`` has said before stays."""
        metrics = self._session.test_metrics
        is_evaluated = metric in metrics and metric not in self._noted
        if is_evaluated or self._session.request.mode == "trial" or self._is_training_data(truth):
            return
        self._noted.add(metric)
        enter(metrics, self._doubtful, metric, value, is_sure=not self._has_their_number(truth))
        self._session.test_reads = max(1, self._session.test_reads)

    def _is_training_data(self, truth: Any) -> bool:
        return any(same_values(truth, known) or same_values(truth, _labels(known)) for known in self._targets)

    def _has_their_number(self, truth: Any) -> bool:
        """Return whether these may be the training data in other units, as before they were scaled."""
        train, validation = (self._session.samples.get(name, 0) for name in ("train", "validation"))
        return count_samples(truth) in (train, train + validation)


def _labels(targets: Any) -> Any:
    return class_labels(targets) if hasattr(targets, "shape") else None
