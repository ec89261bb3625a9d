"""The newest Keras on which the unmodified code works as meant, from names and arguments that came and went.

The answer is about the code alone, without the compatibility layer that our images add. Values: ``3`` (Keras 3,
TensorFlow 2.16 and later), ``2.15``, ``2.12``, ``2.10`` and ``2.5`` (the last Keras 2 that still had what the code uses), ``1``
(Keras 1, or TensorFlow 1 graphs and sessions). Where several markers are found, the oldest limit holds.
"""

from dataclasses import dataclass

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.keras_markers import MARKERS, Marker
from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.project import Project, Script
from pushtune.inspecting.script_facts import Call

GENERATIONS = ("1", "2.5", "2.10", "2.12", "2.15", "3")

# Optimizers whose default learning rate changed between stand-alone Keras 2 and tf.keras / Keras 3: old default.
OLD_DEFAULT_RATES = {"Adadelta": 1.0, "Adagrad": 0.01, "SGD": 0.01, "Adamax": 0.002, "Nadam": 0.002}
NEW_DEFAULT_RATES = {"Adadelta": 0.001, "Adagrad": 0.001, "SGD": 0.01, "Adamax": 0.001, "Nadam": 0.001}


@dataclass(frozen=True)
class KerasGeneration:
    """Attributes: generation (one of ``GENERATIONS``), the lines that set it, and warnings about changed defaults."""

    generation: str
    evidence: list[Evidence]
    warnings: list[str]


def find_generation(project: Project, candidate: Candidate) -> KerasGeneration:
    """Return the generation of the Keras or TensorFlow code that starting ``candidate`` runs."""
    found: list[tuple[int, Evidence]] = []
    warnings: list[str] = []
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        scopes = {scope for where, scope in candidate.reached if where == path}
        for marker, line in _markers_in(script, scopes):
            evidence = Evidence(path, line, script.line(line), marker.says)
            found.append((GENERATIONS.index(marker.newest), evidence))
        warnings.extend(_changed_defaults(script, scopes))
    if not found:
        return KerasGeneration("3", [], warnings)
    oldest = min(index for index, _ in found)
    lines = [evidence for _, evidence in sorted(found, key=lambda item: item[0])]
    return KerasGeneration(GENERATIONS[oldest], lines[:12], warnings)


def _markers_in(script: Script, scopes: set[str]) -> list[tuple[Marker, int]]:
    facts = script.facts
    found: list[tuple[Marker, int]] = []
    for marker in MARKERS:
        line = marker.find(facts, scopes)
        if line is not None:
            found.append((marker, line))
    return found


def _changed_defaults(script: Script, scopes: set[str]) -> list[str]:
    """Name optimizers whose default learning rate is no longer what the code was written for."""
    found = []
    for call in script.facts.calls:
        name = _optimizer_name(call)
        if name and call.scope in scopes and OLD_DEFAULT_RATES[name] != NEW_DEFAULT_RATES[name]:
            found.append(
                f"{script.path}:{call.line}: {name} without a learning rate: its default was {OLD_DEFAULT_RATES[name]} in "
                f"Keras 2 and is {NEW_DEFAULT_RATES[name]} since; the old default belongs into the search space"
            )
    return found


def _optimizer_name(call: Call) -> str | None:
    """Return the optimizer that ``call`` makes, or names in ``compile``, without an explicit learning rate."""
    inner = keras_path(call.name) or ""
    last = inner.rpartition(".")[2]
    if inner.startswith("optimizers.") and last in OLD_DEFAULT_RATES:
        explicit = call.node.args or call.keyword("lr", "learning_rate") is not None
        return None if explicit else last
    if call.method == "compile":
        value = call.keyword("optimizer") or (call.node.args[0] if call.node.args else None)
        text = getattr(value, "value", None)
        return next((name for name in OLD_DEFAULT_RATES if isinstance(text, str) and name.lower() == text.lower()), None)
    return None
