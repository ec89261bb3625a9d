"""What callbacks remember: the state of EarlyStopping, the lists that a script's own callback fills, History.

Stored is what differs from the moment after ``on_train_begin``, and restored after ``on_train_begin`` has reset it.
Constructor arguments and data sets that a callback merely holds are therefore never written.

Values are pickled. They are unpickled only here, inside the training container, in the script's own process.
"""

import dis
import functools
import hashlib
import pickle
import types
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

CONTAINERS = (list, dict, set, bytearray)
LIBRARY_MODULES = ("keras.", "tensorflow.")
MODULES_OF_PYTHON = ("abc", "builtins", "typing")
OWN_ATTRIBUTES = frozenset({"model", "_model", "params", "validation_data"})  # set anew for each fit
# A container that a callback's function refers to counts as its memory up to this size, above it as data.
REMEMBERED_LIMIT_BYTES = 8 * 1024 * 1024
REACHES, WRITES = "reaches", "assigns the global"  # kinds of places, behind the name of a function
OF_CLASS = "class"  # the same, behind the name of a class

Place = Tuple[int, str, str]  # number of the callback, kind of place, name


class CallbackState:
    """The callbacks of one ``fit``. Create it when ``on_train_begin`` of all callbacks has run."""

    def __init__(self, callbacks: List[Any]) -> None:
        self._callbacks = callbacks
        self._initial: Dict[Place, Tuple[int, bytes]] = {}
        self.unstored: Set[str] = set()
        for place, value in self._values():
            content = _pickled(value)
            if content is not None:
                self._initial[place] = (len(content), hashlib.sha256(content).digest())

    def capture(self) -> bytes:
        """Return what has changed since the start; ``unstored`` names what could not be stored."""
        stored: Dict[Place, bytes] = {}
        for place, value in self._values():
            content = _pickled(value)
            if content is None:
                self._note_unstored(place, value)
            elif self._has_changed(place, content):
                stored[place] = content
        files = {number: _csv_content(callback) for number, callback in enumerate(self._callbacks) if _is_csv(callback)}
        return pickle.dumps({"values": stored, "files": files})

    def restore(self, blob: bytes) -> None:
        """Give the callbacks what ``capture`` returned; they have to be of the same ``kinds``."""
        saved = pickle.loads(blob)  # noqa: S301  (written and read by the script's own process only)
        current = dict(self._values())
        for place, content in saved["values"].items():
            self._assign(place, current.get(place), pickle.loads(content))  # noqa: S301  (as above)
        for number, text in saved["files"].items():
            _restore_csv(self._callbacks[number], text)

    @property
    def kinds(self) -> List[str]:
        """The class of each callback, in order."""
        return [type(callback).__qualname__ for callback in self._callbacks]

    def _values(self) -> Iterator[Tuple[Place, Any]]:
        """Yield all places where callbacks may remember something: attributes, closures, lists of the module."""
        for number, callback in enumerate(self._callbacks):
            if type(callback).__name__ == "ProgbarLogger":
                continue  # only draws
            for name, value in vars(callback).items():
                if name not in OWN_ATTRIBUTES:
                    yield (number, "attribute", name), value
            for kind, name, value in _class_attributes(callback):
                yield (number, f"{kind.__qualname__} {OF_CLASS}", name), value
            for function in _functions(callback):
                for name, value in _reachable(function):
                    yield (number, f"{function.__qualname__} {REACHES}", name), value
                for name in _written(function.__code__):
                    if name in function.__globals__:
                        yield (number, f"{function.__qualname__} {WRITES}", name), function.__globals__[name]

    def _assign(self, place: Place, current: Any, value: Any) -> None:
        number, kind, name = place
        if _refill(current, value):
            return
        if kind == "attribute":
            setattr(self._callbacks[number], name, value)
            return
        for owner, attribute, _ in _class_attributes(self._callbacks[number]):
            if (kind, name) == (f"{owner.__qualname__} {OF_CLASS}", attribute):
                setattr(owner, name, value)
        for function in _functions(self._callbacks[number]):
            if kind == f"{function.__qualname__} {REACHES}":
                _assign_reachable(function, name, value)
            elif kind == f"{function.__qualname__} {WRITES}":
                function.__globals__[name] = value

    def _has_changed(self, place: Place, content: bytes) -> bool:
        if place[1].endswith(REACHES) and len(content) > REMEMBERED_LIMIT_BYTES:
            return False
        size, digest = self._initial.get(place, (-1, b""))
        return size != len(content) or digest != hashlib.sha256(content).digest()

    def _note_unstored(self, place: Place, value: Any) -> None:
        number, kind, name = place
        callback = self._callbacks[number]
        own = kind.endswith((WRITES, OF_CLASS)) or (kind == "attribute" and not _is_library(callback))
        if own and not callable(value) and not _is_library(value):
            self.unstored.add(f"the callback {type(callback).__name__} keeps a {type(value).__name__} in {name}")


def _pickled(value: Any) -> Optional[bytes]:
    """Return ``value`` as bytes; None for what cannot be stored, or needs no storing: functions and models."""
    if callable(value) or _is_library(value):
        return None
    try:
        return pickle.dumps(value)
    except Exception:  # anything may happen in the script's own __reduce__ and __getstate__
        return None


def _is_library(value: Any) -> bool:
    return type(value).__module__.startswith(LIBRARY_MODULES)


def _functions(callback: Any) -> Iterator[types.FunctionType]:
    """Yield the functions that the script has written for this callback, and those of their module that they name."""
    functions = list(_own_functions(callback))
    for function in functions:  # grows
        yield function
        for name in function.__code__.co_names:
            named = function.__globals__.get(name)
            if isinstance(named, types.FunctionType) and named.__globals__ is function.__globals__:
                functions.extend([] if named in functions else [named])


def _own_functions(callback: Any) -> Iterator[types.FunctionType]:
    for value in vars(callback).values():
        if isinstance(value, types.FunctionType) and not value.__module__.startswith(LIBRARY_MODULES):
            yield value
    for kind in _own_classes(callback):
        for value in vars(kind).values():
            if isinstance(value, types.FunctionType):
                yield value


def _own_classes(callback: Any) -> Iterator[type]:
    for kind in type(callback).__mro__:
        if not kind.__module__.startswith(LIBRARY_MODULES) and kind.__module__ not in MODULES_OF_PYTHON:
            yield kind


def _class_attributes(callback: Any) -> Iterator[Tuple[type, str, Any]]:
    """Yield (class, name, value) of what the script's classes of this callback hold for all their objects."""
    for kind in _own_classes(callback):
        for name, value in list(vars(kind).items()):
            is_code = isinstance(value, types.ModuleType) or callable(value) or hasattr(type(value), "__get__")
            if not is_code and not name.startswith(("__", "_abc_")):
                yield kind, name, value


def _reachable(function: types.FunctionType) -> Iterator[Tuple[str, Any]]:
    """Yield what a function can remember outside itself: its closure, and containers of its module."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):  # noqa: B905  (Python 3.9)
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, CONTAINERS):
            yield name, value


@functools.lru_cache(maxsize=None)
def _written(code: types.CodeType) -> Tuple[str, ...]:
    """Return the names of the module that ``code`` assigns, functions inside of it included."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_GLOBAL"}
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return tuple(sorted(names.union(*map(_written, inner))))


def _assign_reachable(function: types.FunctionType, name: str, value: Any) -> None:
    for free, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):  # noqa: B905  (Python 3.9)
        if free == name:
            cell.cell_contents = value


def _refill(current: Any, value: Any) -> bool:
    """Fill the container ``current`` with ``value`` in place, since others may hold it too; False if it is none."""
    if type(current) is not type(value) or not isinstance(current, CONTAINERS):
        return False
    if isinstance(current, (list, bytearray)):
        current[:] = value
    else:
        current.clear()
        current.update(value)
    return True


def _is_csv(callback: Any) -> bool:
    return type(callback).__name__ == "CSVLogger" and getattr(callback, "csv_file", None) is not None


def _csv_content(callback: Any) -> str:
    return Path(callback.filename).read_bytes().decode("utf-8")  # line ends as they are


def _restore_csv(callback: Any, text: str) -> None:
    """Fill the file of a CSVLogger, which opened it anew, and let it go on below the rows."""
    callback.csv_file.seek(0)
    callback.csv_file.truncate()
    callback.csv_file.write(text)
    callback.csv_file.flush()
    callback.append_header = callback.append_header and not text
