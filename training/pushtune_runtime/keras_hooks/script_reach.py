"""Finds what the code of the script can reach while it trains: from its callbacks, from the model, from its data.

What one of them can reach may change while training goes on, and then a resumed run needs it back. The search follows
the script's own objects, functions and classes and the names in their code; of libraries it knows Keras' objects alone.
"""

import builtins
import collections
import functools
import sys
import types
from typing import Any, Callable, Dict, Iterable, Iterator, List, Set, Tuple

from pushtune_runtime.keras_hooks.script_code import (
    draws_from_shared_generator,
    names_of,
    reads_clock,
)
from pushtune_runtime.keras_hooks.script_holders import Holder, names_assigned_by

CALLBACKS, MODEL, DATA = "callbacks", "model", "data"
SIDES = (CALLBACKS, MODEL, DATA)
ENTRIES_LIMIT = 10_000  # containers with more entries hold data
THINGS_LIMIT = 200_000  # all together, about a second's work
PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
CONTAINERS = (list, tuple, set, frozenset, dict, collections.deque)

Step = Tuple[str, Any]  # path, value


class ScriptReach:
    """What was found.

    Args:
        is_own_file: whether a file belongs to the repository.

    Attributes:
        holders: path -> what holds values. paths: ``id`` of each thing that counts as one -> its path.
        variables: path -> variable of TensorFlow or Keras, with those of Keras' objects.
        clocks: names of the functions that look at a clock. drawing: side -> names of the functions that draw from
            generators which everybody shares. assigned: attributes that code reached from callbacks assigns.
    """

    def __init__(self, is_own_file: Callable[[str], bool]) -> None:
        self._is_own_file = is_own_file
        self._seen: Set[Tuple[int, str]] = set()
        self._kept: List[Any] = []  # so that no ``id`` is used again
        self.holders: Dict[str, Holder] = {}
        self.paths: Dict[int, str] = {}
        self.variables: Dict[str, Any] = {}
        self._variable_sides: Dict[int, Set[str]] = {}
        self.clocks: Set[str] = set()
        self.drawing: Dict[str, Set[str]] = {side: set() for side in SIDES}
        self.assigned: Set[str] = set()
        self.data_runs_python = False
        self.unreadable: Set[str] = set()

    def follow(self, side: str, roots: Iterable[Step]) -> None:
        """Add what can be reached from ``roots``."""
        waiting = collections.deque(roots)
        while waiting:
            path, value = waiting.popleft()
            if len(self._seen) > THINGS_LIMIT:
                self.unreadable.add(path)
                return
            if (id(value), side) not in self._seen:
                self._seen.add((id(value), side))
                try:
                    waiting.extend(self._within(path, value, side))
                except Exception:  # anything may happen in an object that only pretends to be what it is
                    self.unreadable.add(path)

    def add_callback(self, number: int, callback: Any) -> Step:
        """Return the root for a callback of ``fit``, whatever its class."""
        path = f"callback {number}"
        self.holders[path] = Holder(path, "callback", callback)
        self.paths[id(callback)] = path
        return path, callback

    @property
    def things(self) -> Dict[str, Any]:
        """Path -> what counts as one thing."""
        return {**{path: holder.thing for path, holder in self.holders.items()}, **self.variables}

    def sides_of_variable(self, variable: Any) -> Set[str]:
        """Return from where ``variable`` is reached."""
        return self._variable_sides.get(id(variable), set())

    def is_own_class(self, kind: Any) -> bool:
        """Return whether the repository defines the class ``kind``."""
        module = sys.modules.get(getattr(kind, "__module__", None) or "")
        return kind is types.SimpleNamespace or self._is_own_file(str(getattr(module, "__file__", None)))

    def _within(self, path: str, value: Any, side: str) -> Iterable[Step]:
        """Note ``value`` and return what it leads to."""
        if isinstance(value, CONTAINERS):
            self._kept.append(value)
            return _entries(path, value) if len(value) <= ENTRIES_LIMIT else ()
        if isinstance(value, types.FunctionType):
            return self._within_function(path, value, side)
        if isinstance(value, types.MethodType):
            self._kept.append(value)
            return [(path, value.__self__), (f"{path}()", value.__func__)]
        if isinstance(value, functools.partial):
            holder = self._hold(path, "partial", value, side)
            return [(f"{path}()", value.func), *((f"{path}.{name}", entry) for name, entry in holder.values().items())]
        if isinstance(value, types.GeneratorType):
            return self._within_generator(path, value, side)
        if isinstance(value, type):
            return self._within_class(path, value, side) if self.is_own_class(value) else ()
        return self._within_object(path, value, side)

    def _hold(self, path: str, kind: str, thing: Any, side: str) -> Holder:
        path = self.paths.get(id(thing), path)
        while path in self.holders and self.holders[path].thing is not thing:
            path += "'"
        self.paths[id(thing)] = path
        holder = self.holders.setdefault(path, Holder(path, kind, thing))
        holder.sides.add(side)
        return holder

    def _within_function(self, path: str, function: types.FunctionType, side: str) -> Iterable[Step]:
        is_own = self._is_own_file(function.__code__.co_filename)
        if not is_own and side != DATA and str(function.__module__).startswith(("keras.", "tensorflow.")):
            return ()
        holder = self._hold(path, "function", function, side)
        inner = [(f"{path}.{name}", value) for name, value in holder.values().items()]
        if not is_own:
            return inner
        self._note_code(function, side)
        return [*inner, *self._globals(function.__code__, function.__globals__, side)]

    def _note_code(self, function: types.FunctionType, side: str) -> None:
        if reads_clock(function):
            self.clocks.add(function.__qualname__)
        if draws_from_shared_generator(function):
            self.drawing[side].add(function.__qualname__)
        if side == CALLBACKS:
            self.assigned |= names_of(function.__code__).assigned_attributes
        self.data_runs_python = self.data_runs_python or side == DATA

    def _within_generator(self, path: str, generator: Any, side: str) -> Iterable[Step]:
        self._kept.append(generator)
        frame = generator.gi_frame
        if frame is None:
            return ()
        local = [(f"{path}.{name}", value) for name, value in frame.f_locals.items()]
        if not self._is_own_file(frame.f_code.co_filename):
            return local
        self.data_runs_python = self.data_runs_python or side == DATA
        return [*local, *self._globals(frame.f_code, frame.f_globals, side)]

    def _globals(self, code: types.CodeType, namespace: Dict[str, Any], side: str) -> Iterator[Step]:
        """Yield what ``code`` names in its module, and in modules of the repository that it names."""
        names = names_of(code)
        yield from self._named(namespace, names.read, side)
        for name in sorted(names.read):
            module = namespace.get(name)
            if isinstance(module, types.ModuleType) and self._is_own_file(str(getattr(module, "__file__", None))):
                yield from self._named(vars(module), names.attributes & vars(module).keys(), side)

    def _named(self, namespace: Dict[str, Any], names: Iterable[str], side: str) -> Iterator[Step]:
        module = sys.modules.get(namespace.get("__name__", ""))
        if module is None or vars(module) is not namespace:
            return
        path = f"module {module.__name__}"
        holder = self.holders.setdefault(path, Holder(path, "module", module))
        for name in sorted(names):
            if name in namespace or not hasattr(builtins, name):
                holder.names.add(name)
                holder.name_sides.setdefault(name, set()).add(side)
            if name in namespace:
                yield f"{path}.{name}", namespace[name]

    def _within_class(self, path: str, kind: type, side: str) -> Iterable[Step]:
        self._hold(path, "class", kind, side)
        members = list(vars(kind).items())
        functions = [(name, getattr(member, "__func__", member)) for name, member in members]
        functions += [(name, part) for name, member in members for part in _functions_of_property(member)]
        return [(f"{path}.{name}", part) for name, part in functions]

    def _within_object(self, path: str, value: Any, side: str) -> Iterable[Step]:
        kind = _kind_of(value)
        own = self.is_own_class(type(value))
        if kind == "variable":
            self._add_variable(path, value, side)
        elif kind == "generator":
            self._add_variable(path, value.state, side)
        elif kind == "dataset":
            return _within_dataset(path, value)
        elif kind == "tf.function":
            return [(f"{path}()", value.python_function)]
        elif kind == "keras":
            return self._within_keras(path, value, side)
        elif path in self.holders or own:
            holder = self._hold(path, "object", value, side)
            return [*((f"{path}.{name}", entry) for name, entry in holder.values().items()), *self._classes(value)]
        elif side == DATA and type(value).__module__.startswith("tensorflow.python."):
            return [(f"{path}.{name}", entry) for name, entry in getattr(value, "__dict__", {}).items()]
        return ()

    def _within_keras(self, path: str, value: Any, side: str) -> Iterable[Step]:
        holder = self._hold(path, "keras", value, side)
        holder.names = set(names_assigned_by(type(value), self.is_own_class))
        for number, variable in enumerate(getattr(value, "variables", ())):
            self._add_variable(f"{path}/{number}", variable, side)
        return [*((f"{path}.{name}", entry) for name, entry in vars(value).items()), *self._classes(value)]

    def _classes(self, value: Any) -> List[Step]:
        kinds = type(value).__mro__
        return [(f"class {kind.__module__}.{kind.__qualname__}", kind) for kind in kinds if self.is_own_class(kind)]

    def _add_variable(self, path: str, variable: Any, side: str) -> None:
        path = self.paths.setdefault(id(variable), path)
        self.variables.setdefault(path, variable)
        self._variable_sides.setdefault(id(variable), set()).add(side)


def _entries(path: str, container: Any) -> List[Step]:
    """Return what is in ``container``, but for plain values."""
    named = list(container.items()) if isinstance(container, dict) else enumerate(list(container))
    return [(f"{path}[{name!r:.80}]", value) for name, value in named if type(value) not in PLAIN]


def _functions_of_property(member: Any) -> List[Any]:
    if not isinstance(member, property):
        return []
    return [part for part in (member.fget, member.fset) if part is not None]


def _kind_of(value: Any) -> str:
    """Return what a value of Keras or TensorFlow is; empty for all others."""
    import tensorflow as tf
    from keras.src.backend import Variable
    from keras.src.layers import Layer
    from keras.src.losses.loss import Loss
    from keras.src.metrics import Metric
    from keras.src.optimizers.optimizer import Optimizer
    from keras.src.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

    if isinstance(value, (Variable, tf.Variable)):
        return "variable"
    if isinstance(value, tf.random.Generator):
        return "generator"
    if isinstance(value, tf.data.Dataset):
        return "dataset"
    if isinstance(value, (Layer, Metric, Loss, Optimizer, LearningRateSchedule)):
        return "keras"
    is_function = type(value).__module__.startswith("tensorflow.") and hasattr(value, "python_function")
    return "tf.function" if is_function else ""


def _within_dataset(path: str, dataset: Any) -> List[Step]:
    """Return the functions of a data set that run as Python code while it is read, and what it is made of."""
    from pushtune_runtime.keras_hooks.data_facts import runs_python

    functions = [wrapper._func for wrapper in dataset._functions() if runs_python(wrapper)]
    found = [(f"{path}.function{number}", function) for number, function in enumerate(functions)]
    return found + [(f"{path}.input{number}", source) for number, source in enumerate(dataset._inputs())]
