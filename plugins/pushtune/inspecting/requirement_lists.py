"""Reads the lists of requirements that a repository may hold; nothing of them is run or installed."""

import configparser
import re
import tomllib
from collections.abc import Callable
from typing import NamedTuple

from pushtune.inspecting.notebook import requirement_words
from pushtune.inspecting.requirement_line import LINE_LIMIT_CHARACTERS, parse_requirement

LINES_LIMIT = 400
INCLUDES_LIMIT = 20

_REQUIREMENTS_FILE = re.compile(
    r"(^|/)(requirements?[\w.-]*|[\w.-]*requirements?)\.(txt|in|pip)$|(^|/)requirements/[\w.-]+\.txt$", re.I
)
_DOCKERFILE = re.compile(r"(^|/)[\w.-]*dockerfile[\w.-]*$", re.I)
_INCLUDE = re.compile(r"(?:-r|--requirement)[\s=]*+([^\s#]++)\s*+(?:#.*)?$")
_INSTALL = re.compile(r"(?:pip[\d.]*|conda)[\"',\s]+install[\"',\s]+(.*)")
_ITEM = re.compile(r"(\s*)-\s+[\"']?([^\"'#\s:][^\"'#]*+)[\"']?\s*(#.*)?$")
_LITERAL = r"""(?:"[^"\n]*+"|'[^'\n]*+')"""
# Without the closing bracket in it: looking for that one from each of many beginnings takes the square of the length.
_INSTALL_REQUIRES = re.compile(rf"""install_requires\s*+=\s*+\[((?:[^\]"'#]++|#[^\n]*+|{_LITERAL})*+)""")
_LITERAL_OR_COMMENT = re.compile(rf"#[^\n]*+|({_LITERAL})")


class Listed(NamedTuple):
    """One entry of a list: its text, its line from 1 (0: not known), and whether it names a package of conda."""

    text: str
    line: int
    of_conda: bool = False


Reader = Callable[[str, str, list[str]], list[Listed]]


def reader_of(path: str, name: str) -> Reader | None:
    """Return what reads the file ``path``; None for what is no list of requirements.

    A reader takes the text, the path and a list for warnings; it returns what is listed, in that order.
    """
    if is_requirements_file(path):
        return read_requirements_file
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


def included(text: str) -> list[str]:
    """Return the paths that the lines ``-r PATH`` of a requirements file name, relative to its folder."""
    lines = (line[:LINE_LIMIT_CHARACTERS].strip() for line in text.split("\n")[:LINES_LIMIT])
    return [found.group(1) for line in lines if (found := _INCLUDE.match(line))][:INCLUDES_LIMIT]


def is_requirements_file(path: str) -> bool:
    """Return whether ``path`` is called a file of requirements, as pip reads them."""
    return _REQUIREMENTS_FILE.search(path) is not None


def read_requirements_file(text: str, path: str, warnings: list[str]) -> list[Listed]:
    found: list[Listed] = []
    other = 0
    for number, line in enumerate(text.split("\n")[:LINES_LIMIT], start=1):
        line = re.sub(r"(^|\s)#.*$", "", line).strip().rstrip("\\").strip()
        if not line or line.startswith("-"):
            continue
        if parse_requirement(line):
            found.append(Listed(line, number))
        else:
            other += 1
    if other > len(found):
        warnings.append(f"{path}: it is called a list of requirements and is none; it is not used")
        return []
    return found


def _read_dockerfile(text: str, path: str, warnings: list[str]) -> list[Listed]:
    found: list[Listed] = []
    joined = re.sub(r"\\[ \t]*\n", " \x01", text)
    number = 1
    for line in joined.split("\n"):
        if not line.lstrip().startswith("#"):
            for part in re.split(r"&&|;", line.replace("\x01", " ")):
                installed = _INSTALL.search(part)
                if installed:
                    words = requirement_words(re.sub(r"[\[\],](?=[\s\"'])", " ", installed.group(1)))
                    found.extend(Listed(word, number) for word in words)
        number += 1 + line.count("\x01")
    return found


def _read_pyproject(text: str, path: str, warnings: list[str]) -> list[Listed]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        warnings.append(f"{path}: it is no TOML; it is not used")
        return []
    project = document.get("project")
    names = project.get("dependencies", []) if isinstance(project, dict) else []
    tool = document.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    table = poetry.get("dependencies") if isinstance(poetry, dict) else None
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    names += _table_names(table)
    return _placed(text, names)


def _read_pipfile(text: str, path: str, warnings: list[str]) -> list[Listed]:
    try:
        table = tomllib.loads(text).get("packages")
    except (tomllib.TOMLDecodeError, RecursionError):
        warnings.append(f"{path}: it is no TOML; it is not used")
        return []
    return _placed(text, _table_names(table))


def _table_names(table: object) -> list[str]:
    names = []
    for name, value in table.items() if isinstance(table, dict) else ():
        version = value.get("version", "") if isinstance(value, dict) else value
        if name == "python" or not isinstance(version, str):
            continue
        names.append(name if version in ("", "*") else name + _caret(version))
    return names


def _caret(version: str) -> str:
    """Return Poetry's ``^1.2`` as ``>=1.2``; a bare version is meant in the same way, a prefix (``0.*``) as it is."""
    bare = version.lstrip("^~").strip()
    if version.startswith("~=") or not bare[:1].isdigit():
        return version
    return f"=={bare}" if bare.endswith(".*") else f">={bare}"


def _placed(text: str, names: list[str]) -> list[Listed]:
    """Return each name with the first line that holds it; 0 where none does."""
    words = [re.split(r"[\s<>=!~\[;]", name, maxsplit=1)[0] for name in names[:LINES_LIMIT]]
    lines = text.split("\n")
    places = (next((number for number, line in enumerate(lines, 1) if word and word in line), 0) for word in words)
    return list(map(Listed, names, places))


def _read_environment(text: str, path: str, warnings: list[str]) -> list[Listed]:
    """Read ``dependencies:`` of a conda environment: its items and those below ``pip:``. No YAML beyond that."""
    found: list[Listed] = []
    inside = False
    pip_indent = LINE_LIMIT_CHARACTERS  # of the item 'pip:'; what is indented deeper is listed for pip
    for number, line in enumerate(text.split("\n")[:LINES_LIMIT], start=1):
        line = line[:LINE_LIMIT_CHARACTERS]
        if re.match(r"\S", line) and not line.startswith(("-", "#")):
            inside = line.startswith("dependencies")
        item = _ITEM.match(line)
        if not (inside and item):
            continue
        indent, word = len(item.group(1)), item.group(2).strip()
        if word == "pip:":
            pip_indent = indent
        elif indent > pip_indent:
            found.append(Listed(word, number))
        else:
            pip_indent = LINE_LIMIT_CHARACTERS
            found.extend(_conda_item(word, number))
    return found


def _conda_item(word: str, number: int) -> list[Listed]:
    word = word.rpartition("::")[2]
    name, sign, rest = word.partition("=")
    if sign and not rest.startswith("=") and name[-1:] not in "<>!~":
        word = f"{name.strip()}=={rest.partition('=')[0].rstrip('.*')}.*"  # one sign of conda's means a prefix
    is_left_out = name.strip() in ("python", "pip", "cudatoolkit", "cudnn", "_libgcc_mutex")
    return [] if is_left_out else [Listed(word, number, of_conda=True)]


def _read_setup(text: str, path: str, warnings: list[str]) -> list[Listed]:
    """Read ``install_requires=[...]`` as text; ``setup.py`` is never run."""
    found = _INSTALL_REQUIRES.search(text)
    names = [item[1:-1] for item in _LITERAL_OR_COMMENT.findall(found.group(1)) if item] if found else []
    return _placed(text, names)


def _read_setup_cfg(text: str, path: str, warnings: list[str]) -> list[Listed]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
        names = parser.get("options", "install_requires", fallback="").split("\n")
    except configparser.Error:
        return []
    return _placed(text, [name for name in names if name.strip()])
