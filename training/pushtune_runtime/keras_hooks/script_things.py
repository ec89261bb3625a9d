"""What the search for the script's memory knows of single things: containers, classes, objects of TensorFlow."""

import collections
import inspect
import types
from typing import Any, Iterator, List, Set, Tuple

from pushtune_runtime.keras_hooks.script_code import names_of

ENTRIES_LIMIT = 10_000  # containers with more entries hold data
PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
CONTAINERS = (list, tuple, set, frozenset, dict, collections.deque)

Step = Tuple[str, Any]  # path, value


def running_code() -> Set[types.CodeType]:
    """Return the code of the functions that are being called."""
    found, frame = set(), inspect.currentframe()
    while frame is not None:
        found.add(frame.f_code)
        frame = frame.f_back
    return found


def named_class(kind: type) -> Step:
    """Return the step to a class, whose path is its name."""
    return f"class {kind.__module__}.{kind.__qualname__}", kind


def leaves(path: str, value: Any, depth: int = 3) -> Iterator[Step]:
    """Yield what is in the containers that Keras itself keeps, but not these."""
    if not isinstance(value, CONTAINERS):
        yield path, value
    elif depth > 0 and len(value) <= ENTRIES_LIMIT:
        for inner, entry in entries(path, value):
            yield from leaves(inner, entry, depth - 1)


def entries(path: str, container: Any) -> List[Step]:
    """Return what is in ``container``, but for plain values."""
    named = list(container.items()) if isinstance(container, dict) else enumerate(list(container))
    return [(f"{path}[{name!r:.80}]", value) for name, value in named if type(value) not in PLAIN]


def may_remember(module: types.ModuleType, assigned: Set[str]) -> bool:
    """Return whether ``module`` has values that can change; those of the names ``assigned`` are set from outside."""
    values = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    functions = [value for value in values.values() if isinstance(value, types.FunctionType)]
    changed = assigned.union(*(names_of(function.__code__).assigned for function in functions))
    code = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
    return any(
        name in changed or (type(value) not in PLAIN and not isinstance(value, code)) for name, value in values.items()
    )


def functions_of_property(member: Any) -> List[Any]:
    """Return what is called when the property ``member`` is read and set; nothing if it is none."""
    if not isinstance(member, property):
        return []
    return [part for part in (member.fget, member.fset) if part is not None]


def kind_of(value: Any) -> str:
    """Return what a value of Keras or TensorFlow is; empty for all others."""
    import tensorflow as tf
    from keras.src.backend import Variable
    from keras.src.callbacks.callback import Callback
    from keras.src.layers import Layer
    from keras.src.losses.loss import Loss
    from keras.src.metrics import Metric
    from keras.src.optimizers.optimizer import Optimizer
    from keras.src.optimizers.schedules.learning_rate_schedule import LearningRateSchedule
    from tensorflow.python.data.ops.dataset_ops import NumpyIterator

    kind = type(value)  # what an object itself says of its class may be anything
    if issubclass(kind, (Variable, tf.Variable)):
        return "variable"
    if issubclass(kind, tf.random.Generator):
        return "generator"
    if issubclass(kind, tf.data.Dataset):
        return "dataset"
    if issubclass(kind, (Layer, Metric, Loss, Optimizer, LearningRateSchedule)):
        return "keras"
    if issubclass(kind, Callback):
        return "callback"
    if issubclass(kind, (tf.data.Iterator, NumpyIterator, tf.train.ExponentialMovingAverage)):
        return "closed"
    if kind.__module__.startswith("matplotlib."):
        return "closed"  # a figure has its own in what others hold
    is_function = kind.__module__.startswith("tensorflow.") and hasattr(kind, "python_function")
    return "tf.function" if is_function else ""


def variables_of(value: Any) -> List[Any]:
    """Return the variables of an object of Keras, as far as there are any yet."""
    try:
        return list(getattr(value, "variables", ()))
    except Exception:  # a property of the script's own
        return []


def within_dataset(path: str, dataset: Any) -> List[Step]:
    """Return the functions of a data set that run as Python code while it is read, and what it is made of."""
    from pushtune_runtime.keras_hooks.data_facts import runs_python

    functions = [wrapper._func for wrapper in dataset._functions() if runs_python(wrapper)]
    found = [(f"{path}.function{number}", function) for number, function in enumerate(functions)]
    return found + [(f"{path}.input{number}", source) for number, source in enumerate(dataset._inputs())]
