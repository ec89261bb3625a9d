"""What a data pipeline does, read from its graph: random numbers, Python code, order that depends on the pass."""

from dataclasses import dataclass
from typing import Any, FrozenSet, Iterator, Set

from pushtune_runtime.keras_hooks.assigned_variables import GENERATOR_OPERATIONS, assigned_handles

# Operations that draw from a state inside the running graph; seed and seed2 of 0 mean: seeded by the system.
RANDOM_OPERATIONS = frozenset({
    "RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal", "ParameterizedTruncatedNormal",
    "RandomShuffle", "RandomGamma", "RandomPoisson", "RandomPoissonV2", "Multinomial", "SampleDistortedBoundingBox",
    "SampleDistortedBoundingBoxV2",
})  # fmt: skip
PYTHON_OPERATIONS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
STATEFUL_OPERATIONS = GENERATOR_OPERATIONS | {"ReadVariableOp", "AssignVariableOp", "AssignAddVariableOp"}
# Data sets whose passes differ from each other or depend on how often they were opened.
CHANGING_DATASETS = ("Shuffle", "Random", "Generator", "Sample", "Rebatch", "LegacyRandom")
SPLIT = "a distribution strategy splits the data"


@dataclass(frozen=True)
class DataFacts:
    """What is known about the data of one pass.

    Attributes:
        arrays: the data is arrays, whose order is computed anew for each epoch.
        replayed: finished epochs have to be read again before training can go on.
        python: Python code of the script runs while reading, maybe ahead of the training in a thread.
        inexact: why reading again may give other data; empty where it gives the same.
        changes: handles, by ``id``, of the variables that reading changes.
    """

    arrays: bool
    replayed: bool
    python: bool
    inexact: str
    changes: FrozenSet[int] = frozenset()


def describe_data(iterator: Any) -> DataFacts:
    """Return the facts about a ``TFEpochIterator``; nothing is read."""
    import tensorflow as tf
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
    from keras.src.trainers.data_adapters.tf_dataset_adapter import TFDatasetAdapter

    spans_epochs = iterator.steps_per_epoch is not None
    # fit is often called outside the scope: the strategy is the one that the model was built with then.
    if tf.distribute.has_strategy() or iterator._distribute_strategy.num_replicas_in_sync > 1:
        return DataFacts(False, True, False, SPLIT)
    if isinstance(iterator.data_adapter, ArrayDataAdapter):
        return DataFacts(True, spans_epochs, False, "")
    if not isinstance(iterator.data_adapter, TFDatasetAdapter):
        return DataFacts(False, True, True, _workers(iterator.data_adapter))
    if not isinstance(iterator._distributed_dataset, tf.data.Dataset):
        return DataFacts(False, True, False, SPLIT)  # what a strategy makes of a data set has no graph to be read
    return _describe_dataset(iterator._distributed_dataset, spans_epochs)


def is_generator(iterator: Any) -> bool:
    """Return whether a ``TFEpochIterator`` reads from a Python generator, which can only go on and never back."""
    from keras.src.trainers.data_adapters.generator_data_adapter import GeneratorDataAdapter

    return isinstance(iterator.data_adapter, GeneratorDataAdapter)


def _workers(adapter: Any) -> str:
    if getattr(adapter, "enqueuer", None) is not None:
        return "several workers load the data, whose random numbers depend on their timing"
    return ""


def _describe_dataset(dataset: Any, spans_epochs: bool) -> DataFacts:
    changing = unseeded = untimed = False
    operations: Set[str] = set()
    changes: Set[int] = set()
    for stage in _stages(dataset):
        kind = type(stage).__name__
        changes |= assigned_handles(wrapper.function for wrapper in stage._functions())
        changing = changing or any(name in kind for name in CHANGING_DATASETS)
        untimed = untimed or getattr(stage, "_deterministic", None) == "false"
        for node in _nodes(stage):
            operations.add(node.op)
            changing = changing or any(f"{name}Dataset" in node.op for name in CHANGING_DATASETS)
            unseeded = unseeded or _is_unseeded(node)
            # Python code may draw random numbers, too, or count: which element gets which depends on timing then.
            if node.op in RANDOM_OPERATIONS | STATEFUL_OPERATIONS | PYTHON_OPERATIONS:
                untimed = untimed or "Parallel" in kind
    python = bool(operations & PYTHON_OPERATIONS)
    stateful = bool(operations & (RANDOM_OPERATIONS | STATEFUL_OPERATIONS))
    return DataFacts(
        arrays=False,
        replayed=changing or python or stateful or spans_epochs,
        python=python,
        inexact=_why_inexact(unseeded, untimed or dataset.options().deterministic is False),
        changes=frozenset(changes),
    )


def _is_unseeded(node: Any) -> bool:
    return node.op in RANDOM_OPERATIONS and node.attr["seed"].i == 0 and node.attr["seed2"].i == 0


def _why_inexact(unseeded: bool, untimed: bool) -> str:
    if unseeded:
        return "the tf.data pipeline draws random numbers without a seed (tf.random.set_seed in the script gives one)"
    if untimed:
        return "the tf.data pipeline works in parallel, in an order that depends on timing"
    return ""


def _stages(dataset: Any) -> Iterator[Any]:
    """Yield ``dataset`` and everything that it is made of."""
    waiting = [dataset]
    while waiting:
        stage = waiting.pop()
        yield stage
        waiting.extend(stage._inputs())


def runs_python(wrapper: Any) -> bool:
    """Return whether a function of a data set calls Python code while the data is read."""
    return any(node.op in PYTHON_OPERATIONS for node in _nodes_of_function(wrapper))


def _nodes(stage: Any) -> Iterator[Any]:
    """Yield the operations of the functions of one stage, nested functions included."""
    for wrapper in stage._functions():
        yield from _nodes_of_function(wrapper)


def _nodes_of_function(wrapper: Any) -> Iterator[Any]:
    graph = wrapper.function.graph.as_graph_def()
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def
