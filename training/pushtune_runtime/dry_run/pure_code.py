"""Which lines of a script depend on nothing but its constants and Keras, and do nothing but describe a model."""

import ast
import builtins
import types
from typing import Any, Dict, Iterator, List, Set, Tuple

from pushtune_runtime.dry_run.mentions import bound_names, dotted, names_of_inner_scopes

BUILTINS = frozenset({
    "int", "float", "str", "bool", "len", "range", "list", "tuple", "dict", "set", "zip", "enumerate", "reversed",
    "sorted", "min", "max", "sum", "abs", "round", "divmod", "pow", "isinstance", "print", "any", "all",
    "True", "False", "None", "ValueError", "TypeError", "Exception",
})  # fmt: skip
# Packages whose classes and functions only describe models, and what in them reads files or learns from data.
DESCRIBING = (
    "keras.src.layers.", "keras.src.models.", "keras.src.ops.", "keras.src.regularizers.", "keras.src.initializers.",
    "keras.src.constraints.", "keras.src.activations.", "keras.src.optimizers.", "keras.src.losses.",
    "keras.src.metrics.", "math",
)  # fmt: skip
NOT_DESCRIBING = frozenset({
    "TFSMLayer", "TorchModuleWrapper", "TextVectorization", "StringLookup", "IntegerLookup", "Normalization",
    "Discretization", "FeatureSpace", "clone_model", "model_from_json",
})  # fmt: skip
TENSORFLOW_ACTIVATIONS = frozenset({"relu", "softmax", "sigmoid", "tanh", "elu", "selu", "leaky_relu", "gelu", "silu"})
METHODS = frozenset({
    "add", "append", "extend", "insert", "items", "keys", "values", "get", "index", "count", "copy", "format", "join",
    "compile", "summary", "build", "lower", "upper", "pop", "update",
})  # fmt: skip
FORBIDDEN = (
    ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.ClassDef, ast.AsyncFunctionDef, ast.Await, ast.Yield,
    ast.YieldFrom, ast.Delete, ast.AsyncFor, ast.AsyncWith, ast.NamedExpr,
)  # fmt: skip
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)


class PureCode:
    """Judges code of the script at ``path`` by what its names stand for at the moment."""

    def __init__(self, tree: ast.AST, path: str) -> None:
        self._path = path
        self._functions = {
            (node.name, node.lineno): node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
        }
        self._in_progress: List[ast.AST] = []

    def allows(self, statement: ast.stmt, known: Dict[str, Any]) -> bool:
        """Return whether ``statement`` needs nothing but the names ``known``, and does nothing but describe."""
        simple = isinstance(statement, SIMPLE)
        own = names_of_inner_scopes(statement) if simple else bound_names(statement)
        return self._allows_all(ast.walk(statement), own, known)

    def allows_definition(self, function: ast.FunctionDef, known: Dict[str, Any]) -> bool:
        """Return whether the line of ``def`` can be executed: decorators and defaults are, the body is not."""
        defaults = [node for node in [*function.args.defaults, *function.args.kw_defaults] if node is not None]
        parts = (inner for node in defaults for inner in ast.walk(node))
        return not function.decorator_list and self._allows_all(parts, set(), known)

    def function(self, value: Any) -> Any:
        """Return the definition of ``value``, a function of the script; None for anything else."""
        code = getattr(value, "__code__", None)
        if not isinstance(value, types.FunctionType) or code is None or code.co_filename != self._path:
            return None
        return self._functions.get((value.__name__, code.co_firstlineno))

    def _allows_all(self, nodes: Iterator[ast.AST], own: Set[str], known: Dict[str, Any]) -> bool:
        return all(self._allows_node(node, own, known) for node in nodes)

    def _allows_node(self, node: ast.AST, own: Set[str], known: Dict[str, Any]) -> bool:
        if isinstance(node, FORBIDDEN):
            return False
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            return self._allows_name(node.id, own, known)
        if isinstance(node, ast.Attribute):
            return self._allows_attribute(node, own, known)
        if isinstance(node, ast.Call):
            return self._allows_call(node.func, own, known)
        return True

    def _allows_name(self, name: str, own: Set[str], known: Dict[str, Any]) -> bool:
        if name in own:
            return True
        if name in known:
            return self._describes(known[name], known)
        return name in BUILTINS and hasattr(builtins, name)

    def _allows_attribute(self, node: ast.Attribute, own: Set[str], known: Dict[str, Any]) -> bool:
        """What is taken out of a module has to be harmless; and modules are not changed."""
        path = dotted(node)
        if not path or path[0] in own or not isinstance(known.get(path[0]), types.ModuleType):
            return True
        if not isinstance(node.ctx, ast.Load):
            return False
        value = known[path[0]]
        for name in path[1:]:
            if not isinstance(value, types.ModuleType):
                return True
            value = getattr(value, name, _MISSING)
        return self._describes(value, known)

    def _allows_call(self, called: ast.AST, own: Set[str], known: Dict[str, Any]) -> bool:
        if isinstance(called, (ast.Name, ast.Call)):
            return True  # judged as a name and as a call of its own
        path = dotted(called)
        if not isinstance(called, ast.Attribute):
            return False
        of_module = bool(path) and path[0] not in own and isinstance(known.get(path[0]), types.ModuleType)
        return of_module or called.attr in METHODS

    def _describes(self, value: Any, known: Dict[str, Any]) -> bool:
        """Return whether ``value`` is data, a module, or something of Keras or the script that only describes."""
        if isinstance(value, types.ModuleType) or is_plain(value):
            return True
        if isinstance(value, types.FunctionType) and value.__code__.co_filename == self._path:
            return self._describes_function(self.function(value), known)
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            return _is_describing(value)
        return type(value).__module__.startswith("keras.src.") or _is_tensorflow_activation(value)

    def _describes_function(self, function: Any, known: Dict[str, Any]) -> bool:
        if function is None:  # a lambda: it was judged where it is written
            return True
        if function in self._in_progress:
            return True
        self._in_progress.append(function)
        try:
            nodes = (inner for statement in function.body for inner in ast.walk(statement))
            return self._allows_all(nodes, bound_names(function) - {function.name}, known)
        finally:
            self._in_progress.pop()


_MISSING = object()


def _is_describing(value: Any) -> bool:
    name, module = getattr(value, "__name__", ""), getattr(value, "__module__", None) or ""
    if name == "image_data_format" or _is_tensorflow_activation(value):
        return True
    return name not in NOT_DESCRIBING and (module + ".").startswith(DESCRIBING)


def _is_tensorflow_activation(value: Any) -> bool:
    module = getattr(value, "__module__", None) or ""
    return module.startswith("tensorflow.python.") and getattr(value, "__name__", "") in TENSORFLOW_ACTIVATIONS


def is_plain(value: Any) -> bool:
    """Return whether ``value`` is made of numbers, texts, and lists, tuples and dictionaries of them."""
    if isinstance(value, (list, tuple, set)):
        return all(is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    return is_constant(value) or isinstance(value, range)


def is_constant(value: Any) -> bool:
    """Return whether ``value`` is plain and nobody who holds it can change it."""
    kinds: Tuple[Any, ...] = (bool, int, float, complex, str, bytes, type(None))
    return isinstance(value, kinds) or (isinstance(value, tuple) and all(is_constant(item) for item in value))
