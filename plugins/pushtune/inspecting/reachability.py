"""What runs when a script is started: its module level, and the functions and modules that lead on from there."""

from collections.abc import Iterable

from pushtune.inspecting.dynamic_starts import STARTERS, commands_of_fire, modules_by_text
from pushtune.inspecting.libraries import framework_of
from pushtune.inspecting.patterns import words
from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import MAIN, MODULE, ScriptFacts

IMPORTS_LIMIT = 200
SCOPE_LIMIT = 3000
BASES_DEPTH = 5
# Beside ``__init__`` and its kin, and what callbacks are told (``on_epoch_end``).
CALLED_BY_FRAMEWORKS = words(
    "call build compute_output_shape compute_loss train_step test_step predict_step update_state result reset_state"
    " get_updates forward training_step validation_step configure_optimizers run"
)
Scope = tuple[str, str]


def reached_scopes(project: Project, entry: str, started: Iterable[str] = ()) -> dict[Scope, int]:
    """Return (file, scope) -> number of steps from the start, for all that starting ``entry`` can run.

    ``started`` are functions of ``entry`` that are called by hand as well. Importing runs the imported file's module
    level (not its main guard). Whatever a scope reads by name is taken as run: functions are passed around as callbacks
    and targets of threads. A class that is named brings its methods.
    """
    start = [(entry, MODULE), (entry, MAIN), *((entry, scope) for scope in started)]
    reached = dict.fromkeys(start, 0)
    _spread(project, reached, list(start))
    while found := _called_by_name_alone(project, reached):
        steps = 1 + max(reached.values())
        reached.update(dict.fromkeys(found, steps))
        _spread(project, reached, found)
    return reached


def _spread(project: Project, reached: dict[Scope, int], queue: list[Scope]) -> None:
    for place in queue:
        if project.deadline.passed():
            break
        for target in _next_scopes(project, *place):
            if target not in reached and len(reached) < SCOPE_LIMIT:
                reached[target] = reached[place] + 1
                queue.append(target)


def _called_by_name_alone(project: Project, reached: dict[Scope, int]) -> list[Scope]:
    """What is called in modules that are imported by a text: there is no name to follow, but that of the method."""
    modules = {
        module for path, scope in reached for module in modules_by_text(project, path, scope)
    }  # fmt: skip
    if not modules or len(reached) >= SCOPE_LIMIT or project.deadline.passed():
        return []
    found = [(module, scope) for module in modules for scope in (MODULE, *project.script(module).facts.classes)]
    called = {
        name.rpartition(".")[2].removesuffix("()") for path, scope in reached
        for name in project.script(path).facts.references.get(scope, ())
    }  # fmt: skip
    for module in modules:
        found += [(module, scope) for scope in project.script(module).facts.functions if _is_called(scope, called)]
    return [place for place in sorted(found) if place not in reached]


def _is_called(scope: str, called: set[str]) -> bool:
    owner, _, method = scope.rpartition(".")
    return method in called or bool(owner) and _runs_by_itself(owner, scope)


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
    if not STARTERS.isdisjoint(name.removesuffix("()") for name in names):
        found.extend((path, member) for member in commands_of_fire(facts, scope))
    if facts.commands:
        called = [call.name for call in facts.calls if call.scope == scope and call.name in facts.commands]
        found.extend((path, member) for group in called for member in facts.commands[group])
    for name in names:
        found.extend(_scopes_of_name(project, path, scope, name, facts))
    return found


def _scopes_of_name(project: Project, path: str, scope: str, name: str, facts: ScriptFacts) -> list[Scope]:
    own_class = scope.partition(".")[0]
    if name.startswith(("self.", "cls.")) and own_class in facts.classes:
        method = name.split(".")[1].rstrip("()[]")
        return _method(project, path, own_class, method) or _of_attribute(project, path, own_class, name)
    place = project.definition(name, path)
    if place is None:
        return _of_instance(project, path, facts, name)
    where, definition = place
    target = project.script(where).facts
    found = [place]
    if definition in target.classes:
        found.extend((where, member) for member in target.members(definition) if _runs_by_itself(definition, member))
        for base in target.classes[definition]:
            inherited = project.definition(base, where)
            if inherited is not None and inherited != place:
                found.extend(_constructors(project, *inherited))
        method = name.rpartition(".")[2].rstrip("()[]")
        found.extend(_method(project, where, definition, method))
    if where != path:
        found.append((where, MODULE))
    return found


def _constructors(project: Project, path: str, class_name: str) -> list[Scope]:
    members = project.script(path).facts.members(class_name)
    return [(path, class_name)] + [(path, member) for member in members if _runs_by_itself(class_name, member)]


def _runs_by_itself(class_name: str, member: str) -> bool:
    """Methods that making an instance, or a framework, calls without their name being written."""
    method = member.removeprefix(class_name + ".")
    return method.startswith(("__", "on_")) or method in CALLED_BY_FRAMEWORKS


def _method(project: Project, path: str, class_name: str, method: str, depth: int = BASES_DEPTH) -> list[Scope]:
    """Return where ``method`` of the class is defined, in it or in one of its bases; empty if that is not ours."""
    facts = project.script(path).facts
    if f"{class_name}.{method}" in facts.functions:
        return [(path, f"{class_name}.{method}")]
    for base in facts.classes.get(class_name, ()) if depth else ():
        place = project.definition(base, path)
        if place is not None and place != (path, class_name):
            found = _method(project, *place, method, depth - 1)
            if found:
                return found
    return []


def _of_instance(project: Project, path: str, facts: ScriptFacts, name: str) -> list[Scope]:
    """``x.learn``: the method of the class that ``x`` was made from; else any of that name in this file, or in a class
    that this file names although it is another's.
    """
    receiver, dot, method = name.rpartition(".")
    if not dot:
        return []
    method = method.rstrip("()[]")
    found: list[Scope] = []
    head = receiver.partition(".")[0]
    made = facts.assigned(receiver) or (facts.assigned(head) if receiver.endswith("()") else [])  # ``x.a().learn()``
    for item in made:
        if item.value.endswith("()"):
            place = project.definition(item.value.removesuffix("()"), path)
            if place is not None and place[1] in project.script(place[0]).facts.classes:
                found.extend(_method(project, *place, method))
    if found:
        return found
    own = [(path, member) for member in facts.methods(method)]
    if own or method.startswith("__") or any(framework_of(item.value) for item in made):
        return own
    return [place for owner in _classes_named(project, path) for place in _method(project, *owner, method)]


def _of_attribute(project: Project, path: str, own_class: str, name: str) -> list[Scope]:
    """``self.x.learn``: as for any instance; but what is kept in an attribute is hardly of the class that keeps it."""
    facts = project.script(path).facts
    found = _of_instance(project, path, facts, name)
    kin = {own_class, *facts.classes[own_class]}
    if name.count(".") < 2 or any(scope.partition(".")[0] not in kin for _, scope in found):
        return found
    method = name.rpartition(".")[2].rstrip("()[]")
    return found + [place for owner in _classes_named(project, path) for place in _method(project, *owner, method)]


def _classes_named(project: Project, path: str) -> list[Scope]:
    """Return the classes of the repository's other files that ``path`` imports by their names."""
    known: dict[str, list[Scope]] = project.notes("classes named")
    if path not in known:
        names = [item.dotted for item in project.script(path).facts.imports if item.name not in (None, "*")]
        places = [place for name in names[:IMPORTS_LIMIT] if (place := project.definition(name, path)) is not None]
        known[path] = [place for place in places if place[1] in project.script(place[0]).facts.classes]
    return known[path]
