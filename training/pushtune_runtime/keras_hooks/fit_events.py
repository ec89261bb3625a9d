"""Tells listeners what happens inside ``fit`` and ``evaluate``, after all callbacks of the script have run.

No callback is injected, so that the script's list of callbacks stays as written: the methods of
``CallbackList`` are wrapped instead, and listeners see History, EarlyStopping and the like already updated.
"""

import functools
import inspect
from typing import Any, Callable, Dict, Iterator, List, Optional

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses

Arguments = Dict[str, Any]


class FitListener:
    """Does nothing; listeners override what they need. Calls come in the order in which listeners are given."""

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        """Called before ``fit`` number ``fit_number`` (from 1).

        Args:
            arguments: all arguments of ``fit`` by name; a listener may change them in place.

        Returns:
            The epoch to begin with, from 0; the largest answer of all listeners and of the script wins.
        """
        return 0

    def on_train_begin(self, callback_list: Any) -> None:
        """The model is built where Keras could build it; callbacks have been reset."""

    def on_epoch_begin(self, callback_list: Any, epoch: int) -> None:
        """``epoch`` counts from 0, as in Keras."""

    def on_train_batch_end(self, callback_list: Any, batch: int, logs: Any) -> None:
        """``logs`` holds tensors: reading them costs a synchronisation."""

    def on_epoch_end(self, callback_list: Any, epoch: int, logs: Dict[str, float]) -> None:
        """``epoch`` counts from 0; ``logs`` holds the ``val_*`` values too, and is for all listeners to read."""

    def on_train_end(self, callback_list: Any) -> None:
        """Best weights are restored where a callback does so."""

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        """``fit`` has returned normally; ``history`` is what it returned."""

    def before_evaluate(self, model: Any, arguments: Arguments) -> Optional[Dict[str, float]]:
        """The script calls ``evaluate`` (``fit`` validates without this call); arguments may be changed in place.

        Metrics that are returned here are given to the script, and ``evaluate`` does not run.
        """
        return None

    def after_evaluate(self, model: Any, metrics: Dict[str, float]) -> None:
        """``metrics`` are the named results of the script's ``evaluate``."""

    def left_out(self, error: Exception) -> None:
        """The listener has failed with ``error`` and hears of nothing any more; what it promised no longer holds."""


_NOBODY = FitListener()


class FitEvents:
    """Wraps Keras' training loop once and tells ``listeners``, an ordered list that may still grow.

    A listener that fails must not end the training of the script: it is left out from then on. What ends a training on
    purpose is no ``Exception``, and passes.

    Args:
        note_left_out: is told of each listener that is left out, and why.
    """

    def __init__(
        self, listeners: List[FitListener], note_left_out: Callable[[FitListener, Exception], None]
    ) -> None:
        self.listeners = listeners
        self._of_batches: List[FitListener] = []  # those that do something after each batch
        self._note_left_out = note_left_out
        self.fit_number = 0
        self._fit_depth = 0
        self._evaluate_depth = 0

    @property
    def in_fit(self) -> bool:
        """Whether a ``fit`` is running."""
        return self._fit_depth > 0

    def install(self, classes: KerasClasses) -> None:
        """Patch ``fit``, ``evaluate`` and the list of callbacks."""
        classes.trainer.fit = self._wrap_fit(classes.trainer.fit)
        classes.trainer.evaluate = self._wrap_evaluate(classes.trainer.evaluate)
        for name, tell in (
            ("on_train_begin", self._tell_train_begin),
            ("on_epoch_begin", self._tell_epoch_begin),
            ("on_train_batch_end", self._tell_batch_end),
            ("on_epoch_end", self._tell_epoch_end),
            ("on_train_end", self._tell_train_end),
        ):
            setattr(classes.callback_list, name, self._wrap_callback(getattr(classes.callback_list, name), tell))

    def _wrap_fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def fit(model: Any, /, *args: Any, **kwargs: Any) -> Any:
            if self._fit_depth > 0:
                return original(model, *args, **kwargs)
            arguments = _by_name(signature, model, args, kwargs)
            self.fit_number += 1
            self._begin_fit(model, arguments)
            self._fit_depth += 1
            try:
                history = original(model, **arguments)
            finally:
                self._fit_depth -= 1
            self._tell("after_fit", model, self.fit_number, history)
            return history

        return fit

    def _begin_fit(self, model: Any, arguments: Arguments) -> None:
        first_epochs = self._tell("before_fit", model, self.fit_number, arguments["epochs"], arguments)
        arguments["initial_epoch"] = max([arguments["initial_epoch"], *first_epochs])

    def _wrap_evaluate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def evaluate(model: Any, /, *args: Any, **kwargs: Any) -> Any:
            if kwargs.get("_use_cached_eval_dataset") or self._evaluate_depth > 0:
                return original(model, *args, **kwargs)
            arguments = _by_name(signature, model, args, kwargs)
            wants_dictionary = arguments["return_dict"]
            self._evaluate_depth += 1
            try:
                answers = self._tell("before_evaluate", model, arguments)
                arguments["return_dict"] = True
                metrics = next((answer for answer in answers if answer is not None), None)
                if metrics is None:
                    metrics = original(model, **arguments)
                self._tell("after_evaluate", model, metrics)
            finally:
                self._evaluate_depth -= 1
            return metrics if wants_dictionary else in_order(model, metrics)

        return evaluate

    def _wrap_callback(self, original: Callable[..., Any], tell: Callable[..., None]) -> Callable[..., Any]:
        @functools.wraps(original)
        def on_event(callback_list: Any, *args: Any, **kwargs: Any) -> None:
            original(callback_list, *args, **kwargs)
            if self._fit_depth > 0:
                tell(callback_list, *args, **kwargs)

        return on_event

    def _tell(self, event: str, *arguments: Any) -> List[Any]:
        """Call the method ``event`` of all listeners; return the answers of those that have not failed."""
        return self._tell_remaining(iter(self.listeners), event, *arguments)

    def _tell_remaining(self, listeners: Iterator[FitListener], event: str, *arguments: Any) -> List[Any]:
        answers = []
        for listener in listeners:
            try:
                answers.append(getattr(listener, event)(*arguments))
            except Exception as error:
                self._leave_out(listener, error)
        return answers

    def _leave_out(self, listener: FitListener, error: Exception) -> None:
        # A new list: whoever goes through the old one, which may be an enclosing event, misses none of the others.
        self.listeners = [other for other in self.listeners if other is not listener]
        self._of_batches = _of_batches(self.listeners)
        self._note_left_out(listener, error)

    def _tell_train_begin(self, callback_list: Any, logs: Any = None) -> None:
        self._tell("on_train_begin", callback_list)

    def _tell_epoch_begin(self, callback_list: Any, epoch: int, logs: Any = None) -> None:
        self._of_batches = _of_batches(self.listeners)
        self._tell("on_epoch_begin", callback_list, epoch)

    def _tell_batch_end(self, callback_list: Any, batch: int, logs: Any = None) -> None:
        """The same as ``_tell``, at the price of a plain loop: this runs after each batch."""
        listeners, listener = iter(self._of_batches), _NOBODY
        try:
            for listener in listeners:
                listener.on_train_batch_end(callback_list, batch, logs)
        except Exception as error:
            self._leave_out(listener, error)
            self._tell_remaining(listeners, "on_train_batch_end", callback_list, batch, logs)

    def _tell_epoch_end(self, callback_list: Any, epoch: int, logs: Any = None) -> None:
        self._tell("on_epoch_end", callback_list, epoch, _as_numbers(logs or {}))

    def _tell_train_end(self, callback_list: Any, logs: Any = None) -> None:
        self._tell("on_train_end", callback_list)


def _of_batches(listeners: List[FitListener]) -> List[FitListener]:
    return [one for one in listeners if type(one).on_train_batch_end is not FitListener.on_train_batch_end]


def in_order(model: Any, metrics: Dict[str, Any]) -> Any:
    """Return the values as Keras does without ``return_dict``: a list, or a single number."""
    if hasattr(model, "_flatten_metrics_in_order"):
        return model._flatten_metrics_in_order(metrics)
    names = [name for name in model.metrics_names if name in metrics]  # Keras 2
    values = [metrics[name] for name in [*names, *sorted(set(metrics) - set(names))]]
    return values[0] if len(values) == 1 else values


def _as_numbers(logs: Dict[str, Any]) -> Dict[str, Any]:
    """Return ``logs`` with tensors of one number as floats, and without the nesting of a ``train_step`` of its own."""
    return {
        name: float(value) if not isinstance(value, str) and getattr(value, "shape", ()) == () else value
        for name, value in flat_logs(logs).items()
    }


def flat_logs(logs: Dict[str, Any]) -> Dict[str, Any]:
    """Return ``logs`` with the entries of dictionaries in it beside the others, as Keras' progress bar shows them."""
    flat: Dict[str, Any] = {}
    for name, value in logs.items():
        flat.update(flat_logs(value) if isinstance(value, dict) else {name: value})
    return flat


def _by_name(signature: inspect.Signature, model: Any, args: Any, kwargs: Any) -> Arguments:
    """Return all arguments by name, defaults included, without ``self`` and without an empty ``**kwargs``."""
    bound = signature.bind(model, *args, **kwargs)
    bound.apply_defaults()
    arguments = dict(bound.arguments)
    arguments.pop("self")
    arguments.update(arguments.pop("kwargs", {}))
    return arguments
