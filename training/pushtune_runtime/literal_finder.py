"""Finds the literal that a value of a call comes from: a constant, a default, an option of the command line, ..."""

import ast
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Optional, Tuple, Type

from pushtune_runtime.name_bindings import bindings_of, target_names
from pushtune_runtime.source_index import (
    FUNCTIONS,
    Function,
    SourceFile,
    Sources,
    argument_node,
    called_name,
    has_parameter,
    own_nodes,
    parameter_default,
    parameter_names,
)

DEPTH_LIMIT = 12
PARSERS = ("parse_args", "parse_known_args")
CONVERSIONS = ("int", "float", "str", "abs", "round")


@dataclass(frozen=True)
class Literal:
    """A value as it is written.

    ``rewritable`` is False for one element of a list that a loop runs over, or for a tuple. ``named``: it is a
    constant, a default, an entry or an option, and not written into a call.
    """

    file: str
    line: int
    column: int
    value: Any
    rewritable: bool = True
    named: bool = False


@dataclass(frozen=True)
class Search:
    """Where a value is looked for.

    ``callers`` are the calls that led here, innermost first; ``value`` is what arrived and ``occurrence`` how often the
    call had run before: both choose among the elements of a loop. Nothing is known of the three before the script runs.
    """

    source: SourceFile
    callers: Tuple[Tuple[SourceFile, ast.Call], ...] = ()
    value: Any = None
    occurrence: int = 0
    depth: int = 0

    def deeper(self, **changes: Any) -> "Search":
        return replace(self, depth=self.depth + 1, **changes)


Found = Optional[Literal]


class LiteralFinder:
    """Follows names through the files of a repository. Plain data flow: what is assigned twice is not followed."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._handlers: Dict[Type[ast.AST], Callable[[Search, Any], Found]] = {
            ast.Constant: self._constant,
            ast.Tuple: self._tuple,
            ast.List: self._tuple,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
            ast.IfExp: self._conditional,
        }

    def find(self, search: Search, node: Optional[ast.AST]) -> Found:
        """Return the literal that ``node`` gets its value from; None where it is computed or not known."""
        handler = self._handlers.get(type(node)) if node is not None else None
        if handler is None or search.depth > DEPTH_LIMIT:
            return None
        return handler(search, node)

    def _constant(self, search: Search, node: ast.Constant) -> Found:
        if isinstance(node.value, (int, float, str)):
            named = search.source.is_named(node)
            return Literal(search.source.file, node.lineno, node.col_offset, node.value, named=named)
        return None

    def _tuple(self, search: Search, node: Any) -> Found:
        values = {item.value if isinstance(item, ast.Constant) else None for item in node.elts}
        if len(values) == 1 and None not in values:
            return Literal(search.source.file, node.lineno, node.col_offset, values.pop(), rewritable=False)
        return None

    def _call(self, search: Search, node: ast.Call) -> Found:
        if called_name(node) in CONVERSIONS and len(node.args) == 1:
            return self.find(search.deeper(), node.args[0])
        if called_name(node) in ("get", "pop") and isinstance(node.func, ast.Attribute) and node.args:
            found = self._entry(search, node.func.value, node.args[0])
            return found or self.find(search.deeper(), node.args[1] if len(node.args) > 1 else None)
        return None

    def _conditional(self, search: Search, node: ast.IfExp) -> Found:
        """``int(argv[1]) if len(argv) > 1 else 3``: the only branch that is written here."""
        branches = [self.find(search.deeper(), branch) for branch in (node.body, node.orelse)]
        found = [literal for literal in branches if literal is not None]
        return found[0] if len(found) == 1 else None

    # Names.

    def _name(self, search: Search, node: ast.Name) -> Found:
        bound = self._bound(search, node)
        return self.find(*bound) if bound else self._looped(search, node)

    def _bound(self, search: Search, node: ast.Name) -> Optional[Tuple[Search, ast.AST]]:
        """Return the expression that the name stands for, and where to look on."""
        for scope in search.source.scopes_of(node):
            if isinstance(scope, FUNCTIONS) and has_parameter(scope, node.id):
                return self._argument(search, scope, node.id)
            bindings = bindings_of(scope, node.id)
            if bindings:
                return self._single(search, bindings)
        return None

    def _single(self, search: Search, bindings: List[ast.AST]) -> Optional[Tuple[Search, ast.AST]]:
        if len(bindings) != 1:
            return None
        binding = bindings[0]
        if isinstance(binding, ast.ImportFrom):
            return self._imported(search, binding)
        return search.deeper(), binding

    def _imported(self, search: Search, statement: ast.ImportFrom) -> Optional[Tuple[Search, ast.AST]]:
        name = statement.names[0].name
        inner = f"{statement.module or ''}.{name}".strip(".")
        if self._sources.module(inner, search.source.file) is not None:  # the name is itself a module
            return search.deeper(), ast.Import(names=[ast.alias(name=inner)])
        module = self._sources.module(statement.module or "", search.source.file)
        bindings = bindings_of(module.tree, name) if module else []
        return (search.deeper(source=module), bindings[0]) if module and len(bindings) == 1 else None

    def _argument(self, search: Search, function: Function, name: str) -> Optional[Tuple[Search, ast.AST]]:
        names = parameter_names(function)
        position = names.index(name) if name in names else None
        if position is not None and names[:1] in (["self"], ["cls"]):
            position -= 1
        default = parameter_default(function, name)
        if search.callers:
            source, call = search.callers[0]
            given = argument_node(call, name, position)
            if given is not None:
                return search.deeper(source=source, callers=search.callers[1:]), given
            return (search.deeper(), default) if default is not None else None
        given_nodes = [argument_node(call, name, position) for call in search.source.calls_of(function)]
        written = [node for node in given_nodes if node is not None]
        if len(written) == 1 and len(given_nodes) == 1:
            return search.deeper(), written[0]
        return (search.deeper(), default) if default is not None and not written else None

    def _looped(self, search: Search, node: ast.Name) -> Found:
        """The name runs over a list that is written down: choose the element that arrived."""
        for scope in search.source.scopes_of(node):
            for loop in own_nodes(scope):
                if isinstance(loop, (ast.For, ast.comprehension)) and target_names(loop.target) == [node.id]:
                    return self._element(search, loop.iter)
        return None

    def _element(self, search: Search, listed: ast.AST) -> Found:
        if isinstance(listed, ast.Name):
            bound = self._bound(search, listed)
            return self._element(*bound) if bound and search.depth < DEPTH_LIMIT else None
        if isinstance(listed, ast.Attribute):
            option = self._option(search, listed.attr)
            return self._element(search, option) if isinstance(option, (ast.List, ast.Tuple)) else None
        if not isinstance(listed, (ast.List, ast.Tuple)) or not listed.elts:
            return None
        matching = [item for item in listed.elts if isinstance(item, ast.Constant) and item.value == search.value]
        in_turn = listed.elts[search.occurrence % len(listed.elts)]
        chosen = in_turn if in_turn in matching else next(iter(matching), None)
        found = self.find(search.deeper(), chosen)
        return replace(found, rewritable=False) if found else None

    # Attributes and entries.

    def _attribute(self, search: Search, node: ast.Attribute) -> Found:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self._own_attribute(search, node)
        held = self._held(search, node.value)
        holder = held[1] if held else None
        found: Found = None
        if held and isinstance(holder, ast.Call) and called_name(holder) not in PARSERS:
            found = self._instance_attribute(held[0], holder, node.attr)
        elif held and isinstance(holder, ast.Import):
            return self._module_attribute(held[0], holder, node.attr)
        elif isinstance(node.value, ast.Name) and (holder is None or isinstance(holder, ast.ClassDef)):
            found = self._class_attribute(search, node.value.id, node.attr)
        return found or self.find(search.deeper(), self._option(search, node.attr))

    def _held(self, search: Search, node: ast.AST) -> Optional[Tuple[Search, ast.AST]]:
        """Follow names, attributes of ``self`` and entries to what they stand for: a dictionary, a call, a class."""
        if isinstance(node, ast.Name):
            step = self._bound(search, node)
        elif isinstance(node, ast.Subscript):
            step = self._entry_node(search, node.value, node.slice)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            assigned = self._assigned_to_self(search, node)
            step = (search.deeper(callers=()), assigned[0]) if len(assigned) == 1 else None
        else:
            return search, node
        return self._held(*step) if step and search.depth < DEPTH_LIMIT else None

    def _own_attribute(self, search: Search, node: ast.Attribute) -> Found:
        assigned = self._assigned_to_self(search, node)
        if len(assigned) == 1:
            return self.find(search.deeper(callers=()), assigned[0])
        owner = search.source.class_of(node)
        return None if assigned or owner is None else self._class_attribute(search, owner.name, node.attr)

    def _assigned_to_self(self, search: Search, node: ast.Attribute) -> List[ast.expr]:
        owner = search.source.class_of(node)
        return [
            statement.value
            for statement in (ast.walk(owner) if owner else ())
            if isinstance(statement, ast.Assign) and _is_own_attribute(statement.targets, node.attr)
        ]

    def _instance_attribute(self, search: Search, constructed: ast.Call, attribute: str) -> Found:
        """``Config(epochs=3).epochs``, or the class's own value (a dataclass)."""
        given = argument_node(constructed, attribute, None)
        if given is not None:
            return self.find(search.deeper(), given)
        return self._class_attribute(search, called_name(constructed), attribute)

    def _class_attribute(self, search: Search, class_name: str, attribute: str) -> Found:
        owner, source = search.source.class_named(class_name), search.source
        if owner is None:
            bindings = bindings_of(source.tree, class_name)
            imported = bindings[0] if len(bindings) == 1 and isinstance(bindings[0], ast.ImportFrom) else None
            module = self._sources.module(imported.module or "", source.file) if imported else None
            if module is not None and imported is not None:
                owner, source = module.class_named(imported.names[0].name), module
        bindings = bindings_of(owner, attribute) if owner else []
        return self.find(search.deeper(source=source), bindings[0]) if len(bindings) == 1 else None

    def _module_attribute(self, search: Search, statement: ast.Import, attribute: str) -> Found:
        module = self._sources.module(statement.names[0].name, search.source.file)
        bindings = bindings_of(module.tree, attribute) if module else []
        return self.find(search.deeper(source=module), bindings[0]) if len(bindings) == 1 else None

    def _option(self, search: Search, name: str) -> Optional[ast.expr]:
        """Return the default of the command-line option ``name`` (argparse, absl)."""
        for call in search.source.calls:
            texts = [item.value for item in call.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            if called_name(call) == "add_argument" and name in _destinations(call, texts):
                return argument_node(call, "default", None)
            if called_name(call).startswith("DEFINE_") and texts[:1] == [name]:
                return argument_node(call, "default", 1)
        return None

    def _subscript(self, search: Search, node: ast.Subscript) -> Found:
        return self._entry(search, node.value, node.slice)

    def _entry(self, search: Search, holder: ast.AST, key: ast.AST) -> Found:
        entry = self._entry_node(search, holder, key)
        return self.find(*entry) if entry else None

    def _entry_node(self, search: Search, holder: ast.AST, key: ast.AST) -> Optional[Tuple[Search, ast.AST]]:
        held = self._held(search, holder)
        if held is None or not isinstance(key, ast.Constant):
            return None
        search, container = held[0].deeper(), held[1]
        if isinstance(container, ast.Dict):
            entries = zip(container.keys, container.values)  # noqa: B905  (Python 3.9)
            values = [value for name, value in entries if isinstance(name, ast.Constant) and name.value == key.value]
            return (search, values[0]) if len(values) == 1 else None
        if isinstance(container, ast.Call) and called_name(container) == "dict" and isinstance(key.value, str):
            given = argument_node(container, key.value, None)
            return (search, given) if given is not None else None
        if isinstance(container, (ast.List, ast.Tuple)) and isinstance(key.value, int):
            return (search, container.elts[key.value]) if key.value < len(container.elts) else None
        return None


def _is_own_attribute(targets: List[ast.expr], attribute: str) -> bool:
    return any(isinstance(target, ast.Attribute) and target.attr == attribute for target in targets)


def _destinations(call: ast.Call, options: List[str]) -> List[str]:
    """Return the names under which argparse may keep the value of an option."""
    named = argument_node(call, "dest", None)
    if isinstance(named, ast.Constant):
        return [str(named.value)]
    return [option.lstrip("-").replace("-", "_") for option in options]
