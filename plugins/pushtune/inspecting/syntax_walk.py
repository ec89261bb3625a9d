"""Reads the facts of one source from its syntax tree, never by running it.

The walk is a loop with a stack of its own: a deeply nested tree cannot exhaust Python's.
"""

import ast
from collections.abc import Iterator, Sequence

from pushtune.inspecting.recurrence_loops import recurrent_line
from pushtune.inspecting.script_facts import MAIN, MODULE, Assignment, Call, Import, ScriptFacts

NAME_LIMIT_PARTS = 24
MODULE_LIMIT_CHARACTERS = 500
NAME_LIMIT_CHARACTERS = 100  # of each part: what reads names must not meet a text of half a megabyte
UNGUARDED, TRIED, FALLBACK = range(3)  # in no try; in one that catches a failing import; in its ``except`` branch
Visit = tuple[ast.AST, str, int]  # a node, its scope, and how it is guarded


def dotted_name(node: ast.AST | None) -> str:
    """Return the source of a chain of names, attributes, calls and subscripts: ``a.b().c[]``; "" for anything else."""
    parts: list[str] = []
    suffix = ""
    for _ in range(NAME_LIMIT_PARTS):
        if _is_overlong(node):
            return ""
        if isinstance(node, ast.Attribute):
            parts.append(node.attr + suffix)
            node, suffix = node.value, ""
        elif isinstance(node, ast.Call):
            node, suffix = node.func, "()" + suffix
        elif isinstance(node, ast.Subscript):
            node, suffix = node.value, "[]" + suffix
        elif isinstance(node, ast.Await):
            node = node.value
        elif isinstance(node, ast.Name):
            parts.append(node.id + suffix)
            return ".".join(reversed(parts))
        else:
            return ""
    return ""


def _is_overlong(node: ast.AST | None) -> bool:
    """Return whether the name of a variable, attribute, function or class is longer than any that a person writes."""
    names = (getattr(node, field, None) for field in ("id", "attr", "name"))
    return any(len(name) > NAME_LIMIT_CHARACTERS for name in names if isinstance(name, str))


def read_facts(tree: ast.Module) -> ScriptFacts:
    """Return the facts of ``tree``."""
    facts = ScriptFacts()
    collector = _Collector(facts)
    stack: list[Visit] = [(node, MODULE, UNGUARDED) for node in reversed(tree.body)]
    while stack:
        node, scope, guard = stack.pop()
        stack.extend(collector.visit(node, scope, guard))
    _bind_assigned_modules(facts)
    facts.calls = [Call(facts.resolve(call.name), call.line, call.scope, call.node) for call in facts.calls]
    facts.assignments = [
        Assignment(item.target, facts.resolve(item.value), item.scope, item.line) for item in facts.assignments
    ]
    facts.references = {
        scope: {facts.resolve(name): line for name, line in reversed(names.items())}
        for scope, names in facts.references.items()
    }
    facts.returns = {scope: [facts.resolve(name) for name in names] for scope, names in facts.returns.items()}
    facts.classes = {name: [facts.resolve(base) for base in bases] for name, bases in facts.classes.items()}
    return facts


def _bind_assigned_modules(facts: ScriptFacts) -> None:
    """``layers = tf.keras.layers`` binds a name just as an import does."""
    for item in facts.assignments:
        head = item.value.partition(".")[0]
        simple = "." not in item.target and "(" not in item.value and "[" not in item.value
        if simple and item.target not in facts.bindings and head in facts.bindings and item.target != head:
            facts.bindings[item.target] = facts.resolve(item.value)


class _Collector:
    """Enters the facts of one node and returns the nodes to visit next, each with its scope."""

    def __init__(self, facts: ScriptFacts) -> None:
        self.facts = facts

    def visit(self, node: ast.AST, scope: str, guard: int) -> list[Visit]:
        if _is_overlong(node):
            return []
        handler = getattr(self, "_" + type(node).__name__.lower(), None)
        if handler is not None:
            below: list[Visit] | None = handler(node, scope, guard)
            if below is not None:
                return below
        return [(child, scope, guard) for child in reversed(list(ast.iter_child_nodes(node)))]

    def _import(self, node: ast.Import, scope: str, guard: int) -> None:
        for name in node.names:
            if len(name.name) > MODULE_LIMIT_CHARACTERS:
                continue
            bound = name.asname or name.name.partition(".")[0]
            self.facts.imports.append(
                Import(name.name, None, bound, node.lineno, scope, guard == FALLBACK, guard != UNGUARDED)
            )
            target = name.name if name.asname else bound
            if not (guard == FALLBACK and bound in self.facts.bindings):
                self.facts.bindings[bound] = target

    def _importfrom(self, node: ast.ImportFrom, scope: str, guard: int) -> None:
        module = "." * node.level + (node.module or "")
        if len(module) > MODULE_LIMIT_CHARACTERS:
            return
        for name in node.names:
            bound = name.asname or name.name
            self.facts.imports.append(
                Import(module, name.name, bound, node.lineno, scope, guard == FALLBACK, guard != UNGUARDED)
            )
            if name.name == "*":
                self.facts.stars.append(module)
            elif not (guard == FALLBACK and bound in self.facts.bindings):
                self.facts.bindings[bound] = f"{module}{'' if module.endswith('.') else '.'}{name.name}"

    def _try(self, node: ast.Try, scope: str, guard: int) -> list[Visit]:
        body = max(guard, TRIED) if any(map(_catches_import_error, node.handlers)) else guard
        below: list[Visit] = [(child, scope, body) for child in node.body]
        below += [(child, scope, FALLBACK) for handler in node.handlers for child in handler.body]
        below += [(child, scope, guard) for child in node.orelse + node.finalbody]
        return below[::-1]

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: str, guard: int) -> list[Visit]:
        if scope in (MODULE, MAIN):
            inner = node.name
        elif scope in self.facts.classes:
            inner = f"{scope}.{node.name}"
        else:
            inner = scope
        self.facts.functions.setdefault(inner, node.lineno)
        for decorator in map(dotted_name, node.decorator_list):
            group, _, what = decorator.removesuffix("()").rpartition(".")
            if what == "command" and inner != scope:
                self.facts.commands.setdefault(group, []).append(inner)
        given = node.args.posonlyargs + node.args.args
        self.facts.parameters.setdefault(inner, [word.arg for word in [*given, *node.args.kwonlyargs]])
        defaults = zip(given[len(given) - len(node.args.defaults) :], node.args.defaults, strict=True)
        self.facts.defaults += [(word.arg, value) for word, value in defaults]
        self.facts.required.setdefault(inner, [word.arg for word in given[: len(given) - len(node.args.defaults)]])
        # Defaults are made with the definition, but only matter to those who call it.
        return _below([*_defaults(node.args), *node.body], inner, guard) + [
            (child, scope, guard) for child in node.decorator_list
        ]

    _asyncfunctiondef = _functiondef

    def _classdef(self, node: ast.ClassDef, scope: str, guard: int) -> list[Visit]:
        inner = node.name if scope in (MODULE, MAIN) else scope
        if inner == node.name:
            self.facts.classes[node.name] = [dotted_name(base) for base in node.bases]
        outside: list[ast.AST] = [*node.decorator_list, *node.bases, *(word.value for word in node.keywords)]
        return _below(node.body, inner, guard) + [(child, scope, guard) for child in outside]

    def _if(self, node: ast.If, scope: str, guard: int) -> list[Visit] | None:
        if _is_main_guard(node.test):
            self.facts.has_main_guard = True
            inner = MAIN if scope == MODULE else scope
            return _below(node.orelse, scope, guard) + _below(node.body, inner, guard)
        if isinstance(node.test, ast.Constant) and not node.test.value:
            return _below(node.orelse, scope, guard)
        return None

    def _for(self, node: ast.For, scope: str, guard: int) -> None:
        line = recurrent_line(node)
        if line is not None:
            self.facts.recurrences.append((scope, line))

    def _expr(self, node: ast.Expr, scope: str, guard: int) -> list[Visit] | None:
        return [] if isinstance(node.value, ast.Constant) else None  # a docstring, or a block commented out

    def _constant(self, node: ast.Constant, scope: str, guard: int) -> list[Visit]:
        if isinstance(node.value, str) and node.value:
            self.facts.strings.append((node.value, node.lineno, scope))
        return []

    def _call(self, node: ast.Call, scope: str, guard: int) -> None:
        self.facts.calls.append(Call(dotted_name(node.func), node.lineno, scope, node))

    def _name(self, node: ast.Name, scope: str, guard: int) -> list[Visit]:
        if isinstance(node.ctx, ast.Load):
            self.facts.references.setdefault(scope, {}).setdefault(node.id, node.lineno)
        return []

    def _attribute(self, node: ast.Attribute, scope: str, guard: int) -> list[Visit]:
        name = dotted_name(node)
        if name:
            self.facts.references.setdefault(scope, {}).setdefault(name, node.lineno)
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        return [(inner, scope, guard)]

    def _assign(self, node: ast.Assign, scope: str, guard: int) -> None:
        for target in node.targets:
            self._assigned(target, node.value, scope)

    def _annassign(self, node: ast.AnnAssign, scope: str, guard: int) -> None:
        self._assigned(node.target, node.value, scope)

    def _namedexpr(self, node: ast.NamedExpr, scope: str, guard: int) -> None:
        self._assigned(node.target, node.value, scope)

    def _assigned(self, target: ast.expr, value: ast.expr | None, scope: str) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for part, part_value in zip(target.elts, value.elts, strict=True):
                self._assigned(part, part_value, scope)
            return
        targets = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        name = dotted_name(value)
        for part in targets:
            bound = dotted_name(part)
            if bound and value is not None:
                self.facts.values.append((bound, value))
            if bound and name:
                self.facts.assignments.append(Assignment(bound, name, scope, part.lineno))

    def _return(self, node: ast.Return, scope: str, guard: int) -> None:
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        self.facts.returns.setdefault(scope, []).extend(filter(None, map(dotted_name, values)))

    def _with(self, node: ast.With | ast.AsyncWith, scope: str, guard: int) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._assigned(item.optional_vars, item.context_expr, scope)

    _asyncwith = _with


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    yield from (value for value in arguments.kw_defaults if value is not None)


def _below(nodes: Sequence[ast.AST], scope: str, guard: int) -> list[Visit]:
    return [(node, scope, guard) for node in reversed(nodes)]


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = ("", "ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException")
    return any(dotted_name(kind) in names for kind in kinds)


def _is_main_guard(test: ast.expr) -> bool:
    if not (isinstance(test, ast.Compare) and len(test.comparators) == 1):
        return False
    sides = (test.left, test.comparators[0])
    names = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return names and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
