"""The newest Keras on which the unmodified code works as meant, from names and arguments that came and went.

The answer is about the code alone, without the compatibility layer that our images add. It is a rung of a ladder; a
rung
stands for the releases from itself up to the next one, and the exact release is in the evidence:

* ``3``: Keras 3, TensorFlow 2.16 and later. * ``2.15``: TensorFlow 2.13 to 2.15, the last with Keras 2.
* ``2.12``: the last release with the module paths of Keras 2 (``keras.utils.np_utils``, ``keras.layers.core``).
* ``2.5``: older Keras 2, from stand-alone 2.0 to 2.11 (``predict_classes``, ``keras.layers.normalization``,
  ``decay=``).
* ``1``: Keras 1, or TensorFlow 1 graphs and sessions.

Where several markers are found, the oldest limit holds. An import inside ``try`` with a fallback is no marker.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.keras_markers import (
    ARGUMENT_MARKERS,
    IN_TENSORFLOW,
    METHOD_MARKERS,
    NAME_MARKERS,
    TENSORFLOW_MARKERS,
    NameMarker,
)
from pushtune.inspecting.keras_usage import Finding, findings
from pushtune.inspecting.libraries import framework_of, keras_path
from pushtune.inspecting.project import Project, Script
from pushtune.inspecting.script_facts import Call, ScriptFacts

GENERATIONS = ("1", "2.5", "2.12", "2.15", "3")
EVIDENCE_LIMIT = 12
MARKERS_LIMIT = 500
COMMON_METHODS = ("predict_classes", "to_yaml")  # other libraries have them too; models of Keras come from many places

# Stand-alone Keras 2 (to 2.3): default learning rates that are others today (tf.keras 2 and Keras 3: 0.001).
OLD_DEFAULT_RATES = {"Adadelta": 1.0, "Adagrad": 0.01, "Adamax": 0.002, "Nadam": 0.002}
NEW_DEFAULT_RATE = 0.001


@dataclass(frozen=True)
class KerasGeneration:
    """Attributes: generation (one of ``GENERATIONS``), the lines that set it, warnings about changed meanings, and
    markers: each use of something that an older Keras had, the evidence among them.
    """

    generation: str
    evidence: list[Evidence]
    warnings: list[str]
    markers: list[Evidence]


def find_generation(project: Project, candidate: Candidate) -> KerasGeneration:
    """Return the generation of the Keras or TensorFlow code that starting ``candidate`` runs."""
    found: dict[tuple[str, str, str], tuple[int, Evidence]] = {}
    warnings: list[str] = []
    markers: dict[Evidence, None] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        scopes = {scope for where, scope in candidate.reached if where == path}
        if script.python2 and script.fault is not None:
            proof = Evidence(path, script.fault.line, script.fault.text, "Python 2, which Keras left after 2.3")
            found.setdefault(("2.5", path, proof.says), (GENERATIONS.index("2.5"), proof))
            markers[proof] = None
        for newest, line, says in _findings(project, path, scopes):
            evidence = Evidence(path, line, script.line(line), says)
            found.setdefault((newest, path, says), (GENERATIONS.index(newest), evidence))
            markers[evidence] = None
        warnings.extend(_changed_defaults(script, scopes))
        warnings.extend(_changed_metric_names(script, scopes))
    ordered = sorted(found.values(), key=lambda item: item[0])
    generation = GENERATIONS[ordered[0][0]] if ordered else "3"
    shown = [evidence for _, evidence in ordered[:EVIDENCE_LIMIT]]
    return KerasGeneration(generation, shown, warnings, list(markers)[:MARKERS_LIMIT])


def _findings(project: Project, path: str, scopes: set[str]) -> Iterator[Finding]:
    facts = project.script(path).facts
    for name, line in names_used(facts, scopes):
        yield from _name_findings(name, line)
    for call in facts.calls:
        if call.scope in scopes:
            yield from _call_findings(call, bool(facts.stars))
            yield from (item for item in _method_findings(call) if not _is_of_another(project, path, call))
    yield from findings(facts, scopes)


def names_used(facts: ScriptFacts, scopes: set[str]) -> Iterator[tuple[str, int]]:
    """Yield every dotted name that is imported unguarded, or read, in ``scopes``."""
    for item in facts.imports:
        if item.scope in scopes and not item.guarded:
            yield item.dotted, item.line
    guarded = {item.dotted for item in facts.imports if item.guarded}
    for scope in sorted(scopes):
        for name, line in facts.references.get(scope, {}).items():
            if not any(name == other or name.startswith(other + ".") for other in guarded):
                yield name, line


def _name_findings(name: str, line: int) -> Iterator[Finding]:
    inner = keras_path(name)
    if inner is not None:
        root = IN_TENSORFLOW if name.startswith("tensorflow.") else "keras"
        for marker in NAME_MARKERS:
            if marker.root in ("", root) and marker.pattern.search(inner) and not _is_kept(marker.newest, name):
                yield _newest(marker, name), line, marker.says
        if not name.startswith(("tf_keras", "tensorflow.compat.v1", "tensorflow.python.keras")):
            return
    yield from _fitting(TENSORFLOW_MARKERS, name, line)


def _newest(marker: NameMarker, name: str) -> str:
    """Return the newest Keras with ``name``: what left the public modules in 2.13 stayed below ``keras.src``."""
    return "2.15" if marker.newest == "2.12" and name.startswith("keras.src.") else marker.newest


def _is_kept(newest: str, name: str) -> bool:
    """Return whether ``name`` is one of TensorFlow 1 that TensorFlow 2 keeps for old code, up to 2.15."""
    return newest == "1" and name.startswith("tensorflow.compat.v1.")


def _fitting(markers: tuple[NameMarker, ...], name: str, line: int) -> Iterator[Finding]:
    for marker in markers:
        if marker.pattern.search(name):
            yield marker.newest, line, marker.says


def _call_findings(call: Call, has_star_import: bool) -> Iterator[Finding]:
    inner = keras_path(call.name)
    target = inner or call.method
    words = {word.arg for word in call.node.keywords}
    if inner is None and has_star_import and call.name[:1].isupper():
        target = f"layers.{call.name}"
    for marker in ARGUMENT_MARKERS:
        if words & marker.words and (
            marker.on.search(target) or (inner is None and marker.on.search(f"optimizers.{call.name}"))
        ):
            yield marker.newest, call.line, marker.says


def _method_findings(call: Call) -> Iterator[Finding]:
    owner, dot, called = call.name.rpartition(".")
    for method in METHOD_MARKERS:
        if dot and called in method.methods and method.of.search(owner) and not _is_kept(method.newest, call.name):
            yield method.newest, call.line, method.says


def _is_of_another(project: Project, path: str, call: Call) -> bool:
    """Return whether the method is one of a foreign library, or of a class of the repository that defines it itself."""
    facts = project.script(path).facts
    owner = call.name.rpartition(".")[0]
    if owner == "self":
        return f"{call.scope.partition('.')[0]}.{call.method}" in facts.functions
    values = [owner, *(item.value for item in facts.assigned(owner))]
    imported = {item.dotted.partition(".")[0] for item in facts.imports if not item.dotted.startswith(".")}
    for value in values:
        place = project.definition(value, path)
        if place is not None and f"{place[1]}.{call.method}" in project.script(place[0]).facts.functions:
            return True
        root = value.partition(".")[0]
        is_foreign = root in imported and framework_of(value) not in ("keras", "tensorflow")
        if call.method in COMMON_METHODS and is_foreign and not project.provides(root, path):
            return True
    return False


def _changed_defaults(script: Script, scopes: set[str]) -> Iterator[str]:
    """Name optimizers of stand-alone Keras without a learning rate, whose default is no longer the old one."""
    for call in script.facts.calls:
        name = _optimizer_name(script.facts, call) if call.scope in scopes else None
        if name:
            yield (
                f"{script.path}:{call.line}: {name} without a learning rate: its default was"
                f" {OLD_DEFAULT_RATES[name]} in stand-alone "
                f"Keras 2 and is {NEW_DEFAULT_RATE} since; the old default belongs into the search space"
            )


def _optimizer_name(facts: ScriptFacts, call: Call) -> str | None:
    """Return the optimizer that ``call`` makes, or names in ``compile``, without an explicit learning rate."""
    inner = keras_path(call.name) or ""
    last = inner.rpartition(".")[2].capitalize()
    if inner.startswith("optimizers.") and last in OLD_DEFAULT_RATES and call.name.startswith("keras."):
        explicit = call.node.args or call.keyword("lr", "learning_rate") is not None
        return None if explicit else last
    if call.method == "compile" and any(item.module.partition(".")[0] == "keras" for item in facts.imports):
        value = call.keyword("optimizer") or (call.node.args[0] if call.node.args else None)
        text = value.value if isinstance(value, ast.Constant) else None
        return next(
            (name for name in OLD_DEFAULT_RATES if isinstance(text, str) and name.lower() == text.lower()), None
        )
    return None


def _changed_metric_names(script: Script, scopes: set[str]) -> Iterator[str]:
    """``history["acc"]`` with ``metrics=["accuracy"]``: the name was shortened up to Keras 2.2, and no longer."""
    texts = {text: line for text, line, _ in reversed(script.facts.strings)}
    if "accuracy" in texts and ("acc" in texts or "val_acc" in texts):
        line = min(texts[name] for name in ("acc", "val_acc") if name in texts)
        yield f"{script.path}:{line}: the metric is called 'accuracy' since Keras 2.3, no longer 'acc'"
