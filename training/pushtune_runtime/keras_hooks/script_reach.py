"""Finds what the code of the script can reach while it trains: from its callbacks, from the model, from its data.

What one of them can reach may change while training goes on, and then a resumed run needs it back. The search follows
the script's own objects, functions and classes and the names in their code; of libraries it knows Keras' objects alone.
"""

import builtins
import collections
import functools
import inspect
import sys
import types
from typing import Any, Callable, Dict, Iterable, Iterator, List, Set, Tuple

from pushtune_runtime.keras_hooks.script_code import draws_from_shared_generator, names_of, reads_clock
from pushtune_runtime.keras_hooks.script_holders import SET_BY_KERAS, Holder, names_assigned_by, names_of_library
from pushtune_runtime.keras_hooks.script_things import (
    CONTAINERS,
    ENTRIES_LIMIT,
    Step,
    entries,
    functions_of_property,
    kind_of,
    leaves,
    may_remember,
    named_class,
    running_code,
    variables_of,
    within_dataset,
)
from pushtune_runtime.keras_hooks.stored_values import is_large_array

CALLBACKS, MODEL, DATA = "callbacks", "model", "data"
SIDES = (CALLBACKS, MODEL, DATA)
THINGS_LIMIT = 200_000  # all together, about a second's work


class ScriptReach:
    """What was found.

    Args:
        is_own_file: whether a file belongs to the repository.

    Attributes:
        holders: path -> what holds values. paths: ``id`` of each thing that counts as one -> its path.
        variables: path -> variable of TensorFlow or Keras, with those of Keras' objects.
        clocks: names of the functions that look at a clock. drawing: side -> names of the functions that draw from
            generators which everybody shares. assigned: attributes that code reached from callbacks assigns.
        data_runs_python: whether code of the script runs while data is read. unreadable: paths of what cannot be
            looked into.
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
        self._of_library: Set[str] = set()
        self._late: Set[str] = set()
        self._running = running_code()

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
        self._hold(path, "callback", callback, CALLBACKS)
        return path, callback

    def is_of_library(self, path: str) -> bool:
        """Return whether what lies at ``path`` belongs to a class of a library: it is none of the script's business."""
        return any(path.startswith((f"{prefix}.", f"{prefix}[")) or path == prefix for prefix in self._of_library)

    @property
    def things(self) -> Dict[str, Any]:
        """Path -> what counts as one thing."""
        return {**{path: holder.thing for path, holder in self.holders.items()}, **self.variables}

    def remembering_late_modules(self) -> List[str]:
        """Return modules of the repository that were imported since, and whose functions may remember something."""
        modules = [(name, sys.modules[name]) for name in sorted(self._late) if name in sys.modules]
        own = [(name, module) for name, module in modules if self._is_own_file(str(getattr(module, "__file__", None)))]
        return [name for name, module in own if may_remember(module, self.assigned)]

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
            return self._within_container(path, value, side)
        if is_large_array(value):
            self._hold(path, "container", value, side)
            return ()
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
        if isinstance(value, functools._lru_cache_wrapper):
            return self._within_cache(path, value)
        if isinstance(value, (functools.cached_property, functools.partialmethod)):
            return [(path, value.func)]
        return self._within_object(path, value, side)

    def _hold(self, path: str, kind: str, thing: Any, side: str) -> Holder:
        path = self.paths.get(id(thing), path)
        while path in self.holders and self.holders[path].thing is not thing:
            path += "'"
        self.paths[id(thing)] = path
        holder = self.holders.setdefault(path, Holder(path, kind, thing))
        holder.sides.add(side)
        return holder

    def _within_container(self, path: str, container: Any, side: str) -> Iterable[Step]:
        if isinstance(container, (tuple, frozenset)):
            self._kept.append(container)
        else:
            self._hold(path, "container", container, side)
        if len(container) > ENTRIES_LIMIT:
            return ()
        inner = entries(path, container)
        if inner and isinstance(container, (set, frozenset)):
            self.unreadable.add(path)  # its objects have another order in each process
        return [*inner, *self._classes(container)]

    def _within_cache(self, path: str, cached: Any) -> Iterable[Step]:
        """Follow a function that remembers its results; what it has returned without arguments is looked at."""
        wrapped = [(f"{path}.__wrapped__", cached.__wrapped__)]
        takes_nothing = not inspect.signature(cached.__wrapped__).parameters
        return [*wrapped, (f"{path}()", cached())] if takes_nothing and cached.cache_info().currsize else wrapped

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
        is_around = function.__code__ in self._running  # then it does so before and after the training
        if reads_clock(function) and not is_around:
            self.clocks.add(function.__qualname__)
        if draws_from_shared_generator(function) and not is_around:
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
        modules = [namespace.get(name) for name in sorted(names.read)]
        modules += [sys.modules.get(name) for name in sorted(names.imported)]
        inner = [f"{name}.{attribute}" for name in names.imported for attribute in names.attributes]
        self._late |= {name for name in (*names.imported, *inner) if name and name not in sys.modules}
        for module in modules:  # grows
            if isinstance(module, types.ModuleType) and self._is_own_file(str(getattr(module, "__file__", None))):
                known = vars(module)
                yield from self._named(known, (names.attributes & known.keys()) | names.assigned_attributes, side)
                inner = [known[name] for name in sorted(names.attributes & known.keys())]
                modules += [one for one in inner if isinstance(one, types.ModuleType) and one not in modules]

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
        functions += [(name, part) for name, member in members for part in functions_of_property(member)]
        related = [other for other in (*kind.__mro__[1:], type(kind)) if self.is_own_class(other)]
        return [*((f"{path}.{name}", part) for name, part in functions), *map(named_class, related)]

    def _within_object(self, path: str, value: Any, side: str) -> Iterable[Step]:
        kind = kind_of(value)
        if kind == "variable":
            self._add_variable(path, value, side)
        elif kind == "generator":
            self._add_variable(path, value.state, side)
        elif kind == "dataset":
            return within_dataset(path, value)
        elif kind == "tf.function":
            return [(f"{path}()", value.python_function)]
        elif kind == "keras":
            return self._within_keras(path, value, side)
        elif kind == "closed":
            if side != DATA:
                self.unreadable.add(path)
        elif kind == "callback" or self.is_own_class(type(value)):
            return self._within_own(path, kind or "object", value, side)
        elif side == DATA and type(value).__module__.startswith("tensorflow.python."):
            return [(f"{path}.{name}", entry) for name, entry in getattr(value, "__dict__", {}).items()]
        return ()

    def _within_own(self, path: str, kind: str, value: Any, side: str) -> Iterable[Step]:
        holder = self._hold(path, kind, value, side)
        if kind == "callback":
            of_library = names_of_library(type(value), self.is_own_class)
            self._of_library |= {f"{holder.path}.{name}" for name in of_library}
        return [*((f"{holder.path}.{name}", entry) for name, entry in holder.values().items()), *self._classes(value)]

    def _within_keras(self, path: str, value: Any, side: str) -> Iterable[Step]:
        holder = self._hold(path, "keras", value, side)
        holder.names = set(names_assigned_by(type(value), self.is_own_class))
        for number, variable in enumerate(variables_of(value)):
            self._add_variable(f"{path}/{number}", variable, side)
        counted = holder.values()
        skipped = counted.keys() | SET_BY_KERAS
        others = [
            (f"{path}.{name}", entry)
            for name, entry in vars(value).items()
            if name not in skipped and not name.startswith("_self_")
        ]
        return [
            *((f"{path}.{name}", entry) for name, entry in counted.items()),
            *(leaf for name, entry in others for leaf in leaves(name, entry)),
            *self._classes(value),
        ]

    def _classes(self, value: Any) -> List[Step]:
        return [named_class(kind) for kind in type(value).__mro__ if self.is_own_class(kind)]

    def _add_variable(self, path: str, variable: Any, side: str) -> None:
        path = self.paths.setdefault(id(variable), path)
        self.variables.setdefault(path, variable)
        self._variable_sides.setdefault(id(variable), set()).add(side)
