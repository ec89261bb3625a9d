"""Which scripts the repository itself runs: its Dockerfile, Makefile, Jenkinsfile, shell scripts and README."""

import re
import shlex
from dataclasses import dataclass, field
from urllib.parse import unquote

from pushtune.inspecting.repository_files import Deadline, RepositoryFiles
from pushtune.inspecting.source_text import decode

FILES_LIMIT = 200
LINE_LIMIT_CHARACTERS = 2000

# File name -> how much it says about what is run (points), most telling first.
_SOURCES = (
    (re.compile(r"(^|/)(pushtune\.ya?ml)$"), 0.0),
    (re.compile(r"(^|/)([\w.-]*dockerfile[\w.-]*)$", re.I), 12.0),
    (re.compile(r"(^|/)(jenkinsfile[\w.-]*|[\w.-]*\.(jenkinsfile|groovy))$", re.I), 9.0),
    (re.compile(r"(^|/)(dvc\.yaml|MLproject|docker-compose[\w.-]*\.ya?ml|compose\.ya?ml)$"), 9.0),
    (re.compile(r"(^|/)(makefile|justfile|tasks\.py)$", re.I), 9.0),
    (re.compile(r"\.(sh|bash|bat|cmd|ps1|sbatch|slurm|pbs)$", re.I), 8.0),
    (re.compile(r"(^|/)(\.travis\.yml|\.gitlab-ci\.yml|azure-pipelines\.yml|\.circleci/config\.yml)$"), 6.0),
    (re.compile(r"^\.github/workflows/[^/]+\.ya?ml$"), 6.0),
    (re.compile(r"(^|/)readme[\w.-]*$", re.I), 10.0),
    (re.compile(r"(^|/)(usage|install|getting[_-]started|quickstart|how[_-]?to[\w-]*)\.(md|txt|rst)$", re.I), 5.0),
)  # fmt: skip
_PYTHON = re.compile(
    r"(?:^|[\s\"'`(=\[;&|>/\\$!])(?:python[\d.]*|ipython3?|py|papermill|runipy|accelerate"
    r" launch|python[\d.]*\.exe)[\"']?,?\s+"
    r"((?:-[uBOWsSE]\w*[\"']?,?\s+)*)[\"']?(-m\s*[\"']?,?\s*[\"']?)?((?:[^\s\"'`;&|<>(),\[\]]|\\"
    r" )+)[\"']?([^\n`;&|]*)"
)
_NBCONVERT = re.compile(r"nbconvert\b[^\n]*?\s([^\s\"'`]+\.ipynb)")
_PATH = re.compile(r"[\w./%-]++")
_SCRIPT_ENDING = re.compile(r"\.(?:py|ipynb)\b")
_DIRECT = re.compile(r"(?:^|[\s\"'`;&])\./([\w./-]+\.py)\b([^\n`;&|]*)")


@dataclass(frozen=True)
class RunCommand:
    """One place that runs a script: ``target`` as written, ``arguments`` after it, and what it weighs."""

    target: str
    arguments: tuple[str, ...]
    file: str
    line: int
    text: str
    points: float


@dataclass
class RunCommands:
    """Attributes: commands in the order found; mentions: file name -> (file, line, text) of a README that names it."""

    commands: list[RunCommand] = field(default_factory=list)
    mentions: dict[str, tuple[str, int, str]] = field(default_factory=dict)

    def of(self, path: str) -> list[RunCommand]:
        """Return the commands that run ``path``, most telling first."""
        fits = [command for command in self.commands if _means(command, path)]
        return sorted(fits, key=lambda command: -command.points)


def _means(command: RunCommand, path: str) -> bool:
    target = command.target.replace("\\", "/").lstrip("./")
    if not target:
        return False
    if path == target or path.endswith("/" + target):
        return True
    name = target.rpartition("/")[2]
    return "/" in target and path.rpartition("/")[2] == name and path.count("/") < target.count("/")


def find_run_commands(files: RepositoryFiles, deadline: Deadline) -> RunCommands:
    """Return what the repository's own files run."""
    found = RunCommands()
    sources = [(path, points) for path in files.sizes if (points := _points(path)) is not None]
    for path, points in sorted(sources, key=lambda item: (item[0].count("/"), item[0]))[:FILES_LIMIT]:
        if deadline.passed():
            break
        content = files.read(path)
        if content is not None:
            _read(found, path, points, decode(content)[0])
    return found


def _points(path: str) -> float | None:
    return next((points for pattern, points in _SOURCES if pattern.search(path)), None)


def _read(found: RunCommands, path: str, points: float, text: str) -> None:
    is_readme = "readme" in path.lower()
    for number, line in enumerate(text.split("\n"), start=1):
        line = line[:LINE_LIMIT_CHARACTERS]
        if ".py" not in line and "-m" not in line and ".ipynb" not in line:
            continue
        if not is_readme and line.lstrip().startswith(("#", "//", "REM ", "::")):
            continue
        weight = points + (4.0 if re.match(r"\s*(CMD|ENTRYPOINT)\b", line) else 0.0)
        found.commands.extend(_commands_in(line, path, number, weight, is_prose=is_readme))
        if is_readme:
            for name in _script_names(line):
                found.mentions.setdefault(name.rpartition("/")[2], (path, number, line.strip()[:200]))


def _script_names(line: str) -> list[str]:
    """Return the names of scripts in ``line``; in a link, ``%20`` stands for a blank in the name of a file."""
    names = []
    for path in _PATH.findall(line):
        ends = [found.end() for found in _SCRIPT_ENDING.finditer(path)]
        if ends:
            name = path[: ends[-1]]
            names.append(unquote(name) if "%20" in name else name.rpartition("%")[2])
    return names


def _commands_in(line: str, path: str, number: int, points: float, is_prose: bool) -> list[RunCommand]:
    commands = []
    text = line.strip()[:200]
    if re.match(r"\s*(?:CMD|ENTRYPOINT|RUN)\s*\[", line):  # the form of Docker without a shell
        line = " " + " ".join(re.findall(r"\"([^\"]*)\"", line))
    for match in _PYTHON.finditer(line):
        _, is_module, target, rest = match.groups()
        if is_module:
            target = target.replace(".", "/") + ".py"
        elif not target.endswith((".py", ".ipynb")):
            continue
        commands.append(RunCommand(target.replace("\\ ", " "), _arguments(rest, is_prose), path, number, text, points))
    for match in _NBCONVERT.finditer(line):
        commands.append(RunCommand(match.group(1), (), path, number, text, points))
    for match in _DIRECT.finditer(line):
        commands.append(RunCommand(match.group(1), _arguments(match.group(2), is_prose), path, number, text, points))
    return commands


def _arguments(rest: str, is_prose: bool) -> tuple[str, ...]:
    """Return the arguments after the script; empty where they are placeholders, or words of a sentence."""
    rest = re.split(r"\s\d?>", rest, maxsplit=1)[0]
    rest = rest.strip().strip("\"'],").replace('", "', " ").replace('","', " ")
    if any(sign in rest for sign in "$<>{}[]*`") or (is_prose and not rest.startswith("-")):
        return ()
    try:
        words = shlex.split(rest)
    except ValueError:
        return ()
    return tuple(words) if len(words) <= 40 else ()
