"""Finds the model that a loop of the script's own has trained, by the variables that were updated."""

import gc
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pushtune_runtime.session import Session

MODELS_SHOWN = 4


class UpdatedModels:
    """Notes what is updated, and finds the models afterwards, when they are complete.

    Attributes:
        in_turns: whether several are trained side by side, as those that train each other are, and not one after
            the other.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._models: List[Any] = []  # whose train_on_batch was called
        self._variables: Dict[int, Tuple[Any, List[Any]]] = {}  # id of an optimizer -> itself, what it updated last
        self._last: Any = None  # the model or the optimizer that was at work last
        self._found: Optional[List[Any]] = None
        self._updates: Dict[int, int] = {}  # id of an optimizer -> its updates up to the newest epoch
        self.in_turns = False

    def note_model(self, model: Any) -> None:
        """``train_on_batch`` of ``model`` was called."""
        if not any(known is model for known in self._models):
            self._models.append(model)
        elif self._last is not model:
            self.in_turns = True
        self._last = model

    def note_variables(self, optimizer: Any, variables: Sequence[Any]) -> None:
        """``optimizer`` was told to update ``variables``."""
        self._variables[id(optimizer)] = (optimizer, list(variables))
        self._last = optimizer

    def end_epoch(self) -> None:
        """An epoch has ended: two optimizers that were at work in it train in turns."""
        updates = {id(one): int(one.iterations.numpy()) for one in self.optimizers}
        moved = [identity for identity, count in updates.items() if count != self._updates.get(identity, 0)]
        self.in_turns = self.in_turns or len(moved) > 1
        self._updates = updates

    @property
    def optimizers(self) -> List[Any]:
        """The optimizers that have updated something."""
        return [optimizer for optimizer, _ in self._variables.values()]

    def find(self, model_class: Any) -> List[Any]:
        """Return the models that were trained, the one that was updated last at the end.

        Call it when the script has ended. Warns where they are several, and where variables belong to no model.
        """
        if self._found is None:
            self._found = self._search(model_class)
        return self._found

    def _search(self, model_class: Any) -> List[Any]:
        found: List[Any] = list(self._models)
        candidates = _models_alive(model_class) if self._variables else []
        for optimizer, variables in self._variables.values():
            model = _owner(candidates, variables)
            if model is None:
                self._warn_about_no_model(optimizer)
                continue
            found = [other for other in found if other is not model] + [model]
        if any(self._last is model for model in self._models):
            found = [other for other in found if other is not self._last] + [self._last]
        if len(found) > 1:
            names = ", ".join(str(getattr(model, "name", "")) for model in found[:MODELS_SHOWN])
            self._session.warn(
                f"the script trains several models ({names}): the one that was updated last, {found[-1].name}, is "
                "saved and registered"
            )
        return found

    def _warn_about_no_model(self, optimizer: Any) -> None:
        self._session.warn(
            f"what {type(optimizer).__name__} updates belongs to no Keras model, so nothing can be saved and "
            "registered; let a keras.Model hold the layers, and apply the gradients to its trainable_variables"
        )


def _models_alive(model_class: Any) -> List[Any]:
    """Return the models that exist, without those that are only the inside of another."""
    models = [item for item in gc.get_objects() if issubclass(type(item), model_class)]
    inner = {id(getattr(model, "_functional", None)) for model in models}
    return [model for model in models if id(model) not in inner]


def _owner(models: List[Any], variables: List[Any]) -> Any:
    """Return the model that holds all ``variables`` and the fewest others, the outermost of equals.

    Where none holds all (an encoder and a decoder that are updated together), the one that holds most of them.
    """
    wanted = {id(variable) for variable in variables}
    held = [(model, {id(variable) for variable in model.trainable_variables}) for model in models]
    sharing = [(model, own) for model, own in held if own & wanted]
    if not sharing:
        return None
    most = max(len(own & wanted) for _, own in sharing)
    best = [(model, own) for model, own in sharing if len(own & wanted) == most]
    fewest = min(len(own) for _, own in best)
    smallest = [model for model, own in best if len(own) == fewest]
    within = {id(layer) for model in smallest for layer in model._flatten_layers(include_self=False)}
    return next((model for model in smallest if id(model) not in within), smallest[-1])
