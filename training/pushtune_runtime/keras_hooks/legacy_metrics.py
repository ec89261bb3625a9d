"""``acc`` and ``val_acc``, the names that metrics had before Keras 2.3, in callbacks and histories."""

from typing import Any, Callable, Dict

from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener

NEW_NAMES = {"acc": "accuracy", "val_acc": "val_accuracy"}


class _Logs(Dict[str, Any]):
    """A history that also answers to the old names."""

    def __missing__(self, name: str) -> Any:
        new = NEW_NAMES.get(name)
        if new is None or new not in self:
            raise KeyError(name)
        return self[new]


class LegacyMetricNames(FitListener):
    """Lets callbacks monitor, and scripts read, the old names where the metric has the new one."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        if "acc" in str(getattr(getattr(model, "_compile_metrics", None), "_user_metrics", "")).split("'"):
            return 0
        for callback in arguments["callbacks"] or [] if isinstance(arguments["callbacks"], (list, tuple)) else []:
            old = getattr(callback, "monitor", None)
            if old in NEW_NAMES:
                self._warn(f"{type(callback).__name__} monitors {old}, which is called {NEW_NAMES[old]} now")
                callback.monitor = NEW_NAMES[old]
        return 0

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        if isinstance(getattr(history, "history", None), dict):
            history.history = _Logs(history.history)
