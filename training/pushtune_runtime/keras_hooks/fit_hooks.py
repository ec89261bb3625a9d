"""Finds and overrides the number of epochs and the batch size, and keeps to the budget of epochs."""

import functools
import inspect
from typing import Any, Dict, List, Optional

from pushtune_runtime.call_sites import CallSite
from pushtune_runtime.keras_hooks.dataset_recipes import FOLDER_FUNCTIONS
from pushtune_runtime.keras_hooks.keras_classes import KerasClasses, replace_functions
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session

DEFAULT_BATCH_SIZE = 32  # of fit, for arrays (Keras documentation)
_MARK = "_pushtune_batch_parameter"


class FitHooks:
    """Wraps ``fit`` outside of everything else, and the functions that put samples into batches.

    Attributes:
        asked_epochs: epochs that the newest ``fit`` was asked for, overrides included, the budget not.
    """

    def __init__(self, session: Session, registry: ParameterRegistry) -> None:
        self._session = session
        self._registry = registry
        self._batch_parameters: List[str] = []
        self._used: List[str] = []
        self.asked_epochs = 0

    def install(self, classes: KerasClasses) -> None:
        """Patch ``fit`` and whatever takes the size of a batch; call after ``FitEvents.install``."""
        from tensorflow.python.data.ops.dataset_ops import DatasetV2

        classes.trainer.fit = self._wrap_fit(classes.trainer.fit)
        DatasetV2.batch = self._wrap_batched(DatasetV2.batch, "batch")
        for name in ("flow", "flow_from_directory", "flow_from_dataframe"):
            generator = classes.image_data_generator
            setattr(generator, name, self._wrap_batched(getattr(generator, name), name))
        replace_functions(classes, FOLDER_FUNCTIONS, self._wrap_batched)

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
            self.asked_epochs = bound.arguments["epochs"]
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
        self.note_trained_on(arguments["x"])

    def note_trained_on(self, data: Any) -> None:
        """Keep the size of the batches of ``data``, a data set: weights are updated with them."""
        found = _parameter_of(data)
        if found is not None and found not in self._used:
            self._used.append(found)

    def _limit(self, arguments: Dict[str, Any]) -> None:
        budget = self._session.request.epoch_budget
        if budget is not None:
            arguments["epochs"] = min(arguments["epochs"], arguments["initial_epoch"] + budget)

    def _wrap_batched(self, original: Any, owner: str) -> Any:
        """Wrap a function with an argument ``batch_size`` that returns the data, or several parts of it."""
        signature = inspect.signature(original)

        @functools.wraps(original)
        def batched(*args: Any, **kwargs: Any) -> Any:
            site = self._registry.sites.here(owner)
            if site is None:
                return original(*args, **kwargs)
            bound = signature.bind(*args, **kwargs)
            explicit = "batch_size" in bound.arguments
            bound.apply_defaults()
            size = bound.arguments["batch_size"]
            if isinstance(size, bool) or not isinstance(size, int):
                return original(*args, **kwargs)
            identity, wanted = self._registry.see(site, ("batch_size", owner, "batch_size"), size, explicit)
            bound.arguments["batch_size"] = int(wanted)
            self._batch_parameters.append(identity)
            result = original(*bound.args, **bound.kwargs)
            for data in result if isinstance(result, (tuple, list)) else [result]:
                setattr(data, _MARK, identity)
            return result

        return batched

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
