"""Recurrent networks that are written as a loop over time, without a layer or a cell of a library."""

import ast
from collections.abc import Iterator
from itertools import islice

NODES_LIMIT = 5_000
_ACTIVATIONS = frozenset(("tanh", "sigmoid", "relu", "softsign", "hard_sigmoid"))


def recurrent_line(loop: ast.For) -> int | None:
    """Return the line where ``loop`` reads one step in time, if its body is a recurrent network; else None.

    It is one if the loop's variable picks from the second axis (``x[:, step]``: the first one counts the examples), an
    activation is applied, and a name is read before the body assigns it: the state that goes from step to step.
    """
    if not isinstance(loop.target, ast.Name):
        return None
    inside = list(islice((node for part in loop.body for node in ast.walk(part)), NODES_LIMIT))
    steps = [node.lineno for node in inside if isinstance(node, ast.Subscript) and _is_step(node, loop.target.id)]
    if not steps or not any(_last_name(node.func) in _ACTIVATIONS for node in inside if isinstance(node, ast.Call)):
        return None
    return min(steps) if _carries_a_state(inside) else None


def _is_step(node: ast.Subscript, variable: str) -> bool:
    if not (isinstance(node.slice, ast.Tuple) and len(node.slice.elts) > 1):
        return False
    first, second = node.slice.elts[:2]
    is_all = isinstance(first, ast.Slice) and first.lower is None and first.upper is None
    return is_all and isinstance(second, ast.Name) and second.id == variable


def _carries_a_state(inside: list[ast.AST]) -> bool:
    """Return whether a name is read above the end of the first statement that assigns it."""
    assigned: dict[str, int] = {}
    for node in inside:
        if isinstance(node, ast.Assign):
            for name in (name for target in node.targets for name in _targets(target)):
                assigned[name] = min(assigned.get(name, node.end_lineno or 0), node.end_lineno or 0)
    reads = (
        (ast.unparse(node), node.lineno) for node in inside
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_plain(node)
    )  # fmt: skip
    return any(line <= assigned.get(name, 0) for name, line in reads)


def _targets(target: ast.expr) -> Iterator[str]:
    for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
        if _is_plain(part):
            yield ast.unparse(part)


def _is_plain(node: ast.AST) -> bool:
    """Return whether ``node`` is a name or an attribute of a name, such as ``state`` or ``self.state``."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))


def _last_name(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")
