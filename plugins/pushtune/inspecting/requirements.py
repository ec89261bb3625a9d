"""What has to be installed beside the image: from the repository's own lists, and from what the entry imports."""

import posixpath
from dataclasses import dataclass, field, replace
from typing import Any

from pushtune.inspecting.distributions import IMAGE_DISTRIBUTIONS, declared_distribution, distribution_of
from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.patterns import words
from pushtune.inspecting.project import Project
from pushtune.inspecting.repository_files import RepositoryFiles
from pushtune.inspecting.requirement_line import is_for_image, is_version, parse_requirement
from pushtune.inspecting.requirement_lists import (
    LINES_LIMIT,
    Listed,
    Reader,
    included,
    is_requirements_file,
    read_requirements_file,
    reader_of,
)
from pushtune.inspecting.source_text import decode

FILES_LIMIT = 200
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
    " ipykernel ipython ipywidgets nbconvert sphinx twine build papermill dvc gunicorn uvicorn heroku coverage ruff"
)
# What hardly anyone asks for by itself: other distributions bring it. A list with several of them is a dump.
BROUGHT_LIMIT = 3
BROUGHT_BY_OTHERS = words(
    """
    annotated-types anyio appnope argon2-cffi argon2-cffi-bindings asgiref asttokens astor astunparse async-lru
    async-timeout attrs backcall backports-zoneinfo bleach blinker cachetools certifi cffi chardet charset-normalizer
    cloudpickle colorama comm contourpy cycler debugpy decorator defusedxml distlib entrypoints exceptiongroup executing
    fastjsonschema filelock fonttools frozenlist fsspec gitdb google-auth google-auth-oauthlib google-pasta
    greenlet h11 hpack httpcore hyperframe idna importlib-metadata importlib-resources iniconfig ipython-genutils
    itsdangerous jedi json5 jsonpointer jsonschema jsonschema-specifications jupyter-client jupyter-console jupyter-core
    jupyter-events jupyter-server jupyter-server-terminals jupyterlab-pygments jupyterlab-server jupyterlab-widgets
    kiwisolver llvmlite mako markdown-it-py markupsafe matplotlib-inline mdurl mistune mpmath mypy-extensions nbclient
    nbformat nest-asyncio oauthlib packaging pandocfilters parso pathspec pexpect pickleshare pkgutil-resolve-name
    platformdirs pluggy ply prometheus-client prompt-toolkit ptyprocess pure-eval py pyasn1 pyasn1-modules pycparser
    pydantic-core pygments pyparsing pyreadline pyrsistent python-dateutil pytz pytz-deprecation-shim pywin32
    pywin32-ctypes pywinpty pyzmq qtconsole qtpy querystring-parser referencing requests-oauthlib retrying
    rfc3339-validator rpds-py rsa send2trash shellingham smmap sniffio soupsieve stack-data starlette tenacity
    tensorboard-plugin-wit tensorboard-plugin-profile tensorflow-io-gcs-filesystem terminado testpath threadpoolctl
    tinycss2 toml tomli tornado
    traitlets tzdata tzlocal uc-micro-py uri-template urllib3 virtualenv wcwidth webcolors webencodings websocket-client
    widgetsnbextension win-inet-pton wincertstore zict zipp
    """
)


@dataclass(frozen=True)
class Requirement:
    """One distribution.

    Attributes:
        name: normalised. specifier: ``==1.2`` or empty. evidence: where it is written.
        is_imported: starting the entry imports it outside of a ``try``; everything else is of use at best.
        refused: versions that are written there, but that the installer does not take.
    """

    name: str
    specifier: str
    evidence: Evidence
    is_imported: bool = False
    refused: str = ""

    def as_line(self) -> str:
        """Return it as a line of a requirements file."""
        return self.name + self.specifier

    def as_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        place = {"file": self.evidence.file, "line_number": self.evidence.line}
        return {"line": self.as_line(), **place, "is_imported": self.is_imported}


@dataclass
class Requirements:
    """Attributes: needed (sorted by name), dropped pins of what the image brings, warnings."""

    needed: list[Requirement] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_requirements(project: Project, candidate: Candidate, family: str) -> Requirements:
    """Return what the image of ``family`` lacks for ``candidate``: only what is really imported or declared for it."""
    result = Requirements()
    present = IMAGE_DISTRIBUTIONS.get(family, frozenset())
    declared = _declared(project.files, candidate.path, result)
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        notebook = project.script(path).notebook
        for word, line in notebook.installs[:LINES_LIMIT] if notebook else ():
            text = project.script(path).line(line)
            _enter(declared, _meant(Listed(word, line), Evidence(path, line, text, "installed by a cell")))
    imported = _imported(project, candidate)
    declared = _without_dump(declared, imported, result)
    brought = BROUGHT_BY_OTHERS & declared.keys() - imported.keys()
    left_out = TOOLS | brought if len(brought) >= BROUGHT_LIMIT else TOOLS
    declared = {name: item for name, item in declared.items() if name in imported or name not in left_out}
    needed = {**imported, **declared}
    needed = {name: replace(item, is_imported=_is_imported(imported, name)) for name, item in needed.items()}
    for name in sorted(needed):
        item = needed[name]
        place = f"{item.evidence.file}:{item.evidence.line}"
        if name.partition("[")[0] in present:
            if item.specifier.startswith("=="):
                result.warnings.append(f"{place}: {item.as_line()} is not applied: the image brings its own {name}")
        else:
            result.needed.append(item)
            if item.refused:
                result.warnings.append(f"{place}: {item.refused} is no version that pip takes: any {name} will do")
    return result


def _is_imported(imported: dict[str, Requirement], name: str) -> bool:
    found = imported.get(name.partition("[")[0])
    return found is not None and found.is_imported


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


def _meant(listed: Listed, evidence: Evidence) -> Requirement | None:
    """Return what is declared, under the name that can be installed; None for what is none or not for the images."""
    parsed = parse_requirement(listed.text)
    name = declared_distribution(parsed[0], listed.of_conda) if parsed else None
    if parsed is None or name is None or not is_for_image(listed.text):
        return None
    if is_version(parsed[1]):
        return Requirement(name, parsed[1], evidence)
    return Requirement(name, "", evidence, refused=parsed[1])


def _enter(into: dict[str, Requirement], item: Requirement | None) -> None:
    if item is None:
        return
    known = into.get(item.name)
    if known is None or (item.specifier and not known.specifier) or (item.is_imported and not known.is_imported):
        into[item.name] = item


def _imported(project: Project, candidate: Candidate) -> dict[str, Requirement]:
    """Return what the entry and its modules import, without what the repository itself provides."""
    found: dict[str, Requirement] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        for item in script.facts.imports:
            name = distribution_of(item.module) if not item.module.startswith(".") else None
            if name is None or item.fallback or project.provides(item.module, path):
                continue
            if (path, item.scope) in candidate.reached:
                evidence = Evidence(path, item.line, script.line(item.line), f"imports {item.module}")
                _enter(found, Requirement(name, "", evidence, is_imported=not item.guarded))
    return found


def _declared(files: RepositoryFiles, entry: str, result: Requirements) -> dict[str, Requirement]:
    """Return what the repository's own lists name; lists in the entry's folder or above count, and what they include.

    Only files of the repository are listed, and none is read twice: no link is followed, and no circle.
    """
    found: dict[str, Requirement] = {}
    read: set[str] = set()
    for path in sorted(files.sizes, key=lambda name: (-name.count("/"), name)):
        folder, _, name = path.rpartition("/")
        if folder.endswith("requirements"):
            folder = folder.removesuffix("requirements").removesuffix("/")
        reader = reader_of(path, name) if not folder or entry.startswith(folder + "/") else None
        if reader is None:
            continue
        waiting = [path]
        while waiting:
            current = waiting.pop(0)
            if current not in read and len(read) < FILES_LIMIT:
                read.add(current)
                text = _enter_list(files, current, reader, found, result)
                if is_requirements_file(path):
                    above = current.rpartition("/")[0]
                    waiting += [posixpath.normpath(posixpath.join(above, target)) for target in included(text)]
                    reader = read_requirements_file  # whatever the included file is called
    return found


def _enter_list(
    files: RepositoryFiles, path: str, reader: Reader, found: dict[str, Requirement], result: Requirements
) -> str:
    """Enter what the list ``path`` names; return its text."""
    content = files.read(path)
    text = "" if content is None else decode(content)[0]
    lines = text.split("\n")
    for listed in reader(text, path, result.warnings)[:LINES_LIMIT]:
        shown = lines[listed.line - 1].strip()[:200] if listed.line else ""
        _enter(found, _meant(listed, Evidence(path, listed.line, shown, "declared")))
    return text
