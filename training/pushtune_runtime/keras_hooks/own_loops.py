"""Notices scripts that train with a loop of their own: there is no ``fit`` then, and the result should say why."""

import functools
from typing import Any, Callable

from pushtune_runtime.keras_hooks.fit_events import FitEvents
from pushtune_runtime.keras_hooks.keras_classes import KerasClasses
from pushtune_runtime.session import Session


class OwnLoops:
    """Counts updates of weights outside ``fit``; a compiled loop counts once for each time it is traced."""

    def __init__(self, session: Session, events: FitEvents) -> None:
        self._session = session
        self._events = events

    def install(self, classes: KerasClasses) -> None:
        """Patch ``Optimizer.apply_gradients`` and ``train_on_batch``."""
        classes.trainer.train_on_batch = self._wrap(classes.trainer.train_on_batch)
        for optimizer_class in {module.Optimizer for module in classes.modules("optimizers")}:
            for patched_class in optimizer_class.__mro__:
                if "apply_gradients" in vars(patched_class):
                    patched_class.apply_gradients = self._wrap(patched_class.apply_gradients)

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            if not self._events.in_fit:
                self._session.own_loop_steps += 1
                self._session.progress_steps += 1
                self._session.phase = "train"
            return original(*args, **kwargs)

        return method
