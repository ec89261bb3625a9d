"""Executes those lines of a script that only describe its model, in their order and with their own control flow.

Everything else (data, training, plots) is passed over, and what it sets is forgotten: a line that needs it is passed
over as well. As soon as a line that is passed over could have had a part in building or training a model, nothing that
comes later is known. So what is executed here is exactly what the script itself will do, or it is not executed.
"""

import __future__

import ast
import types
from pathlib import Path
from typing import Any, Dict, List, Sequence, Set

from pushtune_runtime.dry_run.mentions import Mentions, bound_names, changed_roots
from pushtune_runtime.dry_run.pure_code import PureCode, is_constant, is_plain
from pushtune_runtime.keras_hooks.layer_hooks import TUNED_ARGUMENTS, WRAPPERS

UNEVALUATED_ANNOTATIONS = __future__.annotations.compiler_flag  # they may mention what is not known here
IMPORTED = frozenset({"keras", "tensorflow", "math", "__future__"})
# What builds or trains models, changes what Keras does, or can do anything at all.
DECISIVE = frozenset({
    *TUNED_ARGUMENTS, *WRAPPERS, "Sequential", "Model", "Functional", "Layer", "load_model", "load_weights",
    "fit", "fit_generator", "fit_predict", "train_on_batch", "search", "cross_val_score", "cross_validate",
    "set_image_data_format", "set_floatx", "set_backend", "set_dtype_policy", "set_global_policy", "set_policy",
    "disable_v2_behavior", "disable_eager_execution", "disable_v2_tensorshape", "enable_numpy_behavior",
    "run_functions_eagerly", "compat", "applications", "setattr", "delattr", "exec", "eval", "__import__",
    "importlib", "runpy", "globals", "vars", "__dict__",
})  # fmt: skip


class StatementFailed(Exception):
    """A line of the script has raised ``__cause__``."""


class _NothingMoreKnown(Exception):
    """What follows may depend on what was passed over."""


class ModelBuilding:
    """The part of the script ``path``, parsed as ``tree``, that describes its model."""

    def __init__(self, tree: ast.Module, path: Path, work_folder: Path) -> None:
        self._tree = tree
        self._path = str(path)
        self._folders = (path.parent, work_folder)
        self._mentions = Mentions(tree)
        self._pure = PureCode(tree, self._path)
        self._declared_global = {
            name for node in ast.walk(tree) if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names
        }
        functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        self._changed_in_functions: Set[str] = set().union(*map(changed_roots, functions))
        self._scopes: List[Dict[str, Any]] = []

    def run(self) -> None:
        """Execute what is known. Raises StatementFailed."""
        try:
            self._run_block(self._tree.body, {"__name__": "__main__", "__file__": self._path})
        except _NothingMoreKnown:
            return

    def _run_block(self, statements: Sequence[ast.stmt], scope: Dict[str, Any]) -> None:
        self._scopes.append(scope)
        for statement in statements:
            if isinstance(statement, (ast.Return, ast.Raise)):
                raise _NothingMoreKnown
            self._run_statement(statement, scope)

    def _run_statement(self, statement: ast.stmt, scope: Dict[str, Any]) -> None:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            self._import(statement, scope)
        elif isinstance(statement, ast.FunctionDef):
            self._define(statement, scope)
        elif isinstance(statement, ast.ClassDef):
            self._pass_over_class(statement)
        elif _is_main_guard(statement):
            for inner in statement.body:  # type: ignore[attr-defined]
                self._run_statement(inner, scope)
        elif self._pure.allows(statement, scope):
            self._execute(statement, scope)
        elif (main := self._function_without_arguments(statement, scope)) is not None:
            self._run_block(main.body, dict(scope))
            raise _NothingMoreKnown
        else:
            self._pass_over(statement)

    def _execute(self, statement: ast.stmt, scope: Dict[str, Any]) -> None:
        module = ast.Module(body=[statement], type_ignores=[])
        code = compile(module, self._path, "exec", UNEVALUATED_ANNOTATIONS, dont_inherit=True)
        try:
            exec(code, scope)  # noqa: S102  (the script's own line, in the container that runs the script)
        except Exception as error:
            raise StatementFailed from error
        for name in bound_names(statement) & self._declared_global:
            scope.pop(name, None)

    def _import(self, statement: ast.stmt, scope: Dict[str, Any]) -> None:
        """Import Keras; nothing is known of a script whose own modules may have a part in it."""
        names = _imported_modules(statement)
        if any(self._is_own_module(name) for name in names):
            raise _NothingMoreKnown
        if all(name.split(".")[0] in IMPORTED for name in names):
            self._execute(statement, scope)
        elif any(alias.name == "*" for alias in statement.names):  # type: ignore[attr-defined]
            raise _NothingMoreKnown
        else:
            self._forget(bound_names(statement))

    def _is_own_module(self, name: str) -> bool:
        root = name.split(".")[0]
        return not root or any((folder / root).exists() or (folder / f"{root}.py").exists() for folder in self._folders)

    def _define(self, statement: ast.FunctionDef, scope: Dict[str, Any]) -> None:
        if self._pure.allows_definition(statement, scope):
            self._execute(statement, scope)
        elif statement.decorator_list:
            self._pass_over(statement)
        else:
            self._forget({statement.name})

    def _pass_over_class(self, statement: ast.ClassDef) -> None:
        """The body of a class runs, that of its methods does not."""
        for inner in [*statement.decorator_list, *statement.body]:
            if not isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) or inner.decorator_list:
                self._pass_over(inner)
        self._forget({statement.name})

    def _function_without_arguments(self, statement: ast.stmt, scope: Dict[str, Any]) -> Any:
        """Return the function ``main`` where the statement is ``main()``."""
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args or call.keywords:
            return None
        function = self._pure.function(scope.get(call.func.id))
        if function is None or any(ast.iter_child_nodes(function.args)) or len(self._scopes) > 1:
            return None
        declares = (ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom)
        return None if any(isinstance(node, declares) for node in ast.walk(function)) else function

    def _pass_over(self, statement: ast.AST) -> None:
        """Forget what ``statement`` may have changed. Raises _NothingMoreKnown where it may have decided anything."""
        mentioned = self._mentions.of(statement)
        for scope in self._scopes:
            for name in mentioned & set(scope):
                if _is_decisive(scope[name]):
                    raise _NothingMoreKnown
            changed = self._changed_in_functions | changed_roots(statement)
            if any(isinstance(scope.get(name), types.ModuleType) for name in changed):
                raise _NothingMoreKnown
        if mentioned & DECISIVE:
            raise _NothingMoreKnown
        known = {name: value for scope in self._scopes for name, value in scope.items()}
        changeable = {name for name in mentioned if name in known and is_plain(known[name])}
        self._forget(bound_names(statement) | {name for name in changeable if not is_constant(known[name])})

    def _forget(self, names: Set[str]) -> None:
        for scope in self._scopes:
            for name in names:
                scope.pop(name, None)


def _is_decisive(value: Any) -> bool:
    """Return whether who gets ``value`` may have changed or used a part of a model."""
    if is_plain(value) or isinstance(value, types.ModuleType):
        return False
    if isinstance(value, (type, types.BuiltinFunctionType)):
        return getattr(value, "__name__", "") in DECISIVE
    if isinstance(value, types.FunctionType):
        return value.__name__ == "<lambda>" or bool(DECISIVE & {value.__name__, *value.__code__.co_names})
    return True


def _is_main_guard(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.If) or statement.orelse or not isinstance(statement.test, ast.Compare):
        return False
    return ast.dump(statement.test) in _MAIN_TESTS


_MAIN_TESTS = frozenset(
    ast.dump(ast.parse(text, mode="eval").body) for text in ("__name__ == '__main__'", "'__main__' == __name__")
)


def _imported_modules(statement: Any) -> List[str]:
    if isinstance(statement, ast.ImportFrom):
        return ["" if statement.level else statement.module or ""]
    return [alias.name for alias in statement.names]
