"""What can hold values that the script changes while it trains: objects, containers, functions, classes, modules."""

import contextlib
import functools
import types
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, Iterator, Set, Tuple

from pushtune_runtime.keras_hooks.script_code import names_of
from pushtune_runtime.keras_hooks.stored_values import entries_of, refill_entries

SET_FOR_EACH_FIT = frozenset({"model", "_model", "params", "validation_data"})  # attributes of callbacks
# Attributes of Keras' own objects that it sets itself while it trains.
SET_BY_KERAS = frozenset({
    "built", "compiled", "stop_training", "stop_evaluating", "stop_predicting", "finalized", "history",
})  # fmt: skip
ENTRIES = "[entries]"  # the name of what is in a container
FIXED = "argument "  # begins the names of arguments that a function or functools.partial keeps
PRIMITIVES = (bool, int, float, complex, str, bytes, tuple, type(None))


@dataclass
class Holder:
    """Something with named values.

    Attributes:
        path: the same in two processes that run the same script.
        kind: ``callback``, ``object``, ``container``, ``function``, ``partial``, ``class``, ``module`` or ``keras``.
        thing: itself. names: of a module, those that count; of an object of Keras, those that the script assigns.
        sides: from where it is reached, for all of its values; of a module for each name in ``name_sides`` instead.
    """

    path: str
    kind: str
    thing: Any
    names: Set[str] = field(default_factory=set)
    sides: Set[str] = field(default_factory=set)
    name_sides: Dict[str, Set[str]] = field(default_factory=dict)

    def values(self) -> Dict[str, Any]:
        """Return name -> value, as they are now."""
        return _VALUES[self.kind](self)

    def assign(self, name: str, value: Any) -> bool:
        """Put ``value`` where ``values`` found the one called ``name``; return whether that is possible."""
        if name.startswith(FIXED):
            return False
        if name == ENTRIES:
            refill_entries(self.thing, value)
            return True
        cells = dict(cells_of(self.thing)) if self.kind == "function" else {}
        if name in cells:
            cells[name].cell_contents = value
        elif self.kind == "class":
            setattr(self.thing, name, value)
        elif name in _slots(self.thing):
            _slots(self.thing)[name].__set__(self.thing, value)
        else:
            vars(self.thing)[name] = value
        return True

    def sides_of(self, name: str) -> Set[str]:
        """Return from where the value called ``name`` is reached."""
        return self.name_sides.get(name, set()) if self.kind == "module" else self.sides

    def described(self, name: str) -> str:
        """Return what a person calls the value called ``name``."""
        if self.kind in ("function", "class"):
            return f"{name} in {self.thing.__qualname__}"
        if self.kind == "module":
            return f"the global {name}"
        if self.kind == "container":
            return f"what {self.path} holds"
        kind = type(self.thing).__name__
        if self.kind == "keras":
            return f"{name.lstrip('_')} of {getattr(self.thing, 'name', '') or kind}"
        return f"{name} of the callback {kind}" if self.kind == "callback" else f"{name} of {kind}"


def is_class_value(value: Any) -> bool:
    """Return whether an attribute of a class is a value, and no method, property or module."""
    return not (isinstance(value, types.ModuleType) or callable(value) or hasattr(type(value), "__get__"))


def cells_of(function: types.FunctionType) -> Iterator[Tuple[str, Any]]:
    """Yield (name, cell) of what ``function`` keeps from around it, as far as it has been assigned."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):  # noqa: B905  (Python 3.9)
        if cell != types.CellType():
            yield name, cell


def names_assigned_by(kind: type, is_own: Callable[[Any], bool]) -> FrozenSet[str]:
    """Return the attributes that the script's own classes among the bases of ``kind`` assign."""
    functions = [
        value
        for base in kind.__mro__
        if is_own(base)
        for value in vars(base).values()
        if isinstance(value, types.FunctionType)
    ]
    return frozenset(name for function in functions for name in names_of(function.__code__).assigned_attributes)


def names_of_library(kind: type, is_own: Callable[[Any], bool]) -> FrozenSet[str]:
    """Return the attributes that only classes of libraries among the bases of ``kind`` assign."""
    return names_assigned_by(kind, lambda base: not is_own(base)) - names_assigned_by(kind, is_own)


def _values_of_callback(holder: Holder) -> Dict[str, Any]:
    return {name: value for name, value in vars(holder.thing).items() if name not in SET_FOR_EACH_FIT}


def _values_of_container(holder: Holder) -> Dict[str, Any]:
    return {**_attributes(holder.thing), ENTRIES: entries_of(holder.thing)}


def _values_of_object(holder: Holder) -> Dict[str, Any]:
    values = {}
    for name, member in _slots(holder.thing).items():
        with contextlib.suppress(AttributeError):  # it has no value yet
            values[name] = member.__get__(holder.thing)
    return {**values, **_attributes(holder.thing)}


def _values_of_function(holder: Holder) -> Dict[str, Any]:
    function = holder.thing
    closed = {name: cell.cell_contents for name, cell in cells_of(function)}
    return {**vars(function), **closed, **_fixed(function.__defaults__ or (), function.__kwdefaults__ or {})}


def _values_of_partial(holder: Holder) -> Dict[str, Any]:
    return _fixed(holder.thing.args, holder.thing.keywords)


def _fixed(arguments: Tuple[Any, ...], named: Dict[str, Any]) -> Dict[str, Any]:
    """Return arguments that were given once: what they are cannot change, but what is in them can."""
    values = {f"{FIXED}{number}": value for number, value in enumerate(arguments)}
    return {**values, **{f"{FIXED}{name}": value for name, value in named.items()}}


def _values_of_class(holder: Holder) -> Dict[str, Any]:
    values = list(vars(holder.thing).items())
    return {name: value for name, value in values if is_class_value(value) and not name.startswith(("__", "_abc_"))}


def _values_of_module(holder: Holder) -> Dict[str, Any]:
    values = vars(holder.thing)
    return {name: values[name] for name in sorted(holder.names) if name in values}


def _values_of_keras(holder: Holder) -> Dict[str, Any]:
    kind: Any = type(holder.thing)
    of_keras = _names_in_library_classes(kind)

    def counts(name: str, value: Any) -> bool:
        if name in holder.names or name == "_trainable":
            return True
        return not name.startswith("_") and (isinstance(value, PRIMITIVES) or name not in of_keras)

    values = list(vars(holder.thing).items())
    return {name: value for name, value in values if name not in SET_BY_KERAS and counts(name, value)}


@functools.lru_cache(maxsize=None)
def _names_in_library_classes(kind: Any) -> FrozenSet[str]:
    """Return the names in the code of those classes among the bases of ``kind`` that Keras and TensorFlow define."""
    members = [
        member
        for base in kind.__mro__
        if base.__module__.startswith(("keras.", "tensorflow."))
        for member in vars(base).values()
    ]
    codes = [getattr(getattr(member, "fget", member), "__code__", None) for member in members]
    return frozenset(name for code in codes if code is not None for name in code.co_names)


def _attributes(thing: Any) -> Dict[str, Any]:
    try:
        found: Dict[str, Any] = object.__getattribute__(thing, "__dict__")  # it may have a __getattr__ of its own
    except AttributeError:
        return {}
    return found


def _slots(thing: Any) -> Dict[str, Any]:
    members = [member for kind in reversed(type(thing).__mro__) for member in vars(kind).items()]
    return {name: member for name, member in members if isinstance(member, types.MemberDescriptorType)}


_VALUES: Dict[str, Callable[[Holder], Dict[str, Any]]] = {
    "callback": _values_of_callback,
    "object": _values_of_object,
    "container": _values_of_container,
    "function": _values_of_function,
    "partial": _values_of_partial,
    "class": _values_of_class,
    "module": _values_of_module,
    "keras": _values_of_keras,
}
