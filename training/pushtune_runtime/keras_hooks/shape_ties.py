"""Which widths of a model can change alone, which only together, and which not at all.

Every tensor of the graph belongs to a channel group (union-find over the last axis). A layer with a width of its own
starts a group; what passes channels on stays in it; sums unite groups; concatenation and flattening end them. Inputs,
outputs and everything that an unknown operation touches are frozen.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Set, Tuple

import numpy as np

from pushtune_runtime.holdout import take
from pushtune_runtime.keras_hooks.fit_events import FitListener
from pushtune_runtime.keras_hooks.fit_hooks import is_array_like
from pushtune_runtime.keras_hooks.layer_hooks import LayerHooks
from pushtune_runtime.parameter_registry import ParameterRegistry

WIDTHS = ("units", "filters", "output_dim")
WIDTH_LAYERS = frozenset({
    "Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "SeparableConv1D", "SeparableConv2D",
    "LSTM", "GRU", "SimpleRNN", "Embedding", "Bidirectional", "TimeDistributed",
})  # fmt: skip
PASSING = frozenset({
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "SELU", "GELU", "Softmax", "Dropout", "SpatialDropout1D",
    "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "AlphaDropout", "BatchNormalization", "LayerNormalization",
    "Identity", "Masking", "ActivityRegularization", "RepeatVector", "Rescaling", "MaxPooling1D", "MaxPooling2D",
    "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "UpSampling1D", "UpSampling2D",
    "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "Relu", "Sigmoid", "Tanh", "Gelu", "Silu",
})  # fmt: skip
MERGING = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Divide"})
OUTPUT_REASON = "sets the shape of the model's output"
UNKNOWN_REASON = "goes into an operation whose shapes are not known"
OUTSIDE_REASON = "is not in a graph that can be read, so what depends on its shape is not known"

NAMED_REASON = "shapes that depend on it are not known, but its constant is used for all of them"


class ChannelGroups:
    """Union-find over tensors and parameters; a group may be frozen with a reason."""

    def __init__(self) -> None:
        self._parents: Dict[Any, Any] = {}
        self.frozen: Dict[Any, str] = {}

    def root(self, key: Any) -> Any:
        """Return the representative of the group of ``key``."""
        while key in self._parents:
            key = self._parents[key]
        return key

    def unite(self, first: Any, second: Any) -> None:
        """Make one group of two; frozen if one of them is."""
        one, other = self.root(first), self.root(second)
        if one != other:
            self._parents[other] = one
            if other in self.frozen:
                self.frozen.setdefault(one, self.frozen[other])

    def freeze(self, key: Any, reason: str) -> None:
        """Freeze the group of ``key``."""
        self.frozen.setdefault(self.root(key), reason)


@dataclass
class GraphFacts:
    """What is known about layers from the graphs that they are in; layers are named by ``id``."""

    visited: Set[int] = field(default_factory=set)
    outputs: Set[int] = field(default_factory=set)
    before_dropout: Set[int] = field(default_factory=set)


class GraphTies:
    """The channel groups of one functional graph.

    ``widths`` maps ``id(layer)`` to the id of the parameter that sets its width.
    """

    def __init__(self, widths: Dict[int, str], facts: GraphFacts) -> None:
        self._widths = widths
        self._facts = facts
        self._makers: Dict[int, List[int]] = {}  # tensor -> layers whose output it still is, activations passed over
        self.groups = ChannelGroups()
        self.reached: Set[str] = set()

    def read(self, graph: Any) -> None:
        """Walk the nodes of ``graph`` (a functional model) from its inputs to its outputs."""
        for tensor in graph.inputs:
            self.groups.freeze(id(tensor), "is an input of the model")
        for node in _nodes_in_order(graph):
            if not node.is_input:
                self._read_node(*_parts(node))
        for tensor in graph.outputs:
            self.groups.freeze(id(tensor), OUTPUT_REASON)
            self._facts.outputs.update(self._makers.get(id(tensor), []))

    def _read_node(self, operation: Any, inputs: List[Any], outputs: List[Any]) -> None:
        name = kind_of(operation)
        self._follow(operation, name, inputs, outputs)
        if name in WIDTH_LAYERS and len(inputs) == 1:
            self._start(operation, outputs)
        elif name == "MultiHeadAttention" or (name in PASSING and len(inputs) == 1):
            self._unite_all(inputs[:1] + outputs)
        elif name in MERGING and _same_width(inputs + outputs):
            self._unite_all(inputs + outputs)
        elif name == "Flatten" or (name == "Concatenate" and _along_channels(operation, outputs[0])):
            return
        else:
            self._read_unknown(operation, inputs + outputs)

    def _follow(self, operation: Any, name: str, inputs: List[Any], outputs: List[Any]) -> None:
        """Note which layers a tensor comes from, and which are followed by dropout."""
        self._facts.visited.add(id(operation))
        before = [maker for tensor in inputs for maker in self._makers.get(id(tensor), [])]
        if "Dropout" in name:
            self._facts.before_dropout.update(before)
        makers = [*before, id(operation)] if name in PASSING else [id(operation)]
        self._makers.update({id(tensor): makers for tensor in outputs})

    def _start(self, operation: Any, outputs: List[Any]) -> None:
        parameter = self._widths.get(id(operation))
        for tensor in outputs:
            if parameter is None:
                self.groups.freeze(id(tensor), UNKNOWN_REASON)
            else:
                self.reached.add(parameter)
                self.groups.unite(id(tensor), parameter)

    def _unite_all(self, tensors: List[Any]) -> None:
        for tensor in tensors[1:]:
            self.groups.unite(id(tensors[0]), id(tensor))

    def _read_unknown(self, operation: Any, tensors: List[Any]) -> None:
        for tensor in tensors:
            self.groups.freeze(id(tensor), UNKNOWN_REASON)
        inner = functional_graph(operation)
        if inner is not None:
            self.read(inner)


class ShapeTies(FitListener):
    """Reads the graph of each model that was trained, and tells the registry what may change."""

    def __init__(self, registry: ParameterRegistry, layers: LayerHooks) -> None:
        self._registry = registry
        self._layers = layers
        self._inputs: Any = None
        self._reached: Set[str] = set()
        self._output_widths: Set[Any] = set()
        self.facts = GraphFacts()

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Dict[str, Any]) -> int:
        self._inputs = arguments["x"]
        return 0

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        """The model is complete now, whichever way it was written."""
        try:
            self._read(model)
        except Exception as error:  # what is not understood is not offered
            self._registry.warn(f"the shapes of the model could not be read: {type(error).__name__}: {error}"[:300])

    def _read(self, model: Any) -> None:
        graph = functional_graph(model) or self._traced(model)
        if graph is None:
            self._output_widths.update(self._observed_output_widths(model))
            return
        self._output_widths.update(tensor.shape[-1] for tensor in graph.outputs if len(tensor.shape))
        ties = GraphTies(dict(self._widths()), self.facts)
        ties.read(graph)
        self._reached |= ties.reached
        self._tell(ties)

    def _widths(self) -> Iterator[Tuple[int, str]]:
        for layer, names in self._layers.of_layer.items():
            for argument in WIDTHS:
                if argument in names:
                    yield layer, names[argument]

    def _traced(self, model: Any) -> Any:
        """Return the graph of a subclassed model by calling it on symbolic inputs; None where that fails."""
        if not is_array_like(self._inputs) or isinstance(self._inputs, (list, tuple, dict)):
            return None
        import keras

        try:
            inputs = keras.Input(self._inputs.shape[1:])
            return keras.Model(inputs, model.call(inputs))
        except Exception:  # the script's own code on values that it does not expect
            return None

    def _observed_output_widths(self, model: Any) -> List[Any]:
        """Return the widths of what the model gives for two samples; 1 where it cannot be asked."""
        try:
            outputs = model(take(self._inputs, np.arange(2)), training=False)
        except Exception:  # the script's own code on values that it does not expect
            return [1]
        if isinstance(outputs, dict):
            outputs = list(outputs.values())
        tensors = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return [tensor.shape[-1] for tensor in tensors if len(tensor.shape)]

    def _tell(self, ties: GraphTies) -> None:
        first_of_group: Dict[Any, str] = {}
        for parameter in sorted(ties.reached):
            root = ties.groups.root(parameter)
            self._registry.unite(first_of_group.setdefault(root, parameter), parameter)
            if root in ties.groups.frozen:
                self._registry.seen[parameter].freeze(ties.groups.frozen[root])

    def finish(self) -> None:
        """Freeze the widths that were in no graph, and thaw those whose constant keeps all its uses equal.

        Who gives a width a name expects it to be changed. A width as large as the output may be the number of classes:
        a wider softmax would train without any error.
        """
        for _, parameter in self._widths():
            seen = self._registry.seen.get(parameter)
            if seen is None:
                continue
            if parameter not in self._reached:
                seen.freeze(OUTSIDE_REASON)
            unknown = seen.reason in (OUTSIDE_REASON, UNKNOWN_REASON)
            if unknown and seen.named and self._output_widths and seen.value not in self._output_widths:
                seen.tunable, seen.reason = True, NAMED_REASON


def kind_of(operation: Any) -> str:
    """Return the name of the class of Keras that decides the shapes of ``operation``.

    A class of the script that keeps the ``call`` of its base behaves like the base; any other is not known: "".
    """
    for known in type(operation).__mro__:
        if known.__module__.split(".")[0] == "keras":
            return str(known.__name__)
        if "call" in vars(known) or "compute_output_shape" in vars(known):
            return ""
    return ""


def functional_graph(model: Any) -> Any:
    """Return the functional graph of a Sequential or functional model; None for anything else."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") else None


def _nodes_in_order(graph: Any) -> Iterator[Any]:
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from graph._nodes_by_depth[depth]


def _parts(node: Any) -> Tuple[Any, List[Any], List[Any]]:
    """Return operation, inputs and outputs of a node of Keras 3 or Keras 2."""
    if hasattr(node, "operation"):
        return node.operation, list(node.arguments.keras_tensors), list(node.outputs)
    outputs = node.outputs if isinstance(node.outputs, (list, tuple)) else [node.outputs]
    return node.layer, list(node.keras_inputs), list(outputs)


def _same_width(tensors: List[Any]) -> bool:
    return len({tensor.shape[-1] if len(tensor.shape) else None for tensor in tensors}) == 1


def _along_channels(operation: Any, output: Any) -> bool:
    return operation.axis in (-1, len(output.shape) - 1)
