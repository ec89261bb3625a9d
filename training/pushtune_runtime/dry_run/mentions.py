"""Which names a piece of a script mentions, what the functions and classes of the script mention included."""

import ast
from typing import Dict, Iterator, List, Set


class Mentions:
    """The names in each function and class of one script, and the other names of what it imports."""

    def __init__(self, tree: ast.AST) -> None:
        self._inside: Dict[str, Set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self._inside.setdefault(node.name, set()).update(_names(node))
            elif isinstance(node, ast.alias) and node.asname:
                self._inside.setdefault(node.asname, set()).update(node.name.split("."))

    def of(self, node: ast.AST) -> Set[str]:
        """Return all names, attributes and texts in ``node``, and those in what these lead to."""
        found: Set[str] = set()
        waiting = set(_names(node))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting |= self._inside.get(name, set())
        return found


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr
        elif isinstance(inner, ast.alias):
            yield from inner.name.split(".")
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def bound_names(node: ast.AST) -> Set[str]:
    """Return the names that ``node`` may bind or delete, in whatever scope."""
    names: Set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            names.add(inner.id)
        elif isinstance(inner, ast.alias):
            names.add((inner.asname or inner.name).split(".")[0])
        else:  # a function, class, exception or part of a pattern; an argument; the rest of a pattern
            found = (getattr(inner, field, None) for field in ("name", "arg", "rest"))
            names.update(name for name in found if isinstance(name, str))
    return names


def names_of_inner_scopes(node: ast.AST) -> Set[str]:
    """Return the names that belong to comprehensions and lambdas in ``node``."""
    names: Set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.comprehension):
            names |= bound_names(inner.target)
        elif isinstance(inner, ast.Lambda):
            names |= bound_names(inner.args)
    return names


def changed_roots(node: ast.AST) -> Set[str]:
    """Return the names whose attributes or items ``node`` sets or deletes, in its own lines."""
    names: Set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Attribute, ast.Subscript)) and not isinstance(inner.ctx, ast.Load):
            path = dotted(inner)
            if path:
                names.add(path[0])
    return names


def dotted(node: ast.AST) -> List[str]:
    """Return ``["a", "b", "c"]`` for ``a.b.c``, with indices left out; an empty list for anything else."""
    parts: List[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else []
