"""What callbacks of Keras 2 rely on: the metric names before 2.3 (``acc``, ``val_acc``), and their validation data."""

import re
from types import FunctionType
from typing import Any, Callable, Dict, List, Set

import numpy as np

from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.keras_hooks.fit_hooks import is_array_like

NEW_NAMES = {"acc": "accuracy", "val_acc": "val_accuracy"}
_IN_FILE_NAME = re.compile(r"\{(acc|val_acc)(?=[:}!])")


class _Logs(Dict[str, Any]):
    """A history that also answers to the old names."""

    def __missing__(self, name: str) -> Any:
        new = NEW_NAMES.get(name)
        if new is None or new not in self:
            raise KeyError(name)
        return self[new]


class LegacyCallbacks(FitListener):
    """Lets callbacks monitor, and scripts read, the old names where the metric has the new one.

    Comes behind the split of the data among the listeners: what callbacks see as validation data is what is held out.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._served: List[Any] = []  # callbacks that have their validation data from here

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        has_new_names = "acc" not in _names(_metrics_of(model))
        given = arguments["callbacks"]
        for callback in given if isinstance(given, (list, tuple)) else []:
            if has_new_names:
                self._rename(callback)
            if _reads_validation_data(callback) and not hasattr(callback, "validation_data"):
                self._served.append(callback)
            if any(callback is served for served in self._served):
                callback.validation_data = _as_keras_2_had_it(arguments["validation_data"])
        return 0

    def _rename(self, callback: Any) -> None:
        old = getattr(callback, "monitor", None)
        if isinstance(old, str) and old in NEW_NAMES:
            self._warn(f"{type(callback).__name__} monitors {old}, which is called {NEW_NAMES[old]} now")
            callback.monitor = NEW_NAMES[old]
        path = getattr(callback, "filepath", None)
        if isinstance(path, str) and _IN_FILE_NAME.search(path):
            self._warn(f"{type(callback).__name__} names its files by acc, which is called accuracy now")
            callback.filepath = _IN_FILE_NAME.sub(lambda match: "{" + NEW_NAMES[match[1]], path)

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        if isinstance(getattr(history, "history", None), dict):
            history.history = _Logs(history.history)


def _metrics_of(model: Any) -> Any:
    """Return what ``compile`` was given as metrics."""
    container = getattr(model, "_compile_metrics", None) or getattr(model, "compiled_metrics", None)
    return getattr(container, "_user_metrics", None)


def _names(metrics: Any) -> Set[str]:
    """Return the names under which ``metrics``, however nested, are logged."""
    if isinstance(metrics, dict):
        metrics = list(metrics.values())
    if isinstance(metrics, (list, tuple)):
        return {name for metric in metrics for name in _names(metric)}
    return {str(getattr(metrics, "name", None) or getattr(metrics, "__name__", metrics))}


def _reads_validation_data(callback: Any) -> bool:
    functions = [value for kind in type(callback).__mro__ for value in vars(kind).values()]
    return any("validation_data" in value.__code__.co_names for value in functions if isinstance(value, FunctionType))


def _as_keras_2_had_it(data: Any) -> List[Any]:
    """Return arrays of ``validation_data`` one after the other: inputs, targets, weights; nothing for other data."""
    if not isinstance(data, (tuple, list)) or len(data) < 2 or not is_array_like(data):
        return []
    inputs, targets, weights = (*data, None)[:3]
    parts = [*_listed(inputs), *_listed(targets)]
    return [*parts, *(_listed(weights) if weights is not None else [np.ones(parts[0].shape[0])])]


def _listed(data: Any) -> List[Any]:
    return list(data.values()) if isinstance(data, dict) else list(data) if isinstance(data, (list, tuple)) else [data]
