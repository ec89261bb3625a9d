"""Which script trains the model: every script that trains when it is started, ranked, with its reasons.

What runs decides: a training call that starting the script reaches. Names of files only break ties.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pushtune.inspecting.command_arguments import fit
from pushtune.inspecting.entry_hints import FOLDER_HINTS, LIBRARY_HINTS, NAME_HINTS
from pushtune.inspecting.libraries import CLASSICAL, UNSUPPORTED
from pushtune.inspecting.project import Project, Script
from pushtune.inspecting.reachability import Scope, reached_scopes
from pushtune.inspecting.run_commands import RunCommands
from pushtune.inspecting.script_facts import MODULE, Call
from pushtune.inspecting.training_calls import Training, find_trainings

AMBIGUITY_MARGIN_POINTS = 1.5
RUN_POINTS_LIMIT = 20.0

_METHOD_HINTS = (
    (frozenset({"evaluate", "score", "evaluate_generator"}), 1.0, "it evaluates the model"),
    (frozenset({"save", "save_weights", "dump", "save_model", "to_json"}), 1.0, "it saves the model"),
)
_LOAD_METHODS = ("load_model", "load_weights")
_VERSION = re.compile(r"(?:(?<=[^a-zA-Z])|^|(?<=[a-z])(?=V))(?:v|ver|version)[ ._-]?(\d+(?:[._]\d+)*)", re.I)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_\d]+")


@dataclass
class Candidate:
    """A script that trains a model when it is started.

    Attributes:
        path: relative to the repository. points: the higher the likelier. reasons: (points, text), most telling first.
        trainings: the training calls that it reaches, nearest first. reached: what starting it runs (file, scope).
    """

    path: str
    trainings: list[Training]
    reached: dict[Scope, int] = field(repr=False)
    reasons: list[tuple[float, str]] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    is_idle: bool = False

    @property
    def points(self) -> float:
        """Sum of the points of all reasons."""
        return round(sum(points for points, _ in self.reasons), 2)

    @property
    def framework(self) -> str:
        """Framework of the nearest training call; a neural network comes before what is trained beside it."""
        frameworks = [training.framework for training in self.trainings]
        for group in (("keras", "tensorflow"), ("pytorch",), tuple(CLASSICAL), tuple(sorted(UNSUPPORTED))):
            found = next((name for name in frameworks if name in group), None)
            if found:
                return found
        return frameworks[0]

    @property
    def is_set_aside(self) -> bool:
        """Whether a strong reason speaks against it (a test, a web application, a script that only imports another)."""
        return any(points <= -8.0 for points, _ in self.reasons)

    def add(self, points: float, reason: str) -> None:
        """Enter one reason."""
        self.reasons.append((points, reason))


def rank_candidates(project: Project, paths: list[str], commands: RunCommands) -> list[Candidate]:
    """Return the scripts among ``paths`` that train a model when started, the likeliest first."""
    candidates = _collect(project, paths, _candidate) or _collect(project, paths, _idle_candidate)
    trains_itself = {candidate.path for candidate in candidates if _trains_directly(candidate)}
    for candidate in candidates:
        _judge_training(candidate, trains_itself)
        _judge_surroundings(candidate, project, commands)
    for candidate in candidates:
        _judge_importers(candidate, candidates)
    _judge_versions(candidates)
    _judge_variants(candidates)
    _judge_drafts(candidates)
    return sorted(candidates, key=lambda item: (-item.points, item.path.count("/"), item.path))


def is_ambiguous(ranked: list[Candidate]) -> bool:
    """Return whether the two likeliest scripts are too close to choose between them."""
    return len(ranked) > 1 and ranked[0].points - ranked[1].points < AMBIGUITY_MARGIN_POINTS


def _collect(project: Project, paths: list[str], make: Callable[[Project, str], Candidate | None]) -> list[Candidate]:
    found = []
    for path in paths:
        candidate = None if project.deadline.passed() else make(project, path)
        if candidate is not None:
            found.append(candidate)
    return found


def _candidate(project: Project, path: str) -> Candidate | None:
    reached = reached_scopes(project, path)
    trainings: list[Training] = []
    for member in dict.fromkeys(where for where, _ in reached):
        trainings.extend(item for item in find_trainings(project, member, path) if (member, item.scope) in reached)
    if not trainings:
        return None
    trainings.sort(key=lambda item: (item.path != path, reached[(item.path, item.scope)], item.line))
    return Candidate(path, trainings, reached)


def _idle_candidate(project: Project, path: str) -> Candidate | None:
    """A script with a training call that nothing reaches: its author calls it by hand, or by a line commented out."""
    trainings = find_trainings(project, path)
    if not trainings:
        return None
    reached = reached_scopes(project, path, project.script(path).facts.functions)
    candidate = Candidate(path, trainings, reached, is_idle=True)
    candidate.add(-25.0, f"nothing that starting it runs calls {trainings[0].scope or 'it'}, which trains")
    return candidate


def _trains_directly(candidate: Candidate) -> bool:
    return any(item.path == candidate.path for item in candidate.trainings)


def _judge_training(candidate: Candidate, trains_itself: set[str]) -> None:
    nearest = candidate.trainings[0]
    place = f"{nearest.path}:{nearest.line} {nearest.how}"
    if not candidate.is_idle:
        candidate.add(40.0, f"starting it trains a model ({nearest.framework}: {place})")
    if nearest.path == candidate.path:
        candidate.add(4.0, "the training call stands in the script itself")
    elif nearest.path in trains_itself and nearest.scope == MODULE:
        candidate.add(-20.0, f"it trains only because it imports {nearest.path}, which trains by itself")
    if candidate.framework in UNSUPPORTED:
        candidate.add(-10.0, f"{candidate.framework} has no image")
    elif candidate.framework in ("keras", "tensorflow"):
        candidate.add(3.0, "it trains a neural network with Keras or TensorFlow")
    elif candidate.framework == "pytorch":
        candidate.add(1.0, "it trains a neural network with PyTorch")


def _judge_surroundings(candidate: Candidate, project: Project, commands: RunCommands) -> None:
    script = project.script(candidate.path)
    _judge_name(candidate)
    _judge_commands(candidate, project, commands)
    _judge_imports(candidate, script)
    if script.fault is not None:
        points = -3.0 if script.python2 else -6.0
        candidate.add(points, f"line {script.fault.line} is no Python 3: {script.fault.message}")
    own_calls = [call for call in script.facts.calls if (script.path, call.scope) in candidate.reached]
    for methods, points, reason in _METHOD_HINTS:
        if any(call.method in methods for call in own_calls):
            candidate.add(points, reason)
    trained = {item.scope: item.line for item in candidate.trainings if item.path == script.path}
    loads = [call for call in own_calls if call.method in _LOAD_METHODS]
    if any(call.line < trained.get(call.scope, call.line + 1) for call in loads):
        candidate.add(-3.0, "it loads a model that was trained before")


def _judge_name(candidate: Candidate) -> None:
    folder, _, name = candidate.path.rpartition("/")
    words = _words_of(name.rpartition(".")[0])
    folders = "/".join(map(_words_of, folder.split("/")))
    for hint in NAME_HINTS:
        if hint.pattern.search(words):
            candidate.add(hint.points, hint.reason)
    for hint in FOLDER_HINTS:
        if hint.pattern.search(folders):
            candidate.add(hint.points, hint.reason)
    if folder:
        candidate.add(-0.75 * min(4, folder.count("/") + 1), "it lies below the repository's first level")
    if name.endswith(".ipynb"):
        candidate.add(-4.0, "it is a notebook")


def _words_of(name: str) -> str:
    """Return the words of a name, split at signs, digits and capitals, in lower case."""
    return " ".join(_CAMEL.split(name)).lower().strip()


def _own_calls(candidate: Candidate, project: Project) -> list[Call]:
    """Return the calls of the script, and those that it reaches in other files; methods may be inherited."""
    reached = set(candidate.reached)
    return [
        call
        for path in dict.fromkeys(path for path, _ in candidate.reached)
        for call in project.script(path).facts.calls
        if path == candidate.path or (path, call.scope) in reached or "." in call.scope
    ]


def _judge_commands(candidate: Candidate, project: Project, commands: RunCommands) -> None:
    given = commands.of(candidate.path)
    if given:
        calls = _own_calls(candidate, project)
        fitting = (list(item.arguments) for item in given if item.arguments and fit(item.arguments, calls))
        candidate.arguments = next(fitting, [])
        total = min(RUN_POINTS_LIMIT, given[0].points + 0.5 * (len(given) - 1))
        candidate.add(total, f"{given[0].file}:{given[0].line} runs it: {given[0].text}")
    elif candidate.path.rpartition("/")[2] in commands.mentions:
        file, line, _ = commands.mentions[candidate.path.rpartition("/")[2]]
        candidate.add(2.0, f"{file}:{line} names it")


def _judge_imports(candidate: Candidate, script: Script) -> None:
    roots = {item.module.partition(".")[0] for item in script.facts.imports}
    for libraries, points, reason in LIBRARY_HINTS:
        if roots & libraries:
            candidate.add(points, f"{reason} ({', '.join(sorted(roots & libraries))})")


def _judge_importers(candidate: Candidate, candidates: list[Candidate]) -> None:
    """A script that another one runs as a part of it is rather a part than the whole."""
    for other in candidates:
        is_part = other is not candidate and (candidate.path, MODULE) in other.reached
        if is_part and other.trainings[0].path == candidate.path and not other.is_set_aside:
            candidate.add(-4.0, f"{other.path} imports it and trains through it")
            return


def _judge_drafts(candidates: list[Candidate]) -> None:
    """Beside a script that puts its training together from modules, notebooks are where those were tried out."""
    paths = {candidate.path for candidate in candidates}
    whole = next((item.path for item in candidates if item.path.endswith(".py") and not item.is_set_aside
                  and not item.is_idle and item.trainings[0].path not in paths), None)  # fmt: skip
    for candidate in candidates:
        if whole is not None and candidate.path.endswith(".ipynb"):
            candidate.add(-6.0, f"{whole} trains through modules of the repository: the notebook is rather a draft")


def _judge_versions(candidates: list[Candidate]) -> None:
    """Of scripts that differ in their version alone (``model_v2.py``, ``model_v3.py``), the newest is meant."""
    versions: dict[str, list[tuple[list[int], Candidate]]] = {}
    for candidate in candidates:
        stem = candidate.path.rpartition(".")[0]
        found = _VERSION.search(stem)
        numbers = [int(part) for part in re.split(r"[._]", found.group(1))] if found else [1]
        base = stem[: found.start()] + stem[found.end() :] if found else stem
        kind = candidate.path.rpartition(".")[2]
        versions.setdefault(f"{_words_of(base)}.{kind}", []).append((numbers, candidate))
    for group in versions.values():
        newest = max(group, key=lambda item: item[0])
        if len(group) > 1 and newest[0] > [1]:
            newest[1].add(4.0, "its name bears the highest version")


def _judge_variants(candidates: list[Candidate]) -> None:
    """Of scripts that are called after another one (``cnn.py``, ``cnn_scaled.py``), that other one is the original."""
    names = [(candidate, *_place_and_words(candidate)) for candidate in candidates]
    for candidate, folder, words in names:
        followers = [other for _, place, other in names if place == folder and other.startswith(words + " ")]
        leaders = [other for _, place, other in names if place == folder and words.startswith(other + " ")]
        if words and followers and not leaders:
            candidate.add(2.0, "other scripts are called after it")


def _place_and_words(candidate: Candidate) -> tuple[str, str]:
    folder, _, name = candidate.path.rpartition("/")
    return folder, re.sub(r"(\d+)", r" \1", name.rpartition(".")[0].lower()).replace("_", " ").replace("-", " ").strip()
