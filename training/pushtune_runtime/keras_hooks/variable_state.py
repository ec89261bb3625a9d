"""All variables that training changes: of the model, its optimizers, and of objects that hang on it.

``save_weights`` is not enough: it leaves out the seeds of dropout layers, and so a resumed run differs.
"""

import contextlib
from typing import Any, Dict, Iterable, Iterator, List, Tuple

import numpy as np

from pushtune_runtime.keras_hooks.script_variables import SCRIPT

GLOBAL_SEED = "global seed"
# Variables that scripts keep in attributes may appear only while training; without them it can still go on.
OPTIONAL = ("layer ", SCRIPT)


class VariablesDiffer(ValueError):
    """The model is not the one that a checkpoint was written for."""


def collect_variables(model: Any, others: Iterable[Tuple[str, List[Any]]] = ()) -> Dict[str, Any]:
    """Return name -> variable: the model's, each optimizer's, others in attributes of layers, ``others``.

    The model's metrics are left out: Keras resets them in each epoch and creates some of them late.
    """
    named: Dict[str, Any] = {}
    seen = {id(variable) for variable in model.metrics_variables}
    for owner, variables in (*_owners(model), *others):
        for number, variable in enumerate(variables):
            if id(variable) not in seen:
                seen.add(id(variable))
                named[f"{owner}/{number}"] = variable
    return named


def read_variables(named: Dict[str, Any]) -> "Dict[str, np.ndarray[Any, Any]]":
    """Return the values; they may change with the next batch."""
    return {name: np.asarray(variable.numpy()) for name, variable in named.items()}


def check_variables(named: Dict[str, Any], arrays: "Dict[str, np.ndarray[Any, Any]]") -> List[str]:
    """Return the names of saved variables that do not exist (yet).

    Raises:
        VariablesDiffer: one of them is indispensable, or a shape is another; the text names the first.
    """
    differing = sorted(named.keys() ^ arrays.keys())
    for name in differing:
        if not name.startswith(OPTIONAL):
            raise VariablesDiffer(f"the variable {name} is only in the {'model' if name in named else 'checkpoint'}")
    for name in named.keys() & arrays.keys():
        if not _holds(named[name].shape, arrays[name].shape):
            shapes = f"{named[name].shape}, but {arrays[name].shape} was saved"
            raise VariablesDiffer(f"{name} has the shape {shapes}")
    return [name for name in differing if name in arrays]


def _holds(shape: Any, saved: Tuple[int, ...]) -> bool:
    """Return whether a variable of ``shape``, which may leave sizes open, takes a value of the shape ``saved``."""
    if getattr(shape, "rank", 0) is None:
        return True
    known = tuple(shape)
    return len(known) == len(saved) and all(size in (None, other) for size, other in zip(known, saved))  # noqa: B905


def assign_variables(named: Dict[str, Any], arrays: "Dict[str, np.ndarray[Any, Any]]") -> None:
    """Give each variable its value; ``check_variables`` has passed."""
    for name in named.keys() & arrays.keys():
        named[name].assign(np.array(arrays[name]))  # a copy: TensorFlow may keep using the memory that it is given


def built_with(model: Any) -> Dict[str, List[int]]:
    """Return, for each optimizer that has been built, the positions of its variables in the model's."""
    positions = {id(variable): number for number, variable in enumerate(model.variables)}
    return {
        name: [positions[id(variable)] for variable in optimizer._trainable_variables if id(variable) in positions]
        for name, optimizer in _optimizers(model)
        if optimizer.built
    }


def build_all(model: Any, element_spec: Any, optimizers: Dict[str, List[int]], names: Iterable[str]) -> None:
    """Create the variables that otherwise appear with the first batch: of layers, metrics, optimizers, the global seed.

    Args:
        element_spec: shapes and dtypes of one batch; no data is read.
        optimizers: what ``built_with`` returned for the model as it was saved.
        names: the variables that were saved.
    """
    # A model that only overrides train_step cannot be built this way; its parts are built by the script then, and
    # whether all variables are there is checked before anything is assigned.
    with contextlib.suppress(Exception):
        model._symbolic_build(data_batch=_without_optionals(element_spec))
    variables = model.variables
    for name, optimizer in _optimizers(model):
        if name in optimizers and not optimizer.built:
            optimizer.build([variables[number] for number in optimizers[name]])
    if any(name.startswith(GLOBAL_SEED) for name in names):
        from keras.src.random.seed_generator import global_seed_generator

        global_seed_generator()


def _without_optionals(element_spec: Any) -> Any:
    import tensorflow as tf
    from keras.src import tree

    return tree.map_structure(lambda spec: None if isinstance(spec, tf.OptionalSpec) else spec, element_spec)


def _owners(model: Any) -> Iterator[Tuple[str, List[Any]]]:
    """Yield (name, variables) in an order that two processes running the same script share."""
    yield "model", model.variables
    for name, optimizer in _optimizers(model):
        yield name, optimizer.variables
    yield from _held(model._flatten_layers())
    seed = _global_seed()
    if seed is not None:
        yield GLOBAL_SEED, [seed.state]


def _held(layers: Iterable[Any]) -> Iterator[Tuple[str, List[Any]]]:
    """Yield the variables in attributes of ``layers``, generators included."""
    import tensorflow as tf
    from keras.src.backend import Variable

    for number, layer in enumerate(layers):
        for attribute, value in vars(layer).items():
            found = []
            for entry in _entries(value):
                if isinstance(entry, (Variable, tf.Variable)):
                    found.append(entry)
                elif isinstance(entry, tf.random.Generator):
                    found.append(entry.state)
            if found:
                yield f"layer {number}.{attribute}", found


def _optimizers(model: Any) -> Iterator[Tuple[str, Any]]:
    """Yield the optimizer that ``compile`` set, then those in attributes: models may train with several."""
    from keras.src.optimizers.optimizer import Optimizer

    seen = set()
    attributes = [("optimizer", getattr(model, "optimizer", None)), *vars(model).items()]
    for name, value in attributes:
        if isinstance(value, Optimizer) and id(value) not in seen:
            seen.add(id(value))
            yield f"optimizer {name}", value


def _entries(value: Any) -> Iterable[Any]:
    """Return what an attribute holds, directly or in a list or dictionary."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, (list, tuple)) else (value,)


def _global_seed() -> Any:
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

    return global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
