"""The family of the main model, which picks the image: one ordered table, most specific first.

Only layers that starting the entry really uses count; an import alone is no evidence. Documented answers:

* Hybrids go to the first row that fits: CNN + RNN is ``rnn``; attention layers other than ``MultiHeadAttention`` do not
  make a ``transformer``, unless they are the repository's own multi-head attention; ConvLSTM is ``rnn``.
* Transfer learning (``keras.applications``, image models of a hub) is ``cnn``; Conv1D on text is ``cnn``.
* A model whose layers are not reached goes by the names it is given, else by layers of the repository's other scripts.
* Autoencoders and GANs go by their layers. Embedding with pooling and Dense is ``dense``.
* scikit-learn's ``MLPClassifier`` is ``classical``: the image decides, and that one holds scikit-learn.
"""

import re
from dataclasses import dataclass

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.family_table import FAMILIES, family_of_name
from pushtune.inspecting.layers_elsewhere import family_by_words, layers_of_other_scripts
from pushtune.inspecting.libraries import CLASSICAL, keras_path
from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import Call

UNSUPPORTED = "unsupported"

_OWN_ATTENTION = re.compile(
    r"^(\w*multi_?head_?\w*attention\w*|transformer|transformer_?(block|encoder|decoder|layer|model)\w*)$", re.I
)
_OWN_RECURRENCE = re.compile(r"(?:^|_)(?:lstm|gru|rnn)(?:$|_|cell)", re.I)
_OF_IMAGES = ("flow_from_directory", "flow_from_dataframe", "image_dataset_from_directory")
_IMAGE_SETS = ("datasets.cifar10.load_data", "datasets.cifar100.load_data")
_TEXT_MODEL = re.compile(r"bert|electra|transformer|gpt|roberta|albert|use-?cmlm", re.I)
_TEXT_BUILDER = re.compile(r"(?:^|\.)(?:build|load|create|get|make)_\w*(?:transformer|bert)(?:_\w+)?(?:\(\))?$")
_TEXT_ENCODER = re.compile(r"universal-sentence-encoder|nnlm|gnews|wiki-words|elmo|swivel", re.I)


@dataclass(frozen=True)
class ModelFamily:
    """Attributes: family and framework, both as in the document; evidence: the lines that say so."""

    family: str
    framework: str | None
    evidence: list[Evidence]


def choose_family(project: Project, candidate: Candidate) -> ModelFamily:
    """Return the family of the model that ``candidate`` trains."""
    framework = candidate.framework
    training = candidate.trainings[0]
    says = f"trains with {framework}"
    for item in candidate.trainings:
        if item.framework == framework:
            training = item
            break
    proof = [Evidence(training.path, training.line, project.script(training.path).line(training.line), says)]
    if framework in CLASSICAL:
        return ModelFamily("classical", framework, proof)
    if framework == "pytorch":
        return ModelFamily("pytorch", framework, proof)
    if framework not in ("keras", "tensorflow"):
        return ModelFamily(UNSUPPORTED, framework, proof)
    row_of = _layers_used(project, candidate)
    if set(row_of) <= {"dense"}:
        row_of = _recurrent_by_hand(project, candidate) or _loaded_for_images(project, candidate) or row_of
    row_of = row_of or family_by_words(project, candidate) or layers_of_other_scripts(project, candidate)
    for row in FAMILIES:
        if row.family in row_of:
            return ModelFamily(row.family, framework, proof + row_of[row.family][:5])
    return ModelFamily("dense", framework, proof)


def _layers_used(project: Project, candidate: Candidate) -> dict[str, list[Evidence]]:
    """Return family -> evidence over all that starting the entry runs; over its whole files if that is nothing."""
    found = _collect(project, candidate, only_reached=True)
    return found or _collect(project, candidate, only_reached=False)


def _collect(project: Project, candidate: Candidate, only_reached: bool) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        names = {(line, name): scope for scope, read in script.facts.references.items() for name, line in read.items()}
        for (line, name), scope in sorted(names.items()):
            if only_reached and (path, scope) not in candidate.reached:
                continue
            is_layer = bool(script.facts.stars) or script.facts.is_unbound(name)
            family = family_of_name(name, is_layer) or _family_of_own_class(project, path, name)
            if family is None and _TEXT_BUILDER.search(name) and project.definition(name, path) is None:
                family = "transformer"
            if family:
                says = f"{name.rpartition('.')[2]}: {family}"
                found.setdefault(family, []).append(Evidence(path, line, script.line(line), says))
        for call in script.facts.calls:
            if call.name.startswith("tensorflow_hub.") and (path, call.scope) in candidate.reached:
                evidence = Evidence(path, call.line, script.line(call.line), call.method)
                found.setdefault(_family_of_hub(call), []).append(evidence)
    return found


def _family_of_own_class(project: Project, path: str, name: str) -> str | None:
    """Attention written by hand: its name says that it has several heads, or a parameter of it is their number."""
    last = name.rpartition(".")[2].rstrip("()[]")
    if "attention" not in last.lower() and not _OWN_ATTENTION.match(last):
        return None
    place = project.definition(name, path)
    if place is None:
        return None
    parameters = project.script(place[0]).facts.parameters
    given = parameters.get(f"{place[1]}.__init__", []) + parameters.get(place[1], [])
    has_heads = any("head" in word.lower() for word in given)
    return "transformer" if has_heads or _OWN_ATTENTION.match(last) else None


def _recurrent_by_hand(project: Project, candidate: Candidate) -> dict[str, list[Evidence]]:
    """Return the recurrent networks built out of plain operations: by the names they are given, and by their loops."""
    found = []
    for path, scope in candidate.reached:
        name = scope.rpartition(".")[2] or scope
        if _OWN_RECURRENCE.search(name):
            script = project.script(path)
            line = script.facts.functions.get(scope, 1)
            found.append(Evidence(path, line, script.line(line), f"{name}: rnn"))
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        for scope, line in script.facts.recurrences:
            if (path, scope) in candidate.reached:
                found.append(Evidence(path, line, script.line(line), "a loop over time that carries a state: rnn"))
    return {"rnn": found} if found else {}


def _loaded_for_images(project: Project, candidate: Candidate) -> dict[str, list[Evidence]]:
    """Return ``cnn`` where a model whose layers no source shows is loaded, and what it is trained on are images."""
    calls = [
        (path, call) for path in dict.fromkeys(where for where, _ in candidate.reached)
        for call in project.script(path).facts.calls if (path, call.scope) in candidate.reached
    ]  # fmt: skip
    if not any((keras_path(call.name) or "").startswith("models.load_model") for _, call in calls):
        return {}
    found = [
        Evidence(path, call.line, project.script(path).line(call.line), "images for a model that is loaded: cnn")
        for path, call in calls if call.method in _OF_IMAGES or (keras_path(call.name) or "") in _IMAGE_SETS
    ]  # fmt: skip
    return {"cnn": found[:5]} if found else {}


def _family_of_hub(call: Call) -> str:
    text = next((str(getattr(part, "value", "")) for part in call.node.args), "")
    if _TEXT_MODEL.search(text):
        return "transformer"
    return "dense" if _TEXT_ENCODER.search(text) else "cnn"
