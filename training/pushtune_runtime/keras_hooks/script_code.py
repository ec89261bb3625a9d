"""What a function of the script names, read from its compiled code: globals, attributes, clocks, shared generators."""

import dis
import functools
import sys
import types
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, Iterator, Set

CLOCKS: Dict[str, FrozenSet[str]] = {
    "time": frozenset({
        "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
        "process_time_ns", "thread_time", "ctime", "localtime", "gmtime", "strftime", "asctime",
    }),
    "timeit": frozenset({"default_timer"}),
    "datetime": frozenset({"now", "today", "utcnow"}),
    "uuid": frozenset({"uuid1", "uuid4"}),
    "os": frozenset({"urandom", "getrandom", "times"}),
    "secrets": frozenset({"choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"}),
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Names in the code of a function, functions inside of it included.

    Attributes:
        read: of its module. assigned: of its module, by the function itself. imported: modules, by an ``import`` in it.
        attributes: read from anything. assigned_attributes: set on anything.
    """

    read: FrozenSet[str]
    assigned: FrozenSet[str]
    imported: FrozenSet[str]
    attributes: FrozenSet[str]
    assigned_attributes: FrozenSet[str]


@functools.lru_cache(maxsize=None)
def names_of(code: types.CodeType) -> Names:
    """Return the names that ``code`` uses."""
    found: Dict[str, Set[str]] = {}
    for part in _with_inner(code):
        for step in dis.get_instructions(part):
            if isinstance(step.argval, str):
                found.setdefault(step.opname, set()).add(step.argval)

    def of(*operations: str) -> FrozenSet[str]:
        return frozenset(name for operation in operations for name in found.get(operation, ()))

    assigned = of("STORE_GLOBAL", "DELETE_GLOBAL")
    return Names(
        read=of("LOAD_GLOBAL", "LOAD_NAME") | assigned,
        assigned=assigned,
        imported=of("IMPORT_NAME"),
        attributes=of("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"),
        assigned_attributes=of("STORE_ATTR"),
    )


def reads_clock(function: types.FunctionType) -> bool:
    """Return whether ``function`` itself looks at a clock, or at random numbers of the system."""
    attributes = names_of(function.__code__).attributes
    return any(_is_clock(value, attributes) for value in _named_values(function))


def draws_from_shared_generator(function: types.FunctionType) -> bool:
    """Return whether ``function`` itself may draw from the generator that ``random`` or NumPy has for everybody."""
    attributes = names_of(function.__code__).attributes
    return any(_has_shared_generator(value, attributes) for value in _named_values(function))


def _with_inner(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _with_inner(constant)


def _named_values(function: types.FunctionType) -> Iterator[Any]:
    names = names_of(function.__code__)
    yield from (function.__globals__[name] for name in names.read if name in function.__globals__)
    yield from (sys.modules[name] for name in names.imported if name in sys.modules)
    for cell in function.__closure__ or ():
        if cell != types.CellType():  # an empty one has no contents to be asked for
            yield cell.cell_contents


def _is_clock(value: Any, attributes: FrozenSet[str]) -> bool:
    if isinstance(value, types.ModuleType):
        return bool(attributes & CLOCKS.get(value.__name__, frozenset()))
    if isinstance(value, type):
        return value.__module__ == "datetime" and bool(attributes & CLOCKS["datetime"])
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        module, name = getattr(value, "__module__", None), getattr(value, "__name__", "")
        return name in CLOCKS.get("os" if module == "posix" else str(module), ())
    return False


def _has_shared_generator(value: Any, attributes: FrozenSet[str]) -> bool:
    if isinstance(value, types.ModuleType):
        made_for_one = {"default_rng", "Generator", "RandomState", "Random", "SeedSequence"}
        return (
            value.__name__ in ("random", "numpy.random")
            and bool(attributes - made_for_one)
            or (value.__name__ == "numpy" and "random" in attributes and not attributes & made_for_one)
        )
    is_method = isinstance(value, (types.BuiltinMethodType, types.MethodType))
    return is_method and type(value.__self__).__name__ in ("Random", "RandomState")
