"""What runs when a script is started: its module level, and the functions and modules that lead on from there."""

from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import MAIN, MODULE, ScriptFacts

SCOPE_LIMIT = 3000
Scope = tuple[str, str]


def reached_scopes(project: Project, entry: str) -> dict[Scope, int]:
    """Return (file, scope) -> number of steps from the start, for all that starting ``entry`` can run.

    Importing runs the imported file's module level (not its main guard). Whatever a scope reads by name is taken as
    run: functions are passed around as callbacks and targets of threads. A class that is named brings its methods.
    """
    start = [(entry, MODULE), (entry, MAIN)]
    reached = dict.fromkeys(start, 0)
    for place in (queue := list(start)):
        for target in _next_scopes(project, *place):
            if target not in reached and len(reached) < SCOPE_LIMIT:
                reached[target] = reached[place] + 1
                queue.append(target)
    return reached


def _next_scopes(project: Project, path: str, scope: str) -> list[Scope]:
    facts = project.script(path).facts
    found: list[Scope] = []
    if scope == MODULE:
        found.extend((target, MODULE) for target, _ in project.imported_paths(path))
        found.extend((path, name) for name in facts.classes)  # the body of a class runs with the module
    names = facts.references.get(scope, {})
    if (
        any(name in ("tensorflow.app.run", "tensorflow.compat.v1.app.run") for name in names)
        and "main" in facts.functions
    ):
        found.append((path, "main"))
    for name in names:
        found.extend(_scopes_of_name(project, path, scope, name, facts))
    return found


def _scopes_of_name(project: Project, path: str, scope: str, name: str, facts: ScriptFacts) -> list[Scope]:
    own_class = scope.partition(".")[0]
    if name.startswith(("self.", "cls.")) and own_class in facts.classes:
        return _methods(facts, path, own_class, name.split(".")[1].rstrip("()[]"))
    place = project.definition(name, path)
    if place is None:
        return _methods_by_name(facts, path, name)
    where, definition = place
    target = project.script(where).facts
    found = [(where, definition)]
    if definition in target.classes:
        found.extend((where, member) for member in target.functions if member.startswith(definition + ".__"))
        found.extend(_bases(project, where, target, definition))
        found.extend((where, member) for member in target.functions if _is_hook(definition, member))
    if where != path:
        found.extend([(where, MODULE)])
    return found


def _is_hook(class_name: str, member: str) -> bool:
    """Methods that a framework calls by itself."""
    hooks = ("call", "build", "train_step", "forward", "training_step", "get_config")
    return member in {f"{class_name}.{hook}" for hook in hooks}


def _bases(project: Project, where: str, facts: ScriptFacts, name: str) -> list[Scope]:
    found = []
    for base in facts.classes.get(name, ()):
        place = project.definition(base, where)
        if place is not None and place != (where, name):
            target = project.script(place[0]).facts
            found.append(place)
            found.extend((place[0], member) for member in target.functions if member.startswith(place[1] + "."))
    return found


def _methods(facts: ScriptFacts, path: str, class_name: str, method: str) -> list[Scope]:
    scope = f"{class_name}.{method}"
    return [(path, scope)] if scope in facts.functions else _methods_by_name(facts, path, "." + method)


def _methods_by_name(facts: ScriptFacts, path: str, name: str) -> list[Scope]:
    """``x.train`` of an unknown ``x``: any method of that name in a class of the same file."""
    method = name.rpartition(".")[2].rstrip("()[]")
    if "." not in name or not facts.classes:
        return []
    return [(path, f"{owner}.{method}") for owner in facts.classes if f"{owner}.{method}" in facts.functions]
