"""Finds the loops over epochs in a script, and lets them run over what a hook gives instead: in memory alone.

``for epoch in range(EPOCHS)`` becomes ``for epoch in __pushtune_epochs__(range(EPOCHS))``; lines and columns stay as
they are, so that the call of ``range`` is found where it is written.
"""

import ast
from typing import Iterator, List, Optional

from pushtune_runtime.source_index import called_name

HOOK = "__pushtune_epochs__"


def wrap_epoch_loops(tree: ast.Module) -> ast.Module:
    """Let the loops over epochs in ``tree`` run over what the hook gives."""
    for loop in epoch_loops(tree):
        loop.iter = _Wrapper().visit(loop.iter)
    return tree


def epoch_loops(tree: ast.AST) -> List[ast.For]:
    """Return the loops over ``range(...)``, perhaps within a progress bar, that are called epochs."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.For) and _is_over_epochs(node)]


def _is_over_epochs(loop: ast.For) -> bool:
    call = _range_call(loop.iter)
    if call is None or not 1 <= len(call.args) <= 2 or call.keywords:
        return False
    return any("epoch" in name.lower() for part in (loop.target, *call.args) for name in _names_in(part))


def _range_call(node: ast.AST) -> Optional[ast.Call]:
    """Return the call of ``range`` in ``range(3)`` or ``tqdm(range(3), ...)``."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        return node
    return _range_call(node.args[0]) if called_name(node) in ("tqdm", "track") and node.args else None


def _names_in(part: ast.AST) -> Iterator[str]:
    for node in ast.walk(part):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


class _Wrapper(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.Call:  # noqa: N802  (name given by ast)
        if _range_call(node) is node:
            hook = ast.copy_location(ast.Name(id=HOOK, ctx=ast.Load()), node)
            return ast.copy_location(ast.Call(func=hook, args=[node], keywords=[]), node)
        node.args[:1] = [self.visit(argument) for argument in node.args[:1]]
        return node


def length_node(call: ast.Call) -> Optional[ast.expr]:
    """Return what says how often a loop over ``call`` of ``range`` runs: ``E`` of ``range(E)`` and ``range(1, E + 1)``.

    None where the length is computed in another way.
    """
    if call.keywords or not call.args:
        return None
    if len(call.args) == 1:
        return call.args[0]
    first, end = call.args[:2]
    start = first.value if isinstance(first, ast.Constant) else None
    if len(call.args) == 2 and start == 0:
        return end
    if len(call.args) != 2 or not isinstance(end, ast.BinOp) or not isinstance(end.op, ast.Add):
        return None
    return end.left if isinstance(end.right, ast.Constant) and end.right.value == start else None
