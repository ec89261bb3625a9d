"""Finds and overrides the number of epochs and the batch size, and keeps to the budget of epochs."""

import functools
import inspect
from typing import Any, Dict, List, Optional

from pushtune_runtime.call_sites import CallSite
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session

DEFAULT_BATCH_SIZE = 32  # of fit, for arrays (Keras documentation)
_MARK = "_pushtune_batch_parameter"


class FitHooks:
    """Wraps ``fit`` outside of everything else, and ``tf.data.Dataset.batch``."""

    def __init__(self, session: Session, registry: ParameterRegistry) -> None:
        self._session = session
        self._registry = registry
        self._batch_parameters: List[str] = []
        self._used: List[str] = []

    def install(self) -> None:
        """Patch ``TensorFlowTrainer.fit`` and ``tf.data.Dataset.batch``; call after ``FitEvents.install``."""
        import tensorflow
        from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

        TensorFlowTrainer.fit = self._wrap_fit(TensorFlowTrainer.fit)
        tensorflow.data.Dataset.batch = self._wrap_batch(tensorflow.data.Dataset.batch)

    def _wrap_fit(self, original: Any) -> Any:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def fit(model: Any, /, *args: Any, **kwargs: Any) -> Any:
            site = self._registry.sites.here("fit")
            bound = signature.bind(model, *args, **kwargs)
            explicit = set(bound.arguments)
            bound.apply_defaults()
            if site is not None:
                self._see_epochs(site, bound.arguments, "epochs" in explicit)
                self._see_batch_size(site, bound.arguments)
            self._limit(bound.arguments)
            return original(*bound.args, **bound.kwargs)

        return fit

    def _see_epochs(self, site: CallSite, arguments: Dict[str, Any], explicit: bool) -> None:
        given = int(arguments["epochs"])
        _, epochs = self._registry.see(site, ("epochs", "fit", "epochs"), given, explicit)
        arguments["epochs"] = max(1, int(epochs))

    def _see_batch_size(self, site: CallSite, arguments: Dict[str, Any]) -> None:
        if is_array_like(arguments["x"]):
            given = arguments["batch_size"]
            _, size = self._registry.see(
                site, ("batch_size", "fit", "batch_size"), int(given or DEFAULT_BATCH_SIZE), given is not None
            )
            if size != (given or DEFAULT_BATCH_SIZE):
                arguments["batch_size"] = int(size)
            return
        found = _parameter_of(arguments["x"])
        if found is not None and found not in self._used:
            self._used.append(found)

    def _limit(self, arguments: Dict[str, Any]) -> None:
        budget = self._session.request.epoch_budget
        if budget is not None:
            arguments["epochs"] = min(arguments["epochs"], arguments["initial_epoch"] + budget)

    def _wrap_batch(self, original: Any) -> Any:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def batch(dataset: Any, /, *args: Any, **kwargs: Any) -> Any:
            site = self._registry.sites.here("batch")
            bound = signature.bind(dataset, *args, **kwargs)
            size = bound.arguments["batch_size"]
            if site is None or not isinstance(size, int):
                return original(dataset, *args, **kwargs)
            identity, wanted = self._registry.see(site, ("batch_size", "batch", "batch_size"), size, True)
            bound.arguments["batch_size"] = int(wanted)
            self._batch_parameters.append(identity)
            batched = original(*bound.args, **bound.kwargs)
            setattr(batched, _MARK, identity)
            return batched

        return batch

    def finish(self) -> None:
        """Drop the batch sizes of data sets that were never trained on: they change nothing but speed."""
        for identity in self._batch_parameters:
            if identity not in self._used:
                self._registry.seen.pop(identity, None)


def is_array_like(data: Any) -> bool:
    """Return whether ``fit`` takes ``data`` as arrays, which it batches itself."""
    first = data
    while isinstance(first, (list, tuple, dict)) and first:
        first = next(iter(first.values())) if isinstance(first, dict) else first[0]
    return hasattr(first, "shape") and hasattr(first, "__getitem__") and not hasattr(first, "element_spec")


def _parameter_of(data: Any) -> Optional[str]:
    """Return the parameter of the newest ``batch`` that the data set ``data`` went through."""
    for _ in range(100):
        mark = getattr(data, _MARK, None)
        if isinstance(mark, str):
            return mark
        data = getattr(data, "_input_dataset", None)
        if data is None:
            return None
    return None
