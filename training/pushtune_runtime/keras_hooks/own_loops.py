"""Follows scripts that train with a loop of their own: there is no ``fit`` then."""

import functools
import inspect
from typing import Any, Callable, Dict, List, Sequence

from pushtune_runtime.keras_hooks.fit_events import FitEvents, in_order
from pushtune_runtime.keras_hooks.keras_classes import KerasClasses
from pushtune_runtime.keras_hooks.model_saving import ModelSaving
from pushtune_runtime.keras_hooks.shape_ties import ShapeTies
from pushtune_runtime.own_loops.own_training import OwnTraining
from pushtune_runtime.session import Session


class OwnLoops:
    """Notices updates of weights outside ``fit``, and what the script says about its model there."""

    def __init__(
        self, session: Session, events: FitEvents, own: OwnTraining, note_trained_on: Callable[[Any], None]
    ) -> None:
        """``note_trained_on`` is told each data set that weights are updated with."""
        self._session = session
        self._events = events
        self._own = own
        self._note_trained_on = note_trained_on
        self._iterated: Any = None  # the data set that the script began to read last
        self._model_class: Any = None
        self._depth = 0  # of train_on_batch, which applies gradients itself

    def install(self, classes: KerasClasses) -> None:
        """Patch ``Optimizer.apply``, ``train_on_batch``, ``test_on_batch``, compiled functions and metric objects."""
        self._model_class = classes.roots[0].Model
        self._own.watch(self._events)
        self._own.scores.updates = self._updates
        self._own.scores.rivals = self._rivals
        self._own.scores.on_epoch_end = self._own.models.end_epoch
        classes.trainer.train_on_batch = self._wrap_train_on_batch(classes.trainer.train_on_batch)
        classes.trainer.test_on_batch = self._wrap_test_on_batch(classes.trainer.test_on_batch)
        name = "apply" if classes.generation == 3 else "apply_gradients"
        for optimizer_class in {module.Optimizer for module in classes.modules("optimizers")}:
            for patched_class in optimizer_class.__mro__:
                if name in vars(patched_class):
                    setattr(patched_class, name, self._wrap_apply(vars(patched_class)[name], name))
        if classes.generation == 3:
            self._own.metrics.install(classes.roots[0].metrics.Metric)
        self._patch_tensorflow()

    def _patch_tensorflow(self) -> None:
        from tensorflow.python.data.ops.dataset_ops import DatasetV2
        from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

        Function.__call__ = self._wrap_compiled(Function.__call__)
        DatasetV2.__iter__ = self._wrap_iteration(DatasetV2.__iter__)

    def _wrap_iteration(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def iterate(data: Any) -> Any:
            if not self._events.in_fit:
                self._iterated = data
            return original(data)

        return iterate

    def _wrap_train_on_batch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        measured = _with_metrics(original, self._own.batches.after_training)

        @functools.wraps(original)
        def train_on_batch(model: Any, *args: Any, **kwargs: Any) -> Any:
            if self._events.in_fit:
                return original(model, *args, **kwargs)
            self._own.models.note_model(model)
            self._step()
            self._depth += 1
            try:
                return measured(model, *args, **kwargs)
            finally:
                self._depth -= 1

        return train_on_batch

    def _wrap_test_on_batch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        measured = _with_metrics(original, self._own.batches.after_test)

        @functools.wraps(original)
        def test_on_batch(model: Any, *args: Any, **kwargs: Any) -> Any:
            function = original if self._events.in_fit or not self._session.own_loop_steps else measured
            return function(model, *args, **kwargs)

        return test_on_batch

    def _wrap_apply(self, original: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(original)
        def apply(optimizer: Any, gradients: Any, *args: Any, **kwargs: Any) -> Any:
            if self._events.in_fit or self._depth > 0:
                return original(optimizer, gradients, *args, **kwargs)
            if name == "apply_gradients":
                gradients = list(gradients)  # of a zip, which can be read only once
                variables: Sequence[Any] = [variable for _, variable in gradients]
            else:
                given = args[0] if args else kwargs.get("trainable_variables")
                variables = optimizer._trainable_variables if given is None else list(given)
            self._own.models.note_variables(optimizer, variables)
            self._step()
            return original(optimizer, gradients, *args, **kwargs)

        return apply

    def _wrap_compiled(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A compiled step says nothing while it runs: its calls are what shows that the training moves."""

        @functools.wraps(original)
        def call(function: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(function, *args, **kwargs)
            if self._session.own_loop_steps and not self._events.in_fit:
                self._session.progress_steps += 1
                self._own.check_between_steps()
            return result

        return call

    def _step(self) -> None:
        """Weights are about to be updated; in a compiled loop this is seen once for each time it is traced."""
        self._session.own_loop_steps += 1
        self._session.progress_steps += 1
        self._session.phase = "train"
        if self._iterated is not None:
            self._note_trained_on(self._iterated)
            self._iterated = None
        self._own.check_between_steps()

    def _updates(self) -> int:
        """Return how often weights were updated so far, in compiled loops as well."""
        return self._session.own_loop_steps + sum(int(one.iterations.numpy()) for one in self._own.models.optimizers)

    def _rivals(self) -> List[str]:
        """Return the names of the models that were trained in turns."""
        if not self._own.models.in_turns:
            return []
        return [str(model.name) for model in self._own.models.find(self._model_class)]

    def finish(self) -> None:
        """Save what was trained, and read which of its widths may change."""
        if not self._session.own_loop_steps or self._session.objective is None:
            return
        models: List[Any] = self._own.models.find(self._model_class)
        for listener in self._events.listeners:
            if isinstance(listener, ShapeTies):
                for model in models:
                    listener.after_fit(model, 0, None)
            elif isinstance(listener, ModelSaving) and models:
                listener.after_fit(models[-1], 0, None)


def _with_metrics(original: Callable[..., Any], tell: Callable[[Dict[str, Any]], None]) -> Callable[..., Any]:
    """Return ``original``, which takes one batch, telling its metrics by name as well."""
    signature = inspect.signature(original)

    def measured(model: Any, *args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(model, *args, **kwargs)
        wants_dictionary = bound.arguments.get("return_dict", False)
        bound.arguments["return_dict"] = True
        metrics = original(*bound.args, **bound.kwargs)
        tell(metrics)
        return metrics if wants_dictionary else in_order(model, metrics)

    return measured
