"""Values of the script as bytes and back: told from others cheaply, stored together, filled into what holds them.

They are pickled. What is held elsewhere stands in them by its path, so that a value that comes back refers to the
object that is there. They are unpickled only inside the training container, in the script's own process.
"""

import collections
import hashlib
import io
import pickle
import random
import sys
import weakref
import zlib
from typing import Any, Callable, Dict, Mapping, Optional

import numpy as np

LIBRARY_MODULES = ("keras.", "tensorflow.", "wrapt")
LARGE_BYTES = 1024 * 1024  # of arrays from this size on a checksum is taken
MANY = 100_000  # of containers with more entries some are looked at
SAMPLES = 1_000
OBJECTS_LIMIT = 500_000  # of nested values: half a second's work
OPAQUE_LIMIT_BYTES = 64 * 1024 * 1024  # objects of other libraries are looked into up to this size


class Unstorable(TypeError):
    """A value, or something in it, can be in no checkpoint."""


def is_library(value: Any) -> bool:
    """Return whether ``value`` is an object of Keras or TensorFlow that is no plain value."""
    return type(value).__module__.startswith(LIBRARY_MODULES) and type(value).__name__ != "EagerTensor"


def digest_of(value: Any, paths: Mapping[int, str]) -> Optional[bytes]:
    """Return what tells ``value`` from others; None where it cannot be looked into.

    Args:
        paths: ``id`` -> path of what is held elsewhere and counts as one thing here.
    """
    stream = _Hash()
    try:
        _Digester(stream, paths).dump(_plain(value))
    except Exception:  # anything may happen in the script's own __reduce__ and __getstate__
        return None
    return stream.digest()


def stored(value: Any, paths: Mapping[int, str]) -> bytes:
    """Return ``value`` as bytes. Raises Unstorable."""
    stream = io.BytesIO()
    try:
        _Storer(stream, paths).dump(_plain(value))
    except Exception as error:  # as above
        raise Unstorable(type(value).__name__) from error
    return stream.getvalue()


def restored(content: bytes, things: Mapping[str, Any]) -> Any:
    """Return what ``stored`` was given; ``things`` by path take the place of what was held elsewhere."""
    return _Restorer(io.BytesIO(content), things).load()


def refill(current: Any, value: Any) -> bool:
    """Make ``current`` equal to ``value`` in place, since others may hold it too; False where that is not possible."""
    for kinds, fill in _FILLS.items():
        if isinstance(current, kinds) and isinstance(value, kinds):
            return fill(current, value) is not False
    if type(current) is not type(value):
        return False
    if hasattr(type(current), "__setstate__"):
        current.__setstate__(value.__reduce_ex__(4)[2])
        return True
    kind: Any = type(current)
    if hasattr(current, "__dict__") and kind.__reduce__ is object.__reduce__:
        vars(current).clear()
        vars(current).update(vars(value))
        return True
    return False


class _Hash:
    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.digest = self._hash.digest

    def write(self, content: Any) -> None:
        self._hash.update(content)


class _Storer(pickle.Pickler):
    def __init__(self, stream: Any, paths: Mapping[int, str]) -> None:
        super().__init__(stream, protocol=4)
        self._paths = paths

    def persistent_id(self, value: Any) -> Any:
        path = self._paths.get(id(value))
        if path is None and type(value) in weakref.ProxyTypes:
            path = self._paths.get(id(_referent(value)))
            if path is None:
                raise Unstorable("weakref.proxy")
        if path is None and is_library(value) and not isinstance(value, (list, dict, set)):
            raise Unstorable(type(value).__name__)
        return path


class _Digester(_Storer):
    """Takes checksums of what is large, instead of making it bytes."""

    def __init__(self, stream: Any, paths: Mapping[int, str]) -> None:
        super().__init__(stream, paths)
        self._objects = 0

    def persistent_id(self, value: Any) -> Any:
        self._objects += 1
        if self._objects > OBJECTS_LIMIT:
            raise Unstorable("more than can be looked at")
        kind = type(value)
        if is_large_array(value) and id(value) not in self._paths:
            return "array", value.shape, value.dtype.str, zlib.crc32(np.ascontiguousarray(value).view(np.uint8).data)
        if isinstance(value, weakref.ref):
            return "weakref", id(value())
        if kind in weakref.ProxyTypes:
            return "weakref", id(_referent(value))
        if kind in (list, tuple, dict, set) and len(value) > MANY:
            return "many", len(value), _some(value)
        if not isinstance(value, np.ndarray) and sys.getsizeof(value, 0) > OPAQUE_LIMIT_BYTES:
            return "opaque", kind.__name__
        return super().persistent_id(value)


class _Restorer(pickle.Unpickler):
    def __init__(self, stream: Any, things: Mapping[str, Any]) -> None:
        super().__init__(stream)
        self._things = things

    def persistent_load(self, path: Any) -> Any:
        return self._things[path]


def is_large_array(value: Any) -> bool:
    """Return whether ``value`` is an array that is better not copied: whoever holds it may have changed around it."""
    return type(value) is np.ndarray and value.nbytes > LARGE_BYTES and not value.dtype.hasobject


def entries_of(container: Any) -> Any:
    """Return a plain copy of a container, or another view of an array: what is in it is in both."""
    if isinstance(container, np.ndarray):
        return container.view()
    kinds: Any = (dict, set, bytearray, list)
    return next(kind for kind in kinds if isinstance(container, kind) or kind is list)(container)


def refill_entries(container: Any, entries: Any) -> None:
    """Let ``container``, which may be an array, hold ``entries`` instead of what is in it."""
    if isinstance(container, np.ndarray):
        container[...] = entries
        return
    # Classes of the script may mean something else by ``update``, and Keras' would put other objects in; those of
    # TensorFlow keep what is in them a second time.
    base: Any = type(container)
    if not base.__module__.startswith(("tensorflow.", "wrapt")):
        base = next(kind for kind in (dict, set, list, bytearray, collections.deque) if isinstance(container, kind))
    if isinstance(container, (list, bytearray)):
        base.__setitem__(container, slice(None), entries)
    else:
        base.clear(container)
        fill = base.extend if isinstance(container, collections.deque) else base.update
        fill(container, entries)


def _referent(proxy: Any) -> Any:
    return getattr(proxy.__repr__, "__self__", None)


def _plain(value: Any) -> Any:
    """Return containers that Keras and TensorFlow have put in place of the script's as what they were."""
    is_wrapped = type(value).__module__.startswith(LIBRARY_MODULES) and isinstance(value, (list, dict, set))
    return entries_of(value) if is_wrapped else value


def _some(container: Any) -> Any:
    """Return entries that are spread over ``container``."""
    if isinstance(container, (list, tuple)):
        return list(container[:: max(1, len(container) // SAMPLES)]), container[-1]
    return [entry for number, entry in enumerate(container) if number % max(1, len(container) // SAMPLES) == 0]


def _fill_array(current: Any, value: Any) -> bool:
    if current.shape != value.shape or current.dtype != value.dtype or not current.flags.writeable:
        return False
    current[...] = value
    return True


def _fill_generator(current: Any, value: Any) -> None:
    current.bit_generator.state = value.bit_generator.state


_FILLS: Dict[Any, Callable[[Any, Any], Any]] = {
    (dict, set, list, bytearray, collections.deque): lambda current, value: refill_entries(current, entries_of(value)),
    np.ndarray: _fill_array,
    np.random.Generator: _fill_generator,
    np.random.mtrand.RandomState: lambda current, value: current.set_state(value.get_state()),
    random.Random: lambda current, value: current.setstate(value.getstate()),
}
