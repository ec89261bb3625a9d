"""What one Python source says: imports, names, calls, definitions.

Names are resolved through the file's own imports, so that ``layers.Dense`` after ``from tensorflow.keras import
layers`` is ``tensorflow.keras.layers.Dense``.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MODULE = ""
MAIN = "__main__"


@dataclass(frozen=True)
class Import:
    """One imported name. ``module`` keeps leading dots; ``name`` is None for ``import module``, ``*`` for all.

    Attributes: fallback: it stands in an ``except`` branch. guarded: it stands in a ``try`` that has one, or is a
    fallback.
    """

    @property
    def dotted(self) -> str:
        """The full name of what is imported."""
        if self.name is None or self.name == "*":
            return self.module
        return f"{self.module}{'' if self.module.endswith('.') else '.'}{self.name}"

    module: str
    name: str | None
    alias: str
    line: int
    scope: str
    fallback: bool
    guarded: bool = False


@dataclass(frozen=True)
class Call:
    """One call. ``name`` is resolved: ``keras.layers.Dense``, ``model.fit``, ``keras.Sequential().fit``."""

    name: str
    line: int
    scope: str
    node: ast.Call

    def keyword(self, *names: str) -> ast.expr | None:
        """Return the value of the first keyword argument called one of ``names``."""
        return next((word.value for word in self.node.keywords if word.arg in names), None)

    @property
    def method(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Assignment:
    """``target = value``: the dotted target, and the value's dotted name (ends in ``()`` for a call)."""

    target: str
    value: str
    scope: str
    line: int


@dataclass
class ScriptFacts:
    """All facts of one source; scopes are ``""`` (module), ``__main__`` (its guard), ``function`` or ``Class.method``.

    Attributes:
        imports, calls, assignments: in the order of the text.
        values: (dotted target, value) of assignments, whatever the value is.
        bindings: local name -> dotted name that it stands for. stars: modules imported with ``*``.
        references: scope -> dotted name read there -> first line. functions: scope -> line. classes: name -> dotted
        bases.
        returns: scope -> dotted names of what it returns. strings: (text, line, scope), docstrings left out.
        parameters: scope -> names of the parameters. required: those of them without a default.
        defaults: (name of a parameter, its default).
        recurrences: (scope, line) of the loops that are recurrent networks.
        commands: name of a group (``app`` of ``@app.command()``) -> scopes that calling it can start.
    """

    imports: list[Import] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    values: list[tuple[str, ast.expr]] = field(default_factory=list)
    bindings: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    references: dict[str, dict[str, int]] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    returns: dict[str, list[str]] = field(default_factory=dict)
    strings: list[tuple[str, int, str]] = field(default_factory=list)
    parameters: dict[str, list[str]] = field(default_factory=dict)
    required: dict[str, list[str]] = field(default_factory=dict)
    defaults: list[tuple[str, ast.expr]] = field(default_factory=list)
    recurrences: list[tuple[str, int]] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    has_main_guard: bool = False
    _indexes: dict[str, dict[str, list[Any]]] = field(default_factory=dict, repr=False)

    def assigned(self, target: str) -> list[Assignment]:
        """Return what ``target`` is assigned, in the order of the text."""
        return self._index("assigned", ((item.target, item) for item in self.assignments)).get(target, [])

    def assigned_values(self, target: str) -> list[ast.expr]:
        """Return the expressions that ``target`` is assigned, in the order of the text."""
        return self._index("assigned values", self.values).get(target, [])

    def is_unbound(self, name: str) -> bool:
        """Return whether nothing in the source binds the plain ``name``: no import, definition or assignment."""
        bare = name.rstrip("()[]")
        known = bare in self.bindings or bare in self.functions or bare in self.classes
        return "." not in bare and not known and not self.assigned(bare) and not self.assigned_values(bare)

    def assigned_before(self, target: str, line: int) -> ast.expr | None:
        """Return what ``target`` was last assigned above ``line``; None where nothing was."""
        return next((value for value in reversed(self.assigned_values(target)) if value.lineno <= line), None)

    def stands_in_a_lambda(self, call: Call) -> bool:
        """Return whether ``call`` is made by a function without a name, whose arguments are none of those around it."""
        index = self._index("in lambdas", ((str(id(node)), node) for node in self._inside_lambdas()))
        return str(id(call.node)) in index

    def _inside_lambdas(self) -> Iterator[ast.AST]:
        parts = [part for call in self.calls for part in call.node.args]
        parts += [word.value for call in self.calls for word in call.node.keywords]
        for part in [*parts, *(value for _, value in self.values)]:
            if isinstance(part, ast.Lambda):
                yield from ast.walk(part.body)

    def members(self, class_name: str) -> list[str]:
        """Return the scopes of the methods of ``class_name``."""
        pairs = ((scope.partition(".")[0], scope) for scope in self.functions if "." in scope)
        return self._index("members", pairs).get(class_name, [])

    def methods(self, name: str) -> list[str]:
        """Return the scopes of all methods called ``name``, whichever class has them."""
        return self._index(
            "methods", ((scope.partition(".")[2], scope) for scope in self.functions if "." in scope)
        ).get(name, [])

    def _index(self, name: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
        if name not in self._indexes:
            index: dict[str, list[Any]] = {}
            for key, value in pairs:
                index.setdefault(key, []).append(value)
            self._indexes[name] = index
        return self._indexes[name]

    def resolve(self, dotted: str) -> str:
        """Return ``dotted`` with its first part replaced by what the file's imports bind it to."""
        head, dot, rest = dotted.partition(".")
        bare = head.rstrip("()[]")
        target = self.bindings.get(bare)
        return dotted if target is None else target + head[len(bare) :] + dot + rest
