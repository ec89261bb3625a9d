"""What has to be installed beside the image: from the repository's own lists, and from what the entry imports."""

import configparser
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field

from pushtune.inspecting.distributions import IMAGE_DISTRIBUTIONS, declared_distribution, distribution_of, normalized
from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.notebook import requirement_words
from pushtune.inspecting.patterns import words
from pushtune.inspecting.project import Project
from pushtune.inspecting.repository_files import RepositoryFiles
from pushtune.inspecting.source_text import decode

LINES_LIMIT = 400
DUMP_LINES = 25
DUMP_SHARE = 0.8

# Needed by other libraries at run time without an import: readers of files, drawers of graphs.
HELPERS = words(
    "openpyxl xlrd lxml html5lib tables pyarrow fastparquet pydot pydotplus graphviz ffmpeg-python soundfile"
)
# Tools of the author's desk: of no use in a training container.
TOOLS = words(
    "black flake8 pylint pytest pytest-cov mypy isort autopep8 yapf pre-commit tox bandit safety jupyter"
    " notebook jupyterlab"
    " ipykernel nbconvert sphinx twine build papermill dvc gunicorn uvicorn heroku coverage ruff"
)
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"^({_NAME})\s*(\[[\w\s,.-]*\])?\s*((?:(?:===?|~=|!=|<=?|>=?)\s*[\w.*+!-]+\s*,?\s*)*)\s*(;[^#]*)?(?:\s+#.*|\s+--.*)?$"
)
_REQUIREMENTS_FILE = re.compile(
    r"(^|/)(requirements?[\w.-]*|[\w.-]*requirements?)\.(txt|in|pip)$|(^|/)requirements/[\w.-]+\.txt$", re.I
)
_DOCKERFILE = re.compile(r"(^|/)[\w.-]*dockerfile[\w.-]*$", re.I)
_INSTALL = re.compile(r"(?:pip[\d.]*|conda)[\"',\s]+install[\"',\s]+(.*)")
_QUOTED = re.compile(r"[\"']([^\"'\n]+)[\"']")


@dataclass(frozen=True)
class Requirement:
    """Attributes: name (normalised), specifier (``==1.2`` or empty), and where it is written."""

    name: str
    specifier: str
    evidence: Evidence

    def as_line(self) -> str:
        """Return it as a line of a requirements file."""
        return self.name + self.specifier


@dataclass
class Requirements:
    """Attributes: needed (sorted by name), dropped pins of what the image brings, warnings."""

    needed: list[Requirement] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def parse_requirement(line: str) -> tuple[str, str] | None:
    """Return (normalised name, specifier) of one requirement line; None if it is none.

    Environment markers are left to the installer's defaults and dropped; an extra stays with the name.
    """
    found = _REQUIREMENT.match(line.strip())
    if found is None:
        return None
    name, extras, specifier, _ = found.groups()
    return normalized(name) + re.sub(r"\s", "", extras or ""), re.sub(r"\s", "", specifier or "").rstrip(",")


def find_requirements(project: Project, candidate: Candidate, family: str) -> Requirements:
    """Return what the image of ``family`` lacks for ``candidate``: only what is really imported or declared for it."""
    result = Requirements()
    present = IMAGE_DISTRIBUTIONS.get(family, frozenset())
    declared = _declared(project.files, candidate.path, result)
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        notebook = project.script(path).notebook
        for word, line in notebook.installs if notebook else ():
            text = project.script(path).line(line)
            _enter(declared, _meant(word), Evidence(path, line, text, "installed by a cell"))
    imported = _imported(project, candidate)
    declared = {name: item for name, item in declared.items() if name in imported or name not in TOOLS}
    needed = {**imported, **_without_dump(declared, imported, result)}
    for name in sorted(needed):
        item = needed[name]
        if name.partition("[")[0] in present:
            if item.specifier.startswith("=="):
                place = f"{item.evidence.file}:{item.evidence.line}"
                result.warnings.append(f"{place}: {item.as_line()} is not applied: the image brings its own {name}")
        else:
            result.needed.append(item)
    return result


def _without_dump(
    declared: dict[str, Requirement], imported: dict[str, Requirement], result: Requirements
) -> dict[str, Requirement]:
    """A long list of exact versions is the dump of an environment: only what is imported counts, with its version."""
    pinned = sum(item.specifier.startswith("==") for item in declared.values())
    if len(declared) < DUMP_LINES or pinned < DUMP_SHARE * len(declared):
        return declared
    kept = {name: item for name, item in declared.items() if name in imported or name in HELPERS}
    source = next(iter(declared.values())).evidence.file
    result.warnings.append(
        f"{source}: {len(declared)} exact versions are the dump of an environment: only the {len(kept)} that"
        f" are needed are used"
    )
    return kept


def _meant(text: str) -> tuple[str, str] | None:
    """Return (name, specifier) of a declared requirement, under the name that can be installed."""
    parsed = parse_requirement(text)
    name = declared_distribution(parsed[0]) if parsed else None
    return (name, parsed[1]) if parsed and name else None


def _enter(into: dict[str, Requirement], parsed: tuple[str, str] | None, evidence: Evidence) -> None:
    if parsed is not None and (parsed[0] not in into or (parsed[1] and not into[parsed[0]].specifier)):
        into[parsed[0]] = Requirement(parsed[0], parsed[1], evidence)


def _imported(project: Project, candidate: Candidate) -> dict[str, Requirement]:
    """Return what the entry and its modules import, without what the repository itself provides."""
    found: dict[str, Requirement] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        for item in script.facts.imports:
            name = distribution_of(item.module) if not item.module.startswith(".") else None
            if name is None or item.fallback or project.module_path(item.module, path) is not None:
                continue
            if (path, item.scope) in candidate.reached:
                _enter(found, (name, ""), Evidence(path, item.line, script.line(item.line), f"imports {item.module}"))
    return found


def _declared(files: RepositoryFiles, entry: str, result: Requirements) -> dict[str, Requirement]:
    """Return what the repository's own lists name; lists in the entry's folder or above count."""
    found: dict[str, Requirement] = {}
    for path in sorted(files.sizes, key=lambda name: (-name.count("/"), name)):
        folder, _, name = path.rpartition("/")
        if folder.endswith("requirements"):
            folder = folder.removesuffix("requirements").removesuffix("/")
        if folder and not entry.startswith(folder + "/"):
            continue
        reader = _reader_of(path, name)
        content = files.read(path) if reader is not None else None
        if reader is not None and content is not None:
            text = decode(content)[0]
            for requirement, line in reader(text, path, result):
                shown = text.split("\n")[line - 1].strip()[:200] if line else ""
                _enter(found, _meant(requirement), Evidence(path, line, shown, "declared"))
    return found


Reader = Callable[[str, str, Requirements], list[tuple[str, int]]]


def _reader_of(path: str, name: str) -> Reader | None:
    if _REQUIREMENTS_FILE.search(path):
        return _read_requirements
    if _DOCKERFILE.search(path):
        return _read_dockerfile
    return {
        "pyproject.toml": _read_pyproject,
        "Pipfile": _read_pipfile,
        "environment.yml": _read_environment,
        "environment.yaml": _read_environment,
        "conda.yaml": _read_environment,
        "setup.py": _read_setup,
        "setup.cfg": _read_setup_cfg,
    }.get(name)


def _read_requirements(text: str, path: str, result: Requirements) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    other = 0
    for number, line in enumerate(text.split("\n")[:LINES_LIMIT], start=1):
        line = re.sub(r"(^|\s)#.*$", "", line).strip().rstrip("\\").strip()
        if not line or line.startswith("-"):
            continue
        if parse_requirement(line):
            found.append((line, number))
        else:
            other += 1
    if other > len(found):
        result.warnings.append(f"{path}: it is called a list of requirements and is none; it is not used")
        return []
    return found


def _read_dockerfile(text: str, path: str, result: Requirements) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    joined = re.sub(r"\\[ \t]*\n", " \x01", text)
    number = 1
    for line in joined.split("\n"):
        if not line.lstrip().startswith("#"):
            for part in re.split(r"&&|;", line.replace("\x01", " ")):
                installed = _INSTALL.search(part)
                if installed:
                    words = requirement_words(re.sub(r"[\[\],](?=[\s\"'])", " ", installed.group(1)))
                    found.extend((word, number) for word in words)
        number += 1 + line.count("\x01")
    return found


def _read_pyproject(text: str, path: str, result: Requirements) -> list[tuple[str, int]]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        result.warnings.append(f"{path}: it is no TOML; it is not used")
        return []
    project = document.get("project")
    names = project.get("dependencies", []) if isinstance(project, dict) else []
    tool = document.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    table = poetry.get("dependencies") if isinstance(poetry, dict) else None
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    names += _table_names(table)
    return [(name, _line_of(text, name)) for name in names]


def _read_pipfile(text: str, path: str, result: Requirements) -> list[tuple[str, int]]:
    try:
        table = tomllib.loads(text).get("packages")
    except (tomllib.TOMLDecodeError, RecursionError):
        result.warnings.append(f"{path}: it is no TOML; it is not used")
        return []
    return [(name, _line_of(text, name)) for name in _table_names(table)]


def _table_names(table: object) -> list[str]:
    names = []
    for name, value in table.items() if isinstance(table, dict) else ():
        version = value.get("version", "") if isinstance(value, dict) else value
        if name == "python" or not isinstance(version, str):
            continue
        names.append(name if version in ("", "*") else name + _caret(version))
    return names


def _caret(version: str) -> str:
    """Return Poetry's ``^1.2`` as ``>=1.2``; a bare version is meant in the same way."""
    return f">={version.lstrip('^~')}" if version[0] in "^~0123456789" else version


def _line_of(text: str, name: str) -> int:
    word = re.split(r"[\s<>=!~\[;]", name, maxsplit=1)[0]
    return next((number for number, line in enumerate(text.split("\n"), start=1) if word and word in line), 0)


def _read_environment(text: str, path: str, result: Requirements) -> list[tuple[str, int]]:
    """Read ``dependencies:`` of a conda environment: its items and those below ``pip:``. No YAML beyond that."""
    found: list[tuple[str, int]] = []
    inside = False
    for number, line in enumerate(text.split("\n")[:LINES_LIMIT], start=1):
        if re.match(r"\S", line) and not line.startswith(("-", "#")):
            inside = line.startswith("dependencies")
        item = re.match(r"\s*-\s+[\"']?([^\"'#\s:][^\"'#]*?)[\"']?\s*(#.*)?$", line)
        if not (inside and item):
            continue
        word = item.group(1).strip()
        name, sign, rest = word.partition("=")
        if sign and not rest.startswith("=") and name[-1:] not in "<>!~":
            word = f"{name.strip()}=={rest.partition('=')[0]}"
        if name.strip().rpartition("::")[2] not in ("python", "pip", "cudatoolkit", "cudnn", "_libgcc_mutex"):
            found.append((word.rpartition("::")[2], number))
    return found


def _read_setup(text: str, path: str, result: Requirements) -> list[tuple[str, int]]:
    """Read ``install_requires=[...]`` as text; ``setup.py`` is never run."""
    found = re.search(r"install_requires\s*=\s*\[([^\]]*)\]", text)
    if found is None:
        return []
    return [(name, _line_of(text, name)) for name in _QUOTED.findall(found.group(1))]


def _read_setup_cfg(text: str, path: str, result: Requirements) -> list[tuple[str, int]]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
        names = parser.get("options", "install_requires", fallback="").split("\n")
    except configparser.Error:
        return []
    return [(name, _line_of(text, name)) for name in names if name.strip()]
