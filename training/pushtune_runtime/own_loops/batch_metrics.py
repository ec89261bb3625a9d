"""Takes what ``train_on_batch`` and ``test_on_batch`` return: the mean of each metric over the batches of an epoch."""

from typing import Any, Dict

from pushtune_runtime.objective_choice import finite, plain_name
from pushtune_runtime.own_loops.evaluations import OwnEvaluations
from pushtune_runtime.own_loops.labels import TRAINING, Label
from pushtune_runtime.own_loops.own_scores import OwnScores

HOW = "batches"


class BatchMetrics:
    """Enters the metrics while one model alone is trained: of models that train each other no loss tells the better."""

    def __init__(self, scores: OwnScores, evaluations: OwnEvaluations) -> None:
        self._scores = scores
        self._evaluations = evaluations
        self._model: Any = None
        self._has_several = False

    def after_training(self, model: Any, metrics: Dict[str, Any]) -> None:
        """``train_on_batch`` of ``model`` has returned ``metrics``, name -> value of this batch."""
        if self._model is not None and self._model is not model and not self._has_several:
            self._has_several = True
            self._scores.forget_all(HOW)
        self._model = model
        if self._has_several:
            return
        for name, value in finite(metrics).items():
            self._scores.add(HOW, name, Label(plain_name(name), TRAINING), value, is_part=True)

    def after_test(self, metrics: Dict[str, Any]) -> None:
        """``test_on_batch`` has returned ``metrics``."""
        if not self._has_several:
            self._evaluations.add(metrics, is_part=True)
