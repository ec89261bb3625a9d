"""What a script wants from the person who starts it: arguments that nothing gives, and answers on the terminal."""

import ast

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import Call


def find_questions(project: Project, candidate: Candidate, arguments: list[str]) -> list[str]:
    """Return a warning for each place where starting it with ``arguments`` waits for a person or stops at once."""
    found = []
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        facts = project.script(path).facts
        for call in facts.calls:
            if (path, call.scope) not in candidate.reached:
                continue
            if call.name in ("input", "raw_input"):
                found.append(f"{path}:{call.line}: it waits for input, which nobody gives in a container")
            name = _required_argument(call)
            if name is not None and not arguments:
                found.append(
                    f"{path}:{call.line}: the argument {name} is required; give it in pushtune.yaml: arguments: ..."
                )
    return found[:10]


def _required_argument(call: Call) -> str | None:
    """Return the name of the argument that ``parser.add_argument(...)`` makes, if it has to be given."""
    if call.method != "add_argument" or not call.node.args:
        return None
    names = [part.value for part in call.node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if not names:
        return None
    if not names[0].startswith("-"):
        optional = call.keyword("default") is not None or _constant(call, "nargs") in ("?", "*")
        return None if optional else names[0]
    return names[-1] if _constant(call, "required") is True else None


def _constant(call: Call, word: str) -> object:
    value = call.keyword(word)
    return value.value if isinstance(value, ast.Constant) else None
