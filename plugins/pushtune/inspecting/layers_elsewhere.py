"""The family of a model whose layers nothing that is reached shows: it is made in a way that cannot be followed.

``dense`` needs a proof too. Without one, the words by which the started script calls things decide
(``zoo.ResNet50()``), else the layers that the repository's other scripts make: what a hook or another path brings.
"""

import re

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.family_table import FAMILIES, family_of_name
from pushtune.inspecting.project import SCRIPT_ENDINGS, Project

SCRIPTS_LIMIT = 60
EVIDENCE_LIMIT = 5
_WORDS = {
    "transformer": re.compile(r"^(?:\w*bert|gpt\d*|transformers?|vit)$"),
    "rnn": re.compile(r"^(?:bi)?(?:lstm|gru|rnn)s?$|^seq2seq$"),
    "cnn": re.compile(
        r"^\w*(?:cnn|conv(?:net|\dd)?|resnet\d*|resnext\d*|densenet\d*|vgg\d*|u_?net|mobilenet|inception|xception"
        r"|efficientnet|alexnet|lenet\d*|googlenet|squeezenet|dcgan|yolo)\w*$"
    ),
}
_PARTS = re.compile(r"[._()\[\]]+|(?<=[a-z])(?=[A-Z])")
Found = dict[str, list[Evidence]]


def layers_of_other_scripts(project: Project, candidate: Candidate) -> Found:
    """Return family -> evidence of the scripts that make layers and are not started themselves, those nearest first.

    The family that most of them speak for is alone in the answer: one of many models is trained, rather the usual one.
    """
    votes: dict[str, list[Evidence]] = {}
    for path in _nearest(project, candidate.path)[:SCRIPTS_LIMIT]:
        found = {} if project.deadline.passed() else _layers_in(project, path)
        family = next((row.family for row in FAMILIES if row.family in found), None)
        if family is not None:
            votes.setdefault(family, []).append(found[family])
    if not votes:
        return {}
    order = [row.family for row in FAMILIES]
    best = min(votes, key=lambda family: (-len(votes[family]), order.index(family)))
    return {best: votes[best][:EVIDENCE_LIMIT]}


def family_by_words(project: Project, candidate: Candidate) -> Found:
    """Return family -> evidence by the words of the names that the started script reads and imports."""
    script = project.script(candidate.path)
    names = [(item.line, item.dotted) for item in script.facts.imports]
    for scope, read in script.facts.references.items():
        names += [(line, name) for name, line in read.items() if (candidate.path, scope) in candidate.reached]
    for family, pattern in _WORDS.items():
        for line, name in sorted(names):
            word = next((part for part in _PARTS.split(name) if pattern.match(part.lower())), None)
            if word is not None:
                return {family: [Evidence(candidate.path, line, script.line(line), f"the name {word}: {family}")]}
    return {}


def _nearest(project: Project, entry: str) -> list[str]:
    """Return the other scripts, those of the same folder first, then those below it."""
    folder = entry.rpartition("/")[0]
    paths = [path for path in project.files.sizes if path.endswith(SCRIPT_ENDINGS) and path != entry]
    return sorted(paths, key=lambda path: (path.rpartition("/")[0] != folder, path.count("/"), path))


def _layers_in(project: Project, path: str) -> dict[str, Evidence]:
    script = project.script(path)
    found: dict[str, Evidence] = {}
    for read in script.facts.references.values():
        for name, line in read.items():
            family = family_of_name(name, bool(script.facts.stars))
            if family is not None:
                says = f"{name.rpartition('.')[2]}: {family}, of a script that the started one does not name"
                found.setdefault(family, Evidence(path, line, script.line(line), says))
    return found
