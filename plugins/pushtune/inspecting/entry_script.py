"""Which script trains the model: every script that trains when it is started, ranked, with its reasons.

What runs decides: a training call that starting the script reaches. Names of files only break ties.
"""

import re
from dataclasses import dataclass, field

from pushtune.inspecting.libraries import CLASSICAL, UNSUPPORTED, framework_of
from pushtune.inspecting.project import Project, Script
from pushtune.inspecting.reachability import Scope, reached_scopes
from pushtune.inspecting.run_commands import RunCommands
from pushtune.inspecting.script_facts import MAIN, MODULE
from pushtune.inspecting.training_calls import Training, find_trainings

AMBIGUITY_MARGIN_POINTS = 1.5
RUN_POINTS_LIMIT = 20.0

# (pattern over the words of a file's name, points, reason); the words are split at _, -, ., digits and capitals.
_NAME_HINTS = (
    (re.compile(r"\b(train|training|trainer|trains)\b"), 8.0, "its name says that it trains"),
    (re.compile(r"\b(main|task)\b"), 5.0, "its name says that it is the main script"),
    (re.compile(r"\b(run|start|pipeline|classifier|model)\b"), 2.0, "its name is one of a main script"),
    (re.compile(r"\b(tests?|unittest|conftest)\b"), -9.0, "its name says that it is a test"),
    (re.compile(r"\b(predict|prediction|predictor|inference|infer|evaluate|eval|evaluation|serve|server|api|app|webcam|demo|detect"
                r"|client|bot|gui|recognize|recognise|live|camera|video)\b"), -8.0, "its name says that it uses a model"),
    (re.compile(r"\b(tune|tuning|tuner|tweak|tweaker|hyper|hyperparameters?|hyperopt|optuna|grid|search|sweep|retrain|cv|kfold"
                r"|automation|auto)\b"), -6.0, "its name says that it tries several settings"),
    (re.compile(r"\b(new|change|changed|changes|modify|modified|rebuild|update|updated|improve|improved|better)\b"), -3.0,
     "its name says that it is a variant of another script"),
    (re.compile(r"\b(utils?|helpers?|common|tools?|lib|config|settings)\b"), -6.0, "its name says that it is a helper"),
    (re.compile(r"\b(old|backup|bak|copy|deprecated|legacy|draft|tmp|temp|scratch|playground|experiments?|try|trial|sample"
                r"|examples?|baseline|toy|wip|unused|archive)\b"), -5.0, "its name says that it is not the current one"),
    (re.compile(r"\b(plots?|plotting|visuali[sz]e|visuali[sz]ation|graph|eda|analysis|explore|exploration)\b"), -5.0,
     "its name says that it shows data"),
    (re.compile(r"\b(preprocess|preprocessing|prepare|download|scrape|clean|extract|features?|dataset|data|loader)\b"), -4.0,
     "its name says that it prepares data"),
    (re.compile(r"\b(mail|mailer|email|smtp|notify|send|sendmail)\b"), -12.0, "its name says that it sends mail"),
)  # fmt: skip
_FOLDER_HINTS = (
    (re.compile(r"(^|/)(tests?|testing|unit_?tests?)(/|$)", re.I), -12.0, "it lies in a folder of tests"),
    (re.compile(r"(^|/)(old|backup|archive[ds]?|deprecated|legacy|attic|trash|unused|bak)(/|$)", re.I), -8.0, "it lies in a folder of old files"),
    (re.compile(r"(^|/)(examples?|demos?|docs?|tutorials?|samples?|experiments?|benchmarks?|sandbox)(/|$)", re.I), -4.0, "it lies in a folder of examples"),
    (re.compile(r"(^|/)(third[_-]?party|vendor|external|extern|libs?|submodules?)(/|$)", re.I), -10.0, "it lies in a folder of other people's code"),
)  # fmt: skip
_WEB = frozenset({"flask", "fastapi", "streamlit", "django", "gradio", "dash", "tornado", "bottle", "aiohttp", "sanic", "cherrypy"})
_SCREEN = frozenset({"tkinter", "Tkinter", "PyQt5", "PyQt4", "PySide2", "PySide6", "kivy", "pygame", "wx"})
_TEST_LIBRARIES = frozenset({"unittest", "pytest", "nose"})
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

    def add(self, points: float, reason: str) -> None:
        """Enter one reason."""
        self.reasons.append((points, reason))


def rank_candidates(project: Project, paths: list[str], commands: RunCommands) -> list[Candidate]:
    """Return the scripts among ``paths`` that train a model when started, the likeliest first."""
    candidates = [candidate for path in paths if (candidate := _candidate(project, path)) is not None]
    trains_itself = {candidate.path for candidate in candidates if _trains_directly(candidate)}
    for candidate in candidates:
        _judge_training(candidate, trains_itself)
        _judge_surroundings(candidate, project.script(candidate.path), commands)
    for candidate in candidates:
        _judge_importers(candidate, candidates, project)
    return sorted(candidates, key=lambda item: (-item.points, item.path.count("/"), item.path))


def is_ambiguous(ranked: list[Candidate]) -> bool:
    """Return whether the two likeliest scripts are too close to choose between them."""
    return len(ranked) > 1 and ranked[0].points - ranked[1].points < AMBIGUITY_MARGIN_POINTS


def _candidate(project: Project, path: str) -> Candidate | None:
    reached = reached_scopes(project, path)
    trainings = []
    for member in dict.fromkeys(where for where, _ in reached):
        trainings.extend(item for item in find_trainings(project, member) if (member, item.scope) in reached)
    if not trainings:
        return None
    trainings.sort(key=lambda item: (item.path != path, reached[(item.path, item.scope)], item.line))
    return Candidate(path, trainings, reached)


def _trains_directly(candidate: Candidate) -> bool:
    return any(item.path == candidate.path for item in candidate.trainings)


def _judge_training(candidate: Candidate, trains_itself: set[str]) -> None:
    nearest = candidate.trainings[0]
    candidate.add(40.0, f"starting it trains a model ({nearest.framework}: {nearest.path}:{nearest.line} {nearest.how})")
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


def _judge_surroundings(candidate: Candidate, script: Script, commands: RunCommands) -> None:
    path = candidate.path
    stem = path.rpartition("/")[2].rpartition(".")[0]
    words = " ".join(_CAMEL.split(stem)).lower()
    for pattern, points, reason in _NAME_HINTS:
        if pattern.search(words):
            candidate.add(points, reason)
    folder = path.rpartition("/")[0]
    for pattern, points, reason in _FOLDER_HINTS:
        if pattern.search(folder):
            candidate.add(points, reason)
    if folder:
        candidate.add(-0.75 * min(4, folder.count("/") + 1), "it lies below the repository's first level")
    _judge_commands(candidate, commands)
    _judge_imports(candidate, script)
    if path.endswith(".ipynb"):
        candidate.add(-3.0, "it is a notebook")
    if script.fault is not None:
        candidate.add(-6.0, f"line {script.fault.line} is no Python 3: {script.fault.message}")
    if any(call.method in ("evaluate", "score", "evaluate_generator") for call in script.facts.calls):
        candidate.add(1.0, "it evaluates the model")
    if any(call.method in ("load_model", "load_weights") and (script.path, call.scope) in candidate.reached for call in script.facts.calls):
        candidate.add(-3.0, "it loads a model that was trained before")
    if any(call.method in ("save", "save_weights", "dump", "save_model", "to_json") for call in script.facts.calls):
        candidate.add(1.0, "it saves the model")


def _judge_commands(candidate: Candidate, commands: RunCommands) -> None:
    given = commands.of(candidate.path)
    if given:
        candidate.arguments = next((list(command.arguments) for command in given if command.arguments), [])
        total = min(RUN_POINTS_LIMIT, given[0].points + 0.5 * (len(given) - 1))
        candidate.add(total, f"{given[0].file}:{given[0].line} runs it: {given[0].text}")
    elif candidate.path.rpartition("/")[2] in commands.mentions:
        file, line, _ = commands.mentions[candidate.path.rpartition("/")[2]]
        candidate.add(2.0, f"{file}:{line} names it")


def _judge_imports(candidate: Candidate, script: Script) -> None:
    roots = {item.module.partition(".")[0] for item in script.facts.imports}
    if roots & _WEB:
        candidate.add(-12.0, f"it is a web application ({', '.join(sorted(roots & _WEB))})")
    if roots & _SCREEN:
        candidate.add(-8.0, f"it opens windows ({', '.join(sorted(roots & _SCREEN))})")
    if roots & _TEST_LIBRARIES:
        candidate.add(-12.0, f"it is a test ({', '.join(sorted(roots & _TEST_LIBRARIES))})")
    if any(framework_of(item.module) in ("optuna",) for item in script.facts.imports):
        candidate.add(-4.0, "it searches settings by itself")


def _judge_importers(candidate: Candidate, candidates: list[Candidate], project: Project) -> None:
    """A script that another one runs as a part of it is rather a part than the whole."""
    for other in candidates:
        if other is candidate or (candidate.path, MODULE) not in other.reached:
            continue
        own_start = any(scope in (MODULE, MAIN) for path, scope in candidate.reached if path == candidate.path)
        guarded = project.script(candidate.path).facts.has_main_guard
        if other.trainings[0].path == candidate.path and guarded and own_start:
            candidate.add(-2.0, f"{other.path} imports it and trains through it")
            return
