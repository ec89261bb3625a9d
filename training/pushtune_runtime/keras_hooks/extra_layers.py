"""Offers layers that the script does not have: dropout after a hidden layer, and more layers of the same width.

Both keep the shape of what they follow, so no tie of the model can break. In Sequential and functional models they
become layers like any other (the saved model loads everywhere); in a subclassed model they belong to the layer that
they follow.
"""

import sys
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Dict, List, Optional

from pushtune_runtime.call_sites import CallSite
from pushtune_runtime.keras_hooks.shape_ties import GraphFacts
from pushtune_runtime.parameter_registry import ParameterRegistry

DROPOUT_AFTER = ("Dense", "Conv2D", "Flatten")
DEEPENED = ("Dense", "Conv2D")
DEFAULT_ACTIVATION = "relu"  # for a layer whose activation is a layer of its own


@dataclass
class _Offer:
    """One call of the script, and the layers that it has made."""

    parameters: List[str]
    layers: List[int] = field(default_factory=list)


class ExtraLayers:
    """Registers the offers, and inserts what the request asks for."""

    def __init__(self, registry: ParameterRegistry) -> None:
        self._registry = registry
        self._offers: Dict[str, _Offer] = {}
        self._waiting: Dict[int, List[Any]] = {}  # id of a layer -> layers to put behind it
        self._keras: Any = None

    def install(self, keras: Any) -> None:
        """Patch ``Sequential.add`` and the call of layers."""
        from keras.src.layers.layer import Layer
        from keras.src.models.sequential import Sequential

        self._keras = keras
        Sequential.add = self._wrap_add(Sequential.add)
        Layer.__call__ = self._wrap_call(Layer.__call__)

    def offer(self, layer: Any, site: CallSite, owner: str) -> None:
        """Register what may follow ``layer``, which the script has just made; keep what is asked for."""
        if owner not in DROPOUT_AFTER or self._keras is None:
            return
        extra_layers, dropout = 0, 0.0
        parameters = []
        if owner in DEEPENED:
            name, value = self._registry.see(site, ("other", owner, "extra_layers"), 0, False)
            parameters.append(name)
            extra_layers = max(0, int(value))
        name, value = self._registry.see(site, ("dropout", owner, "added_dropout"), 0.0, False)
        parameters.append(name)
        dropout = float(value)
        self._offers.setdefault(parameters[0], _Offer(parameters)).layers.append(id(layer))
        extras = self._make(layer, owner, extra_layers, dropout)
        if extras:
            self._waiting[id(layer)] = extras
            if _is_made_by_a_layer(self._keras.layers.Layer):
                layer._pushtune_extra_layers = extras

    def withdraw(self, layer: Any) -> None:
        """A wrapper has taken ``layer``: nothing can be put behind it."""
        self._waiting.pop(id(layer), None)
        for offer in self._offers.values():
            if id(layer) in offer.layers:
                self._forget(offer)

    def _make(self, layer: Any, owner: str, number: int, dropout: float) -> List[Any]:
        layers = self._keras.layers
        self._registry.sites.paused = True
        try:
            extras = [_same_again(layers, layer, owner, f"{layer.name}_extra_{count + 1}") for count in range(number)]
            if dropout > 0.0:
                extras.append(layers.Dropout(dropout, name=f"{layer.name}_added_dropout"))
        finally:
            self._registry.sites.paused = False
        return extras

    def _wrap_add(self, original: Any) -> Any:
        def add(model: Any, layer: Any, rebuild: bool = True) -> None:
            original(model, layer, rebuild=rebuild)
            extras = self._waiting.pop(id(layer), [])
            _detach(layer, extras)
            for extra in extras:
                original(model, extra, rebuild=rebuild)

        return add

    def _wrap_call(self, original: Any) -> Any:
        def call(layer: Any, /, *args: Any, **kwargs: Any) -> Any:
            extras = self._waiting.get(id(layer))
            if extras is None or "/keras/src/" in sys._getframe(1).f_code.co_filename:
                return original(layer, *args, **kwargs)  # most layers, and graphs that already hold the extra ones
            if _is_graph_call(args):
                _detach(layer, extras)
            output = original(layer, *args, **kwargs)
            for extra in extras:
                output = extra(output)
            return output

        return call

    def settle(self, facts: GraphFacts) -> None:
        """Withdraw offers behind output layers, before dropout that is there already, and outside of known graphs."""
        for offer in list(self._offers.values()):
            if any(layer in facts.outputs or layer not in facts.visited for layer in offer.layers):
                self._forget(offer)
            elif any(layer in facts.before_dropout for layer in offer.layers):
                self._registry.seen.pop(offer.parameters[-1], None)

    def _forget(self, offer: _Offer) -> None:
        for parameter in offer.parameters:
            self._registry.seen.pop(parameter, None)


def _same_again(layers: Any, layer: Any, owner: str, name: str) -> Any:
    activation = getattr(layer.activation, "__name__", "linear")
    activation = DEFAULT_ACTIVATION if activation == "linear" else activation
    if owner == "Dense":
        return layers.Dense(layer.units, activation=activation, name=name)
    return layers.Conv2D(layer.filters, layer.kernel_size, padding="same", activation=activation, name=name)


def _is_made_by_a_layer(layer_class: Any) -> bool:
    """Return whether a model or layer of the script makes the layer in its constructor: then there may be no graph."""
    frame: Optional[FrameType] = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        constructs = code.co_name in ("__init__", "build") and code.co_argcount > 0
        if constructs and "/keras/src/" not in code.co_filename and "/pushtune_runtime/" not in code.co_filename:
            return isinstance(frame.f_locals.get(code.co_varnames[0]), layer_class)
        frame = frame.f_back
    return False


def _is_graph_call(args: Any) -> bool:
    """Return whether the call makes a node of a functional graph, which holds the extra layers by itself."""
    from keras.src.backend.common import global_state
    from keras.src.backend.common.keras_tensor import any_symbolic_tensors

    return any_symbolic_tensors(args) and global_state.get_global_attribute("current_call_ctx") is None


def _detach(layer: Any, extras: List[Any]) -> None:
    """Let ``extras`` belong to the graph alone and no longer to ``layer``."""
    for extra in extras:
        if any(extra is known for known in layer._layers):
            layer._layers.remove(extra)
