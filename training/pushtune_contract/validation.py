"""Builds the contract's dataclasses out of parsed JSON, refusing everything that does not fit.

A small checker of our own, since this package uses the standard library alone: it has to run on the oldest
Python of any image, next to whatever versions of other libraries a repository asks for.
"""

import dataclasses
import functools
import math
import typing
from typing import Any, Dict, List, Type, TypeVar, Union

from pushtune_contract.layout import CONTRACT_VERSION

TEXT_LIMIT_CHARACTERS = 20_000
ITEMS_LIMIT = 20_000
INTEGER_LIMIT = 2**63 - 1  # what databases hold; JSON allows numbers of any length, which no float can take

Document = TypeVar("Document")


class ContractViolation(ValueError):
    """A document does not follow the contract; the text names document, field, rule and received value."""


def build(kind: Type[Document], data: Any, path: str = "") -> Document:
    """Return an instance of the dataclass ``kind`` made from ``data``, a parsed JSON object.

    Unknown fields are refused, so that a misspelt one is noticed. Fields with a default may be missing.

    Raises:
        ContractViolation: a field is missing, unknown, of the wrong type, not finite, or too long.
    """
    path = path or kind.__name__
    if not isinstance(data, dict):
        raise _violation(path, "an object", data)
    hints = _hints(kind)  # type: ignore[arg-type]
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in data:
        if name not in fields:
            raise ContractViolation(f"{path}: expected fields among {sorted(fields)}, but got {name!r:.100}")
    values: Dict[str, Any] = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _convert(hints[name], data[name], f"{path}.{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ContractViolation(f"{path}: the field {name!r} is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise ContractViolation(f"{path}: {error}") from error


def check_version(version: int) -> None:
    """Raise ContractViolation unless ``version`` is the contract version of this code."""
    if version != CONTRACT_VERSION:
        raise ContractViolation(
            f"contract version: expected {CONTRACT_VERSION}, but got {version}; "
            "the image and the Airflow side come from different releases: build the images again"
        )


def as_document(value: Any) -> Any:
    """Return the dataclass ``value`` as plain JSON data (the inverse of ``build``)."""
    return dataclasses.asdict(value)


@functools.lru_cache(maxsize=None)  # of the contract's few classes, each asked for again with every line of progress
def _hints(kind: Any) -> Dict[str, Any]:
    return typing.get_type_hints(kind)


def _convert(hint: Any, value: Any, path: str) -> Any:
    if hint is Any:
        return value
    origin = typing.get_origin(hint)
    if origin is Union:
        return _convert_union(typing.get_args(hint), value, path)
    if origin in (list, List):
        return _convert_list(typing.get_args(hint)[0], value, path)
    if origin in (dict, Dict):
        return _convert_dict(typing.get_args(hint)[1], value, path)
    if dataclasses.is_dataclass(hint):
        return build(hint, value, path)  # type: ignore[arg-type]
    return _convert_scalar(hint, value, path)


def _convert_union(options: Any, value: Any, path: str) -> Any:
    if value is None and type(None) in options:
        return None
    for option in options:
        if option is not type(None):
            try:
                return _convert(option, value, path)
            except ContractViolation:
                if len([o for o in options if o is not type(None)]) == 1:
                    raise
    raise _violation(path, f"one of {[getattr(o, '__name__', str(o)) for o in options]}", value)


def _convert_list(item: Any, value: Any, path: str) -> List[Any]:
    if not isinstance(value, list) or len(value) > ITEMS_LIMIT:
        raise _violation(path, f"a list of at most {ITEMS_LIMIT} items", value)
    return [_convert(item, element, f"{path}[{index}]") for index, element in enumerate(value)]


def _convert_dict(item: Any, value: Any, path: str) -> Dict[str, Any]:
    if not isinstance(value, dict) or len(value) > ITEMS_LIMIT:
        raise _violation(path, f"an object of at most {ITEMS_LIMIT} entries", value)
    names = {key: _convert_scalar(str, key, path) for key in value}
    return {names[key]: _convert(item, element, f"{path}.{names[key]:.60}") for key, element in value.items()}


def _convert_scalar(hint: Any, value: Any, path: str) -> Any:
    if type(value) is int and abs(value) > INTEGER_LIMIT:
        raise ContractViolation(f"{path}: expected a number up to {INTEGER_LIMIT}, but got a larger one")
    if hint is float and type(value) in (int, float):
        if not math.isfinite(value):
            raise _violation(path, "a finite number", value)
        return float(value)
    if type(value) is not hint:
        raise _violation(path, hint.__name__, value)
    return _text(value, path) if hint is str else value


def _text(value: str, path: str) -> str:
    """Return ``value`` with half characters replaced: JSON can hold them, no file, database or page can."""
    if len(value) > TEXT_LIMIT_CHARACTERS:
        raise _violation(path, f"a text of at most {TEXT_LIMIT_CHARACTERS} characters", value)
    return value.encode("utf-8", "replace").decode("utf-8")


def _violation(path: str, expected: str, received: Any) -> ContractViolation:
    # Lists and objects are not shown: turning one that is nested deeply into text can itself fail.
    shown = "" if isinstance(received, (list, dict)) else f" {str(received)[:80]!r}"
    return ContractViolation(f"{path}: expected {expected}, but got {type(received).__name__}{shown}")
