"""Measures accuracy for classifiers whose script compiles them without any metric."""

from typing import Any, Dict, List, Optional

import numpy as np

from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.keras_hooks.model_facts import loss_name

METRIC = "accuracy"
SAMPLES_LOOKED_AT = 1000


class AccuracyMetric(FitListener):
    """Adds the metric before ``fit``; the script's own ``evaluate`` still returns the loss alone."""

    def __init__(self) -> None:
        self._models: List[Any] = []

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        if _lacks_metrics(model) and _is_classification(model.loss) and _may_hold_classes(arguments):
            _set_metric(model)
            self._models.append(model)
        return 0

    def after_evaluate(self, model: Any, metrics: Dict[str, float]) -> None:
        """Runs after the listeners that keep the metrics: the script gets what it compiled."""
        if any(model is known for known in self._models):
            metrics.pop(METRIC, None)


def _lacks_metrics(model: Any) -> bool:
    return model.compiled and getattr(model, "_compile_metrics", None) is None and not model._metrics


def _is_classification(loss: Any) -> bool:
    return "crossentropy" in loss_name(loss).lower()


def _may_hold_classes(arguments: Arguments) -> bool:
    """Return whether targets can be classes: autoencoders are trained with a crossentropy too, on shares of light."""
    y, spec = arguments["y"], getattr(arguments["x"], "element_spec", None)
    if y is None and isinstance(spec, tuple) and len(spec) > 1:
        return not _is_like_an_input(*spec[:2])
    if getattr(y, "shape", None) is None or getattr(getattr(y, "dtype", None), "kind", "") != "f":
        return True  # whole numbers, texts, or data that only the training itself reads
    values = np.asarray(y[:SAMPLES_LOOKED_AT])
    whole = bool(np.all(values == np.round(values)))
    shares = values.ndim == 2 and values.shape[1] > 1 and bool(np.allclose(values.sum(axis=1), 1.0, atol=1e-3))
    return whole or shares


def _is_like_an_input(x: Any, y: Any) -> bool:
    """Return whether the targets ``y`` of a data set, as its element says, are images or texts like ``x``."""
    is_float = bool(getattr(getattr(y, "dtype", None), "is_floating", False))
    rank = getattr(getattr(y, "shape", None), "rank", None)
    return is_float and ((rank is not None and rank > 2) or x == y)


def _set_metric(model: Any) -> None:
    """Give ``model`` the metric as ``compile`` would; its functions are traced again with it."""
    from keras.src.trainers.compile_utils import CompileMetrics
    from keras.src.utils import tracking

    with tracking.DotNotTrackScope():
        model._compile_metrics = CompileMetrics([_metric_for(model.loss)], None)
        model.train_function = None
        model.test_function = None


def _metric_for(loss: Any) -> Any:
    """Return the metric: Keras chooses by the shapes, but it cannot know that binary outputs are logits."""
    from_logits: Optional[bool] = getattr(loss, "from_logits", None)
    if from_logits is None:
        from_logits = getattr(loss, "_fn_kwargs", {}).get("from_logits", False)
    if from_logits and "binary" in loss_name(loss).lower():
        from keras.metrics import BinaryAccuracy

        return BinaryAccuracy(name=METRIC, threshold=0.0)
    return METRIC
