"""Remembers which estimator has made which predictions: a script may train all of them before it scores the first."""

import functools
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any, Callable, Deque, Optional

import numpy as np

from pushtune_runtime.call_sites import CallSites
from pushtune_runtime.holdout import count_samples
from pushtune_runtime.sklearn_hooks.candidates import Candidate, Candidates

METHODS = ("predict", "predict_proba", "decision_function")
KEPT = 64


@dataclass
class Prediction:
    """What a candidate has predicted.

    Attributes:
        of_training_data: it predicts what it was trained on.
        values: the array that holds the result, while the script keeps it.
        is_scored: the script has scored it.
    """

    candidate: Candidate
    samples: Optional[int]
    of_training_data: bool
    values: Callable[[], Any]
    is_scored: bool = False


@dataclass(frozen=True)
class Origin:
    """Whose predictions are scored.

    Attributes:
        is_known: they are what the candidate has returned. is_only: no other candidate comes into question.
    """

    candidate: Candidate
    of_training_data: bool
    is_known: bool = False
    is_only: bool = False


class Predictions:
    """The newest predictions that the script itself has asked for; their values are not kept alive."""

    def __init__(self, sites: CallSites, candidates: Candidates) -> None:
        self._sites = sites
        self._candidates = candidates
        self._kept: Deque[Prediction] = deque(maxlen=KEPT)

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return one of ``METHODS`` of an estimator."""

        @functools.wraps(original)
        def predict(estimator: Any, /, *args: Any, **kwargs: Any) -> Any:
            result = original(estimator, *args, **kwargs)
            if self._sites.is_called_by_script():
                candidate = self._candidates.of(estimator)
                if candidate is not None:
                    of_training_data = candidate.is_training_data(args[0] if args else kwargs.get("X"))
                    self._kept.append(
                        Prediction(candidate, count_samples(result), of_training_data, _weak(_holder(result)))
                    )
            return result

        return predict

    def origin_of(self, *arguments: Any) -> Optional[Origin]:
        """Return who has predicted one of ``arguments``; None where none of them is a prediction as it was made."""
        holders = [_holder(item) for item in arguments if item is not None]
        for known in reversed(self._kept):
            if any(known.values() is holder for holder in holders):
                known.is_scored = True
                return Origin(known.candidate, known.of_training_data, is_known=True, is_only=True)
        return None

    def likely_origin(self, samples: Optional[int]) -> Optional[Origin]:
        """Return who has predicted what the script has made into other values since: classes of probabilities.

        Those that were not scored yet come first.
        """
        fitting = [known for known in self._kept if known.samples == samples]
        fitting = [known for known in fitting if not known.is_scored] or fitting
        if samples is None or not fitting:
            return None
        newest = fitting[-1]
        is_only = all(known.candidate is newest.candidate for known in fitting)
        newest.is_scored = newest.is_scored or is_only
        return Origin(newest.candidate, newest.of_training_data, is_only=is_only)


def _holder(values: Any) -> Any:
    """Return the array that the memory of ``values`` belongs to: a column of probabilities has that of all columns."""
    holder = np.asarray(values) if hasattr(values, "__array__") else values
    while isinstance(getattr(holder, "base", None), np.ndarray):
        holder = holder.base
    return holder


def _weak(values: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(values)
    except TypeError:  # a list
        return lambda: None
