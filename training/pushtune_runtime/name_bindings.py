"""What a name is bound to within one scope."""

import ast
from typing import Any, List

from pushtune_runtime.source_index import FUNCTIONS, Scope, own_nodes


def bindings_of(scope: Scope, name: str) -> List[ast.AST]:
    """Return what ``name`` is bound to in ``scope``: expressions, or statements that bind it in another way."""
    found: List[ast.AST] = []
    for node in own_nodes(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found.extend(_assigned(target, node.value, name))
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            found.extend(_assigned(node.target, node.value, name))
        elif isinstance(node, ast.AugAssign) and target_names(node.target) == [name]:
            found.append(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.extend(_imports(node, name))
        elif isinstance(node, (ast.ClassDef, *FUNCTIONS)) and getattr(node, "name", None) == name:
            found.append(node)
    return found


def _assigned(target: ast.AST, value: ast.expr, name: str) -> List[ast.AST]:
    if isinstance(target, ast.Name):
        return [value] if target.id == name else []
    if isinstance(target, (ast.Tuple, ast.List)) and name in target_names(target):
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            return [value.elts[target_names(target).index(name)]]
        return [target]
    return []


def _imports(node: Any, name: str) -> List[ast.AST]:
    for alias in node.names:
        if (alias.asname or alias.name.split(".")[0]) == name:
            if isinstance(node, ast.ImportFrom):
                return [ast.ImportFrom(module=node.module, names=[alias], level=node.level)]
            return [ast.Import(names=[alias])]
    return []


def target_names(target: ast.AST) -> List[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [item.id if isinstance(item, ast.Name) else "" for item in target.elts]
    return [target.id] if isinstance(target, ast.Name) else []
