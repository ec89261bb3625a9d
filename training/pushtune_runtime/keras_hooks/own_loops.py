"""Notices scripts that train with a loop of their own: there is no ``fit`` then, and the result should say why."""

import functools
from typing import Any, Callable

from pushtune_runtime.keras_hooks.fit_events import FitEvents
from pushtune_runtime.session import Session


class OwnLoops:
    """Counts updates of weights outside ``fit``; a compiled loop counts once for each time it is traced."""

    def __init__(self, session: Session, events: FitEvents) -> None:
        self._session = session
        self._events = events

    def install(self) -> None:
        """Patch ``Optimizer.apply_gradients`` and ``train_on_batch``."""
        from keras.src.backend.tensorflow.trainer import TensorFlowTrainer
        from keras.src.optimizers.base_optimizer import BaseOptimizer

        BaseOptimizer.apply_gradients = self._wrap(BaseOptimizer.apply_gradients)
        TensorFlowTrainer.train_on_batch = self._wrap(TensorFlowTrainer.train_on_batch)

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            if not self._events.in_fit:
                self._session.own_loop_steps += 1
                self._session.progress_steps += 1
                self._session.phase = "train"
            return original(*args, **kwargs)

        return method
