"""The syntax trees of a repository: which call stands where, and what a name is bound to."""

import ast
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple, Union

from pushtune_runtime.script_source import parse_source

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]
Scope = Union[ast.Module, ast.ClassDef, Function]
Position = Tuple[int, int, int, int]  # line from 1, last line, column from 0 in bytes, end column

# Names that an argument had in Keras 1 and 2.
OLDER_NAMES: Dict[str, Tuple[str, ...]] = {
    "units": ("output_dim",), "filters": ("nb_filter",), "rate": ("p",), "epochs": ("nb_epoch",),
    "learning_rate": ("lr",), "initial_learning_rate": ("learning_rate", "lr"),
}  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class SourceFile:
    """One file of the repository with its tree, the parent of each node, and all calls."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self.file = file
        self.tree = tree
        self.parents: Dict[ast.AST, ast.AST] = {}
        self.calls: List[ast.Call] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self.calls.append(node)
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node

    def call_at(self, position: Position) -> Optional[ast.Call]:
        """Return the call that Python reports at ``position``."""
        line, last_line, column, last_column = position
        for call in self.calls:
            end = (call.end_lineno, call.end_col_offset)
            if call_start(call) == (line, column) and end == (last_line, last_column):
                return call
        return None

    def calls_starting_at(self, line: int, column: int) -> List[ast.Call]:
        """Return the calls that begin at ``line`` and ``column``, outermost first."""
        return [call for call in self.calls if call_start(call) == (line, column)]

    def is_named(self, constant: ast.Constant) -> bool:
        """Return whether ``constant`` has a name of its own, rather than being an argument of what is called."""
        holder = self.parents.get(constant)
        if isinstance(holder, ast.keyword):
            holder = self.parents.get(holder)
        return not isinstance(holder, ast.Call) or called_name(holder).startswith(("add_argument", "DEFINE_"))

    def scopes_of(self, node: ast.AST) -> Iterator[Scope]:
        """Yield the scopes that a name in ``node`` is looked up in: functions from inside out, then the module."""
        current: Optional[ast.AST] = self.parents.get(node)
        while current is not None:
            if isinstance(current, (*FUNCTIONS, ast.Module)):
                yield current
            current = self.parents.get(current)

    def class_of(self, node: ast.AST) -> Optional[ast.ClassDef]:
        """Return the class that ``node`` is written in."""
        current: Optional[ast.AST] = node
        while current is not None and not isinstance(current, ast.ClassDef):
            current = self.parents.get(current)
        return current if isinstance(current, ast.ClassDef) else None

    def class_named(self, name: str) -> Optional[ast.ClassDef]:
        """Return the only class called ``name``."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef) and node.name == name]
        return found[0] if len(found) == 1 else None

    def calls_of(self, function: Function) -> List[ast.Call]:
        """Return the calls in this file that look like calls of ``function`` (of its class for ``__init__``)."""
        name = getattr(function, "name", "")
        if name == "__init__":
            owner = self.class_of(function)
            name = owner.name if owner else ""
        return [call for call in self.calls if name and called_name(call) == name]


class Sources:
    """The files of the repository, read when they are first asked for."""

    def __init__(self, code_folder: Path) -> None:
        self._code_folder = code_folder
        self._files: Dict[str, Optional[SourceFile]] = {}

    def get(self, file: str) -> Optional[SourceFile]:
        """Return ``file`` (relative to the repository); None where it cannot be read as Python."""
        if file not in self._files:
            try:
                tree = parse_source(self._code_folder / file)
                self._files[file] = SourceFile(file, tree)
            except (OSError, SyntaxError, ValueError, RecursionError):
                self._files[file] = None
        return self._files[file]

    def module(self, name: str, importer: str) -> Optional[SourceFile]:
        """Return the module ``name`` as ``importer`` (a file) would find it within the repository."""
        path = name.strip(".").replace(".", "/") + ".py"
        for folder in (Path(importer).parent, Path()):
            found = self.get((folder / path).as_posix())
            if found is not None:
                return found
        return None


def call_start(call: ast.Call) -> Tuple[int, int]:
    """Return line and column at which Python reports ``call``: in a chain over several lines, where its name stands."""
    method = call.func
    if isinstance(method, ast.Attribute) and method.end_lineno is not None and method.end_lineno != call.lineno:
        return method.end_lineno, (method.end_col_offset or 0) - len(method.attr)
    return call.lineno, call.col_offset


def called_name(call: ast.Call) -> str:
    """Return the last name of what is called: ``Dense`` for ``keras.layers.Dense(...)``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """Yield the nodes of ``scope`` without those of functions and classes within it (their definitions are kept)."""
    body = scope.body if isinstance(scope.body, list) else [scope.body]
    waiting: List[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def parameter_names(function: Function) -> List[str]:
    """Return the names of the positional parameters of ``function``."""
    return [item.arg for item in function.args.posonlyargs + function.args.args]


def parameter_default(function: Function, name: str) -> Optional[ast.expr]:
    """Return the default of the parameter ``name``; None where it has none."""
    positional = function.args.posonlyargs + function.args.args
    with_default = positional[len(positional) - len(function.args.defaults) :]
    pairs = [*zip(with_default, function.args.defaults), *zip(function.args.kwonlyargs, function.args.kw_defaults)]  # noqa: B905
    return next((default for item, default in pairs if item.arg == name), None)


def has_parameter(function: Function, name: str) -> bool:
    """Return whether ``function`` has a parameter called ``name``."""
    return name in parameter_names(function) or name in [item.arg for item in function.args.kwonlyargs]


def _spread_entry(call: ast.Call, name: str) -> Optional[ast.expr]:
    """Return the entry ``name`` of the only dictionary that is spread into ``call``: ``options["name"]``."""
    spread = [keyword.value for keyword in call.keywords if keyword.arg is None]
    return ast.Subscript(value=spread[0], slice=ast.Constant(value=name)) if len(spread) == 1 else None


def argument_node(call: ast.Call, name: str, position: Optional[int]) -> Optional[ast.expr]:
    """Return the argument ``name`` of ``call``, which may also stand at ``position``; None where it is not written."""
    for keyword in call.keywords:
        if keyword.arg == name or keyword.arg in OLDER_NAMES.get(name, ()):
            return keyword.value
    if position is None or position >= len(call.args):
        return _spread_entry(call, name)
    if any(isinstance(item, ast.Starred) for item in call.args[: position + 1]):
        return None
    return call.args[position]
