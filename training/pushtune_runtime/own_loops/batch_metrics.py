"""Takes what ``train_on_batch`` and ``test_on_batch`` return: the mean of each metric over the batches of an epoch."""

from typing import Any, Dict

from pushtune_runtime.objective_choice import plain_name
from pushtune_runtime.own_loops.evaluations import OwnEvaluations
from pushtune_runtime.own_loops.labels import TRAINING, Label
from pushtune_runtime.own_loops.own_scores import OwnScores
from pushtune_runtime.own_loops.single_numbers import single_number
from pushtune_runtime.own_loops.updated_models import UpdatedModels

HOW = "batches"


class BatchMetrics:
    """Enters the metrics unless models are trained in turns: where they train each other no loss tells the better."""

    def __init__(self, scores: OwnScores, evaluations: OwnEvaluations, models: UpdatedModels) -> None:
        self._scores = scores
        self._evaluations = evaluations
        self._models = models

    def after_training(self, metrics: Dict[str, Any]) -> None:
        """``train_on_batch`` has returned ``metrics``, name -> value of this batch."""
        if self._models.in_turns:
            self._scores.forget_all(HOW)
            return
        for name, value in metrics.items():
            number = single_number(value)
            if number is not None:  # one that is not finite, too: a loss may say that the training diverges
                self._scores.add(HOW, name, Label(plain_name(name), TRAINING), number, is_part=True)

    def after_test(self, metrics: Dict[str, Any]) -> None:
        """``test_on_batch`` has returned ``metrics``."""
        if not self._models.in_turns:
            self._evaluations.add(metrics, is_part=True)
