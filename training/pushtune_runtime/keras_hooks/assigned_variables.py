"""Which variables a traced function of TensorFlow changes: read from its graph, nested functions included."""

from typing import Any, Dict, Iterable, Iterator, Set

# Operations whose first input is the variable that they change. Generators keep their state in one.
PREFIXES = ("Assign", "ResourceApply", "ResourceSparseApply", "ResourceScatter", "ResourceStridedSliceAssign")
GENERATOR_OPERATIONS = frozenset({
    "RngReadAndSkip", "RngSkip", "StatefulUniform", "StatefulUniformInt", "StatefulUniformFullInt",
    "StatefulStandardNormalV2", "StatefulTruncatedNormal", "StatefulRandomBinomial",
})  # fmt: skip


def assigned_handles(functions: Iterable[Any]) -> Set[int]:
    """Return the ``id`` of the handle of each variable outside ``functions``, concrete ones, that these change."""
    return {handle for function in functions for handle in _of_graph(function.graph)}


def handles_of(variables: Iterable[Any]) -> Set[int]:
    """Return the ``id`` of each variable's handle, which stays the same object as long as the variable lives."""
    return {id(getattr(variable, "handle", None)) for variable in variables}


def _of_graph(graph: Any) -> Iterator[int]:
    definition = graph.as_graph_def()
    library = {function.signature.name: function for function in definition.library.function}
    outside = {inner.op.name: id(outer) for outer, inner in graph.captures}
    for node in definition.node:
        for position in _changed_inputs(node, library, {}):
            name = node.input[position].split(":")[0]
            if name in outside:
                yield outside[name]


def _changed_inputs(node: Any, library: Dict[str, Any], known: Dict[str, Set[int]]) -> Set[int]:
    """Return the positions of those inputs of an operation that are variables which it changes."""
    if node.op.startswith(PREFIXES) or node.op in GENERATOR_OPERATIONS:
        return {0}
    first = 1 if node.op in ("If", "StatelessIf", "Case", "StatelessCase") else 0  # what chooses the branch
    called = [value.func.name for value in node.attr.values() if value.HasField("func")]
    called += [function.name for value in node.attr.values() for function in value.list.func]
    changed = {first + position for name in called for position in _changed_arguments(name, library, known)}
    return {position for position in changed if position < len(node.input)}


def _changed_arguments(name: str, library: Dict[str, Any], known: Dict[str, Set[int]]) -> Set[int]:
    if name not in known:
        known[name] = set()  # a function that calls itself
        if name in library:
            arguments = {argument.name: number for number, argument in enumerate(library[name].signature.input_arg)}
            for node in library[name].node_def:
                names = [node.input[position].split(":")[0] for position in _changed_inputs(node, library, known)]
                known[name] |= {arguments[argument] for argument in names if argument in arguments}
    return known[name]
