"""Finds and overrides the arguments of layers; classes are patched, so that every style of import is covered."""

import functools
import inspect
import math
from typing import Any, Callable, Dict, List, Optional, Tuple

from pushtune_contract.parameters import Value
from pushtune_runtime.call_sites import CallSite
from pushtune_runtime.keras_hooks.keras_classes import KerasClasses
from pushtune_runtime.parameter_registry import ParameterRegistry

Role = str
HIDDEN_ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "tanh", "softplus", "mish")
OFFERED_ACTIVATIONS: Tuple[Value, ...] = ("relu", "elu", "gelu", "silu", "tanh")

_DENSE = {"units": "units", "activation": "activation"}
_CONVOLUTION = {"filters": "filters", "kernel_size": "kernel_size", "activation": "activation"}
_RECURRENT = {"units": "units", "dropout": "dropout", "recurrent_dropout": "dropout"}
_DROPOUT = {"rate": "dropout"}
TUNED_ARGUMENTS: Dict[str, Dict[str, Role]] = {
    "Dense": _DENSE,
    "EinsumDense": {"activation": "activation"},
    **{name: _CONVOLUTION for name in ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose")},
    **{name: _CONVOLUTION for name in ("SeparableConv1D", "SeparableConv2D")},
    "DepthwiseConv2D": {"kernel_size": "kernel_size", "activation": "activation"},
    **{name: _RECURRENT for name in ("LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell")},
    **{name: _DROPOUT for name in ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout")},
    "Embedding": {"output_dim": "units"},
    "MultiHeadAttention": {"num_heads": "other", "key_dim": "units", "dropout": "dropout"},
    "Activation": {"activation": "activation"},
    "Flatten": {},
}
WRAPPERS = ("Bidirectional", "TimeDistributed")


class LayerHooks:
    """Wraps the constructors of the layers in ``TUNED_ARGUMENTS``.

    Attributes:
        of_layer: ``id(layer)`` -> argument -> id of its parameter. The layers are kept alive, so that ids stay unique.
    """

    def __init__(
        self,
        registry: ParameterRegistry,
        on_new_layer: Callable[[Any, CallSite, str], None],
        on_wrapped_layer: Callable[[Any], None],
    ) -> None:
        self._registry = registry
        self._on_new_layer = on_new_layer
        self._on_wrapped_layer = on_wrapped_layer
        self.of_layer: Dict[int, Dict[str, str]] = {}
        self.layers: List[Any] = []

    def install(self, classes: KerasClasses) -> None:
        """Patch the classes of ``keras.layers``."""
        for name, roles in TUNED_ARGUMENTS.items():
            for layer_class in {getattr(module, name, None) for module in classes.modules("layers")} - {None}:
                self._patch(layer_class, name, roles)
        for name in WRAPPERS:
            for wrapper_class in {getattr(module, name) for module in classes.modules("layers")}:
                self._patch_wrapper(wrapper_class)

    def _patch(self, layer_class: Any, owner: str, roles: Dict[str, Role]) -> None:
        original = layer_class.__init__
        signature = inspect.signature(original)

        @functools.wraps(original)
        def constructor(layer: Any, /, *args: Any, **kwargs: Any) -> None:
            site = self._registry.sites.here(owner)
            bound = _bind(signature, layer, args, kwargs) if site else None
            if site is None or bound is None:
                original(layer, *args, **kwargs)
                return
            names = {}
            for argument, role in roles.items():
                seen = self._see(site, (role, owner, argument), bound.arguments)
                if seen is not None:
                    names[argument] = seen
            original(*bound.args, **bound.kwargs)
            self.layers.append(layer)
            self.of_layer[id(layer)] = names
            self._on_new_layer(layer, site, owner)

        _replace_constructor(layer_class, constructor, signature)

    def _see(self, site: Any, name: Tuple[str, str, str], arguments: Dict[str, Any]) -> Optional[str]:
        """Register one argument and write the wanted value back into ``arguments``; return the id of the parameter."""
        argument = name[2]
        # ``Dense(**options)`` of a subclass binds to the variable keywords of its constructor.
        holder = arguments if argument in arguments else arguments.get("kwargs", {})
        value = scalar_of(holder.get(argument))
        if value is None:
            return None
        choices = OFFERED_ACTIVATIONS if name[0] == "activation" else ()
        identity, wanted = self._registry.see(site, name, value, True, choices)
        if name[0] == "activation" and value not in HIDDEN_ACTIVATIONS:
            self._registry.seen[identity].freeze(f"{value} is chosen for its meaning, not for speed of learning")
        if wanted != value:
            holder[argument] = wanted
        return identity

    def _patch_wrapper(self, wrapper_class: Any) -> None:
        """A wrapper copies the layer that it is given: what is known of the one holds for the other."""
        original = wrapper_class.__init__
        signature = inspect.signature(original)

        @functools.wraps(original)
        def constructor(wrapper: Any, /, layer: Any, *args: Any, **kwargs: Any) -> None:
            original(wrapper, layer, *args, **kwargs)
            self._on_wrapped_layer(layer)
            if id(layer) in self.of_layer:
                self.layers.append(wrapper)
                self.of_layer[id(wrapper)] = self.of_layer[id(layer)]

        _replace_constructor(wrapper_class, constructor, signature)


def scalar_of(value: Any) -> Optional[Value]:
    """Return ``value`` as a number or text; ``(3, 3)`` counts as 3; None for anything else."""
    if isinstance(value, (tuple, list)) and value and all(item == value[0] for item in value):
        value = value[0]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    return value if isinstance(value, str) or math.isfinite(value) else None


def _bind(signature: inspect.Signature, layer: Any, args: Any, kwargs: Any) -> Optional[inspect.BoundArguments]:
    try:
        return signature.bind(layer, *args, **kwargs)
    except TypeError:
        return None  # the constructor itself says best what is wrong


def _replace_constructor(layer_class: Any, constructor: Any, signature: inspect.Signature) -> None:
    """Set ``constructor``. Keras compares two views of its signature, hence ``__signature__``."""
    constructor.__signature__ = signature
    layer_class.__init__ = constructor
