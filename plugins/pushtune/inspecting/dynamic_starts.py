"""What a script starts without writing its name: commands of Fire, and modules that it imports by a text."""

import ast
import re

from pushtune.inspecting.patterns import words
from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import Call, ScriptFacts

IMPORTS = words("importlib.import_module import_module __import__")
STARTERS = IMPORTS | {"fire.Fire"}


def commands_of_fire(facts: ScriptFacts, scope: str) -> list[str]:
    """Return the functions and methods that ``fire.Fire(...)`` in ``scope`` makes commands of."""
    found: list[str] = []
    for call in facts.calls:
        if call.scope == scope and call.name == "fire.Fire":
            part = call.node.args[0] if call.node.args else None
            owner = part.id if isinstance(part, ast.Name) else ""
            found += facts.members(owner) or ([owner] if owner in facts.functions else list(facts.functions))
    return found


def modules_by_text(project: Project, path: str, scope: str) -> list[str]:
    """Return the repository's files that ``scope`` of ``path`` imports by a text, be it in part put together later."""
    facts = project.script(path).facts
    if IMPORTS.isdisjoint(name.removesuffix("()") for name in facts.references.get(scope, ())):
        return []
    calls = [call for call in facts.calls if call.scope == scope and call.name in IMPORTS]
    return [module for call in calls for module in project.modules_called(_module_text(call), path)]


def _module_text(call: Call) -> str:
    """Return the text that names the module, with a ``*`` for each part that is only known when it runs."""
    node = call.node.args[0] if call.node.args else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        node = node.func.value
    if isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return re.sub(r"\{[^}]*\}|%\w", "*", text) + ("*" if text.endswith(".") else "")
