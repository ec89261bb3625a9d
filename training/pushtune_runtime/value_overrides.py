"""Replaces literals of the script in memory, so that all uses of a constant see the value of an override.

A hook alone would change one call and leave ``steps = n // BATCH`` or ``Reshape((7, 7, FILTERS))`` behind. Where an
override leads to exactly one literal, that literal is replaced in the syntax tree before the script is compiled; the
file, its lines and its columns stay as they are. Everything else is overridden at its hook, which also checks arrival.
"""

import ast
import importlib.machinery
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from pushtune_contract.parameters import Value
from pushtune_runtime.failures import is_user_file
from pushtune_runtime.literal_finder import Literal, LiteralFinder, Search
from pushtune_runtime.own_loops.loop_syntax import epoch_loops, length_node, wrap_epoch_loops
from pushtune_runtime.path_bridges import PathBridges
from pushtune_runtime.script_source import parse_source
from pushtune_runtime.session import Session
from pushtune_runtime.source_index import Sources, argument_node, called_name

_ID = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)#(?P<occurrence>\d+)\.(?P<owner>\w+)\.(?P<argument>\w+)")
# Arguments that may be given without their name: (owner, argument) -> position. What is not listed needs its name.
POSITIONS: Dict[Tuple[str, str], int] = {
    ("fit", "batch_size"): 2, ("fit", "epochs"): 3, ("fit_generator", "epochs"): 2,
    ("Dense", "activation"): 1, ("Activation", "activation"): 0, ("DepthwiseConv2D", "kernel_size"): 0,
    ("compile", "optimizer"): 0, ("batch", "batch_size"): 0, ("flow", "batch_size"): 2,
    ("flow_from_directory", "batch_size"): 5, ("image_dataset_from_directory", "batch_size"): 5,
    ("text_dataset_from_directory", "batch_size"): 4,
}  # fmt: skip
_FIRST = frozenset({
    "units", "filters", "rate", "learning_rate", "initial_learning_rate", "num_heads",
    "n_estimators", "n_neighbors", "n_components", "C", "alpha",
})  # fmt: skip
_SECOND = frozenset({"kernel_size", "key_dim", "output_dim"})

Place = Tuple[str, int, int]  # file, line from 1, column from 0


@dataclass(frozen=True)
class ParameterId:
    """The parts of ``file:line:column#occurrence.Class.argument``."""

    file: str
    line: int
    column: int
    occurrence: int
    owner: str
    argument: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}#{self.occurrence}.{self.owner}.{self.argument}"


def parse_id(text: str) -> Optional[ParameterId]:
    """Return the parts of the parameter id ``text``; None where it is not one."""
    match = _ID.fullmatch(text)
    if match is None:
        return None
    parts = match.groupdict()
    numbers = {name: int(parts[name]) for name in ("line", "column", "occurrence")}
    return ParameterId(file=parts["file"], owner=parts["owner"], argument=parts["argument"], **numbers)


def position_of(owner: str, argument: str) -> Optional[int]:
    """Return the position at which ``owner`` takes ``argument`` without its name; None where it needs the name."""
    if (owner, argument) in POSITIONS:
        return POSITIONS[owner, argument]
    if owner in ("fit", "fit_generator", "compile"):
        return None
    return 0 if argument in _FIRST else 1 if argument in _SECOND else None


def value_node(call: ast.Call, owner: str, argument: str) -> Optional[ast.expr]:
    """Return what ``call`` of ``owner`` gives for ``argument``; the length of a loop for ``range``."""
    return length_node(call) if owner == "range" else argument_node(call, argument, position_of(owner, argument))


class LiteralOverrides:
    """Which literals are replaced by which values in this run."""

    def __init__(self, session: Session, sources: Sources) -> None:
        self._session = session
        self._sources = sources
        self._finder = LiteralFinder(sources)
        self._bridges = PathBridges(session)
        self.planned: Dict[Place, Value] = {}
        self.roles: Dict[Place, List[ParameterId]] = {}
        self._plan()

    def _plan(self) -> None:
        wanted: Dict[Place, List[Value]] = {}
        for text, value in self._session.request.overrides.items():
            parts = parse_id(text)
            literal = self._literal_of(parts) if parts else None
            if parts and literal and literal.rewritable and _same_kind(literal.value, value):
                place = (literal.file, literal.line, literal.column)
                wanted.setdefault(place, []).append(value)
                self.roles.setdefault(place, []).append(parts)
        self.planned = {place: values[0] for place, values in wanted.items() if len(set(values)) == 1}

    def _literal_of(self, parts: ParameterId) -> Optional[Literal]:
        source = self._sources.get(parts.file)
        if source is None:
            return None
        starting_here = source.calls_starting_at(parts.line, parts.column)
        calls = [call for call in starting_here if called_name(call) == parts.owner]
        if len(calls) != 1:
            return None
        return self._finder.find(Search(source), value_node(calls[0], parts.owner, parts.argument))

    def rewrite(self, tree: ast.Module, file: str) -> ast.Module:
        """Return ``tree``, the tree of ``file``, with the planned literals and the paths of other machines replaced."""
        tree = self._bridges.rewrite(tree)
        values = {place[1:]: value for place, value in self.planned.items() if place[0] == file}
        return _Replacer(values).visit(tree) if values else tree

    def install(self) -> None:
        """Let modules of the repository that the script imports be rewritten as well, and their loops be followed."""
        _rewrite_imports(self)

    def file_to_rewrite(self, path: str) -> Optional[str]:
        """Return the module at ``path`` relative to the repository; None where nothing in it is replaced."""
        if not path.endswith(".py") or not is_user_file(self._session, path):
            return None
        file = self._session.relative_file(path)
        is_replaced = bool(self._bridges) or any(place[0] == file for place in self.planned)
        return file if is_replaced or self._has_epoch_loops(file) else None

    def _has_epoch_loops(self, file: str) -> bool:
        source = self._sources.get(file)
        return source is not None and bool(epoch_loops(source.tree))


def _rewrite_imports(overrides: LiteralOverrides) -> None:
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: Any, fullname: str) -> Any:
        path = loader.get_filename(fullname)
        file = overrides.file_to_rewrite(path)
        if file is None:
            return original(loader, fullname)
        tree = parse_source(Path(path))
        return compile(wrap_epoch_loops(overrides.rewrite(tree, file)), path, "exec", dont_inherit=True)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]


class _Replacer(ast.NodeTransformer):
    def __init__(self, values: Dict[Tuple[int, int], Value]) -> None:
        self._values = values

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:  # noqa: N802  (name given by ast)
        value = self._values.get((node.lineno, node.col_offset))
        if value is None or not isinstance(node.value, (int, float, str)):
            return node
        return ast.copy_location(ast.Constant(value=cast_like(node.value, value)), node)


def cast_like(old: Any, new: Value) -> Value:
    """Return ``new`` with the type of ``old`` where that loses nothing: 8.0 becomes 8 for a whole number."""
    if isinstance(old, bool) or isinstance(new, (bool, str)):
        return new
    if isinstance(old, int) and float(new).is_integer():
        return int(new)
    return float(new) if isinstance(old, float) else new


def _same_kind(old: Any, new: Value) -> bool:
    return isinstance(old, str) == isinstance(new, str)
