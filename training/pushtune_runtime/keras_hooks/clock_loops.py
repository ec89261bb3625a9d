"""Finds loops that go on until a time is over: how often they train depends on how fast the machine is."""

import ast
import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Dict, FrozenSet, Iterator, List, Optional, Set

from pushtune_runtime.failures import is_user_file
from pushtune_runtime.keras_hooks.script_code import CLOCKS
from pushtune_runtime.script_source import parse_source
from pushtune_runtime.session import Session

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
NUMBERS = frozenset({"abs", "float", "int", "max", "min", "round", "sum"})
TEXTS = frozenset({"asctime", "ctime", "strftime"})  # names of folders are made of them
LEAVES = (ast.Break, ast.Return, ast.Raise)


def clock_loops_around(session: Session) -> List[str]:
    """Return file:line of such a loop in each file of the repository that has a part in the running call."""
    files: Set[str] = set()
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None:
        files.add(frame.f_code.co_filename)
        frame = frame.f_back
    own = sorted(file for file in files if is_user_file(session, file))
    return [f"{session.relative_file(file)}:{line}" for file in own for line in _lines_of(file)]


@functools.lru_cache(maxsize=None)
def _lines_of(file: str) -> List[int]:
    try:
        line = line_of_clock_loop(parse_source(Path(file)))
    except (OSError, SyntaxError):  # the script has removed or changed it meanwhile
        return []
    return [] if line is None else [line]


def line_of_clock_loop(tree: ast.AST) -> Optional[int]:
    """Return the line of the first condition that looks at a clock and ends a loop or a function; None without one."""
    return min(_lines_in(tree, _Clocks.imported_by(tree)), default=None)


def _lines_in(scope: ast.AST, clocks: "_Clocks") -> Iterator[int]:
    """Yield the lines of such conditions in ``scope`` and in the functions in it, which know its names."""
    nodes = list(_nodes_of(scope))
    clocks = clocks.with_assignments(nodes)
    for node in nodes:
        if isinstance(node, FUNCTIONS):
            yield from _lines_in(node, clocks)
        elif isinstance(node, ast.While) or (isinstance(node, ast.If) and _leaves(node.body)):
            yield from (node.test.lineno for part in _compared(node.test) if clocks.gave(part))


def _nodes_of(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in ``scope``; of the functions in it only themselves."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, FUNCTIONS):
            yield from _nodes_of(node)


def _leaves(body: List[ast.stmt]) -> bool:
    return any(isinstance(node, LEAVES) for statement in body for node in ast.walk(statement))


def _compared(condition: ast.expr) -> Iterator[ast.expr]:
    """Yield the values that a condition is about."""
    inner: List[ast.expr] = []
    if isinstance(condition, ast.BoolOp):
        inner = condition.values
    elif isinstance(condition, ast.UnaryOp):
        inner = [condition.operand]
    elif isinstance(condition, ast.Compare):
        inner = [condition.left, *condition.comparators]
    yield from (part for one in inner for part in _compared(one))
    if not inner:
        yield condition


@dataclass(frozen=True)
class _Clocks:
    """What is a clock, or a number that was made from what a clock said.

    Attributes:
        modules: name -> what of it is a clock. names: clocks and numbers themselves.
    """

    modules: Dict[str, FrozenSet[str]]
    names: FrozenSet[str]

    @staticmethod
    def imported_by(tree: ast.AST) -> "_Clocks":
        modules: Dict[str, FrozenSet[str]] = {}
        names: Set[str] = set()
        for node in ast.walk(tree):
            for name in node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else ():
                bound = name.asname or name.name.split(".")[0]
                source = str(node.module) if isinstance(node, ast.ImportFrom) else name.name
                if source in CLOCKS:
                    modules[bound] = CLOCKS[source]  # of ``from datetime import datetime`` too
                    names |= {bound} if isinstance(node, ast.ImportFrom) and name.name in CLOCKS[source] else set()
        return _Clocks(modules, frozenset(names))

    def with_assignments(self, nodes: List[ast.AST]) -> "_Clocks":
        """Return the same with the names that ``nodes`` give such numbers to."""
        found = self.names
        for node in nodes:
            if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.NamedExpr)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if node.value is not None and self.gave(node.value):
                    found |= {target.id for target in targets if isinstance(target, ast.Name)}
        return self if found == self.names else _Clocks(self.modules, found).with_assignments(nodes)

    def gave(self, value: ast.expr) -> bool:
        """Return whether ``value`` is a clock, or a number or date that was made from what one said."""
        if isinstance(value, ast.Name):
            return value.id in self.names
        if isinstance(value, ast.Attribute):
            return self._is_clock(value) or self.gave(value.value)
        if isinstance(value, ast.Call):
            is_number = isinstance(value.func, ast.Name) and value.func.id in NUMBERS
            return self.gave(value.func) or (is_number and any(map(self.gave, value.args)))
        if isinstance(value, ast.BinOp):
            return self.gave(value.left) or self.gave(value.right)
        return isinstance(value, (ast.UnaryOp, ast.NamedExpr)) and self.gave(
            value.operand if isinstance(value, ast.UnaryOp) else value.value
        )

    def _is_clock(self, value: ast.Attribute) -> bool:
        root = value.value
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and value.attr in self.modules.get(root.id, frozenset()) - TEXTS
