"""Literals that are paths: what the script reads and writes, and where the repository holds what it reads."""

import ast
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.path_kinds import path_kinds
from pushtune.inspecting.patterns import one_of
from pushtune.inspecting.project import Project
from pushtune.inspecting.repository_files import RepositoryFiles
from pushtune.inspecting.script_facts import Call, ScriptFacts

PATHS_LIMIT = 300
LENGTH_LIMIT_CHARACTERS = 300
_EXTENSION = re.compile(
    r"\."
    + one_of(
        "csv tsv txt json npy npz pkl pickle h5 hdf5 keras png jpe?g bmp gif xlsx? mat zip gz tar parquet data"
        " dat wav mp3 mp4"
        " avi xml ya?ml ckpt pb tflite joblib model bin weights arff feather db sqlite names train test log"
        " html tfrecords?"
        " ubyte"
    )
    + "$",
    re.I,
)
_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]")
_ABSOLUTE = re.compile(r"^(/[\w.@ -]+){2,}/?$|^~/|^/[\w.-]+/?$")
_RELATIVE = re.compile(r"^(\.{1,2}/)?[\w.@ ()-]+(/[\w.@ (){}%*:+=-]+)*/?$")
_NOT_A_PATH = re.compile(
    r"^(https?|ftp|gs|s3|file)://|^[\w-]+/[\w-]+;|^(application|text|image|audio|video|multipart)/|[<>|\n\t]"
    r"|^(/|\.|\./|\.\.|-)$|^\d+([./-]\d+)*$"
)


@dataclass(frozen=True)
class DataPath:
    """One literal.

    Attributes:
        literal: as written. file, line: where. kind: ``input`` or ``output``.
        exists: it is there as written, seen from the repository's root or from the script's folder.
        found_at: path in the repository that must be meant, where it is another one; None if nothing fits.
        lfs_pointer: what is there is a Git LFS pointer, not the data.
    """

    literal: str
    file: str
    line: int
    kind: str
    exists: bool
    found_at: str | None
    lfs_pointer: bool = False

    def problem(self) -> str | None:
        """Return what a person has to do about it before training; None if nothing."""
        place = f"{self.file}:{self.line}: {self.literal}"
        if self.lfs_pointer:
            return f"{place} is a Git LFS pointer: its content has to be fetched"
        if self.kind == "input" and not self.exists and self.found_at is None:
            return f"{place} is not in the repository: it has to be there before training starts, or to be downloaded"
        return None

    def as_document(self) -> dict[str, object]:
        """Return it as plain data."""
        return asdict(self)


def find_paths(project: Project, candidate: Candidate) -> list[DataPath]:
    """Return the paths that starting ``candidate`` reads and writes, in the order of the text."""
    found: dict[tuple[str, str], DataPath] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        facts = project.script(path).facts
        calls = [call for call in facts.calls if (path, call.scope) in candidate.reached]
        kinds = path_kinds(calls, [*facts.values, *facts.defaults, *_given(facts, calls)])
        for text, line, scope in facts.strings:
            if (path, scope) not in candidate.reached:
                continue
            kind = kinds.get((text, line))
            if (text, path) in found or len(found) >= PATHS_LIMIT or not _is_path(text, kind):
                continue
            found[(text, path)] = _located(project.files, text, path, line, kind or "input")
    return list(found.values())


def _given(facts: ScriptFacts, calls: list[Call]) -> Iterator[tuple[str, ast.expr]]:
    """Yield (parameter, argument) of the calls of functions and methods of the same file."""
    for call in calls:
        found = [call.name] if call.name in facts.parameters else facts.methods(call.method) if "." in call.name else []
        for scope in found:
            names = facts.parameters[scope]
            yield from zip(names[1:] if "." in scope else names, call.node.args, strict=False)
            yield from ((word.arg, word.value) for word in call.node.keywords if word.arg in names)


def _is_path(text: str, kind: str | None) -> bool:
    if kind == "shown" or not 0 < len(text.strip()) <= LENGTH_LIMIT_CHARACTERS or _NOT_A_PATH.search(text):
        return False
    if _WINDOWS.match(text) or text.startswith(("./", "../", "~/", ".\\", "..\\")):
        return True
    plain = text.replace("\\", "/")
    if _ABSOLUTE.match(plain):
        return kind is not None or plain.count("/") >= 2 or bool(_EXTENSION.search(plain))
    if not _RELATIVE.match(plain):
        return False
    if _EXTENSION.search(plain) and not plain.startswith("."):
        return True
    return kind is not None and "/" in plain and not plain.endswith("_")  # the rest of such a name is added later


def _located(files: RepositoryFiles, text: str, script: str, line: int, kind: str) -> DataPath:
    plain = text.replace("\\", "/").strip()
    folder = script.rpartition("/")[0]
    absolute = bool(_WINDOWS.match(plain)) or plain.startswith(("/", "~"))
    at = None
    if not absolute:
        places = (_joined(base, plain) for base in ("", folder))
        at = next((place for place in places if place is not None and _is_there(files, place)), None)
    exists = at is not None
    if not exists and kind == "input":
        at = _by_longest_tail(files, plain)
    found_at = at if at is not None and not (exists and at == _joined("", plain)) else None
    return DataPath(text, script, line, kind, exists, found_at, at is not None and files.is_lfs_pointer(at))


def _is_there(files: RepositoryFiles, place: str) -> bool:
    return place in files.sizes or place in files.folders


def _joined(base: str, relative: str) -> str | None:
    """Return the normalised path; None where it leaves the repository."""
    parts = base.split("/") if base else []
    for part in relative.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or None


def _by_longest_tail(files: RepositoryFiles, plain: str) -> str | None:
    """Return the one path of the repository that ends like ``plain``; the longest common tail wins."""
    parts = [part for part in plain.split("/") if part not in ("", ".", "..", "~") and not part.endswith(":")]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if _is_there(files, tail):
            return tail
        fits = files.ending_with(tail)
        if len(fits) == 1:
            return fits[0]
        if fits:
            return None
    return None
