"""Reads small YAML that a person wrote: plain data only, bounded in size, depth and number of nodes."""

from pathlib import Path
from typing import Any

import yaml

SIZE_LIMIT_BYTES = 1024 * 1024
NODES_LIMIT = 100_000
DEPTH_LIMIT = 20


# What PyYAML raises where a value does not fit its tag, such as !!bool x, !!int '' or !!map [x].
_UNFIT = (LookupError, AttributeError, TypeError)


class InvalidYaml(ValueError):
    """The file is missing, too large, or not plain YAML; the text says which, and where."""


class _PlainLoader(yaml.SafeLoader):
    """Refuses what plain data does not need.

    That is aliases (they can multiply without end), repeated keys (the last would win silently), keys that are no
    single value (a template such as ``{{ NAME }}`` is a mapping in a mapping), and deep nesting.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nodes = 0
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not allowed", problem_mark=mark)
        self._nodes += 1
        self._depth += 1
        if self._nodes > NODES_LIMIT or self._depth > DEPTH_LIMIT:
            raise yaml.MarkedYAMLError(problem="too many or too deeply nested values", problem_mark=mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a list or a mapping as a key (a text with braces needs quotation marks)",
                    problem_mark=key.start_mark,
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r:.80} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Return the document in ``path``. Raises InvalidYaml."""
    try:
        with path.open("rb") as stream:
            content = stream.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise InvalidYaml(
            f"must be a readable file. Received: {error.strerror}. Create it with 'repositories: []'."
        ) from error
    return parse_yaml(content)


def parse_yaml(content: bytes) -> Any:
    """Return the document that ``content`` holds. Raises InvalidYaml."""
    try:
        if len(content) > SIZE_LIMIT_BYTES:
            raise InvalidYaml(f"must be at most {SIZE_LIMIT_BYTES} bytes. Received: more. Remove what is not needed.")
        return _PlainLoader(content.decode("utf-8")).get_single_data()
    except UnicodeDecodeError as error:
        raise InvalidYaml(
            f"must be UTF-8 text. Received: byte {error.object[error.start]:#04x} at {error.start}."
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError, *_UNFIT) as error:
        raise InvalidYaml(_where(error)) from error


def _where(error: Exception) -> str:
    if isinstance(error, InvalidYaml):
        return str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"must be plain YAML. Received: {error.problem} in line {mark.line + 1}, column {mark.column + 1}."
    return f"must be plain YAML. Received: {str(error)[:200]}."
