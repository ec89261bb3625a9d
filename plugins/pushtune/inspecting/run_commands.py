"""Which scripts the repository itself runs: its Dockerfile, Makefile, Jenkinsfile, shell scripts and README."""

import json
import re
import shlex
from dataclasses import dataclass, field
from urllib.parse import unquote

from pushtune.inspecting.command_arguments import arguments_in
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
_FENCE = re.compile(r"\s*(?:```+[^`]*|~~~+.*)$")  # one that closes on its own line is inline code
_COMMAND_LINE = re.compile(  # in a text, outside of a fence: it begins with a prompt, or has options and no sentence
    r"\s*(?:<\w+>\s*)?(?:[$>%#]\s+)?(?:\w+=\S+\s+)*+(?:python[\d.]*\s|\./)[^-\n]*?\.py\s+(?:-|$)|\s*[$>%]\s"
)
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
    name = path.rpartition("/")[2].lower()
    is_readme = "readme" in name
    is_text = is_readme or name.endswith((".md", ".rst", ".txt"))
    lines = _logical_lines(text)
    if "dockerfile" in name:
        lines = _with_arguments_of_cmd(lines)
    is_fenced = False
    for number, line in lines:
        if is_text and _FENCE.match(line):
            is_fenced = not is_fenced
        if ".py" not in line and "-m" not in line and ".ipynb" not in line:
            continue
        is_code = not is_text or is_fenced
        if is_code and line.lstrip().startswith(("#", "//", "REM ", "::")):
            continue
        weight = points + (4.0 if re.match(r"\s*(CMD|ENTRYPOINT)\b", line) else 0.0)
        is_prose = not is_code and not _COMMAND_LINE.match(line)
        found.commands.extend(_commands_in(line, path, number, weight, is_text, is_prose))
        if is_readme:
            for script in _script_names(line):
                found.mentions.setdefault(script.rpartition("/")[2], (path, number, line.strip()[:200]))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Return (number of its first line, text) of each line, those that a backslash continues in one."""
    lines = []
    number = 1
    for line in re.sub(r"\\[ \t]*\n", "\x01", text.replace("\x01", " ")).split("\n"):
        lines.append((number, line.replace("\x01", " ")[:LINE_LIMIT_CHARACTERS]))
        number += 1 + line.count("\x01")
    return lines


def _with_arguments_of_cmd(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the lines of a Dockerfile, the words of its last CMD behind those of its ENTRYPOINT, as Docker does it."""
    entrypoint = command = None
    for index, (_, line) in enumerate(lines):
        instruction = "".join(line.split(maxsplit=1)[:1]).upper()
        if instruction == "FROM":
            entrypoint = command = None
        elif instruction == "ENTRYPOINT":
            entrypoint = index
        elif instruction == "CMD":
            command = index
    if entrypoint is None or command is None:
        return lines
    number, line = lines[entrypoint]
    words = [_exec_words(line), _exec_words(lines[command][1])]
    if words[0] is None or words[1] is None:
        return lines
    whole = (number, f"ENTRYPOINT {json.dumps(words[0] + words[1])}")
    return [whole if index == entrypoint else item for index, item in enumerate(lines) if index != command]


def _exec_words(line: str) -> list[str] | None:
    """Return the words of an instruction in Docker's form without a shell; None where it is in another."""
    try:
        words = json.loads(line.split(maxsplit=1)[1])
    except (ValueError, IndexError, RecursionError):
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def _script_names(line: str) -> list[str]:
    """Return the names of scripts in ``line``; in a link, ``%20`` stands for a blank in the name of a file."""
    names = []
    for path in _PATH.findall(line):
        ends = [found.end() for found in _SCRIPT_ENDING.finditer(path)]
        if ends:
            name = path[: ends[-1]]
            names.append(unquote(name) if "%20" in name else name.rpartition("%")[2])
    return names


def _commands_in(
    line: str, path: str, number: int, points: float, is_text: bool, is_prose: bool
) -> list[RunCommand]:
    commands = []
    text = line.strip()[:200]
    if re.match(r"\s*(?:CMD|ENTRYPOINT|RUN)\s*\[", line):
        words = _exec_words(line.strip()) or re.findall(r"\"([^\"]*)\"", line)
        line = " " + " ".join(
            shlex.quote(word) if " " in word and before != "-c" else word
            for before, word in zip(["", *words], words, strict=False)
        )

    def entered(target: str, rest: str, start: int) -> None:
        is_quoted = line.count("`", 0, start) % 2 == 1
        arguments = arguments_in(rest, is_text, is_prose and not is_quoted)
        commands.append(RunCommand(target, arguments, path, number, text, points))

    for match in _PYTHON.finditer(line):
        _, is_module, target, rest = match.groups()
        if is_module:
            entered(target.replace(".", "/") + ".py", rest, match.start(3))
        elif target.endswith((".py", ".ipynb")):
            entered(target.replace("\\ ", " "), rest, match.start(3))
    for match in _NBCONVERT.finditer(line):
        entered(match.group(1), "", match.start(1))
    for match in _DIRECT.finditer(line):
        entered(match.group(1), match.group(2), match.start(1))
    return commands
