"""Finds loops that go on until a time is over: how often they train depends on how fast the machine is."""

import ast
import functools
import sys
from pathlib import Path
from types import FrameType
from typing import Dict, FrozenSet, Iterator, List, Optional, Set

from pushtune_runtime.failures import is_user_file
from pushtune_runtime.keras_hooks.script_code import CLOCKS
from pushtune_runtime.script_source import parse_source
from pushtune_runtime.session import Session

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
    clocks = _Clocks(tree)
    lines = [condition.lineno for condition in _conditions(tree) if clocks.are_in(condition)]
    return min(lines, default=None)


def _conditions(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.While) or isinstance(node, ast.If) and _leaves(node.body):
            yield node.test


def _leaves(body: List[ast.stmt]) -> bool:
    return any(isinstance(node, LEAVES) for statement in body for node in ast.walk(statement))


class _Clocks:
    """Which names of a file are clocks, or were made from what a clock said."""

    def __init__(self, tree: ast.AST) -> None:
        self._modules: Dict[str, FrozenSet[str]] = {}
        self._names: Set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._note_import(node)
        while self._note_assignments(tree):
            pass

    def are_in(self, expression: ast.AST) -> bool:
        """Return whether ``expression`` asks a clock, or names what was made from its answer."""
        return any(self._is_clock(node) for node in ast.walk(expression))

    def _is_clock(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute):
            root: ast.AST = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            return isinstance(root, ast.Name) and node.attr in self._modules.get(root.id, ())
        return isinstance(node, ast.Name) and node.id in self._names

    def _note_import(self, node: "ast.Import | ast.ImportFrom") -> None:
        for name in node.names:
            bound = name.asname or name.name.split(".")[0]
            if isinstance(node, ast.Import) and name.name in CLOCKS:
                self._modules[bound] = CLOCKS[name.name]
            elif isinstance(node, ast.ImportFrom) and node.module in CLOCKS:
                if name.name in CLOCKS[node.module]:
                    self._names.add(bound)
                self._modules[bound] = CLOCKS[node.module]  # the class datetime

    def _note_assignments(self, tree: ast.AST) -> bool:
        """Note names that get what a clock said; return whether there were new ones."""
        before = len(self._names)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.NamedExpr)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if node.value is not None and self.are_in(node.value):
                    self._names |= {target.id for target in targets if isinstance(target, ast.Name)}
        return len(self._names) > before
