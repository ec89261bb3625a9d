"""The files of a checkout: listed and read without ever leaving the tree.

Everything here is hostile input. Symbolic links are not followed, special files are not opened, and number, size
and time are bounded, so that a hostile repository costs seconds and never shows a file that is not its own.
"""

import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

from pushtune.inspecting.patterns import words
from pushtune_contract.reading import UnsafeFile, read_bytes

FILE_LIMIT = 100_000
SCRIPT_LIMIT_BYTES = 500_000
NOTEBOOK_LIMIT_BYTES = 32_000_000
TEXT_LIMIT_BYTES = 256_000
DEPTH_LIMIT = 64
LFS_HEADER = b"version https://git-lfs.github.com/spec/"
LFS_LIMIT_BYTES = 1024

# Folders whose content is not the author's own code: environments, caches, vendored packages.
SKIPPED_FOLDERS = words(
    ".git .hg .svn .tox .nox .venv .env .idea .vscode .eggs .cache venv virtualenv __pycache__ .ipynb_checkpoints"
    " .pytest_cache .mypy_cache .dvc node_modules bower_components site-packages dist-packages __MACOSX"
)


@dataclass(frozen=True)
class Deadline:
    """A point in time after which no new work is begun (``time.monotonic`` seconds): what was found is the answer."""

    at_seconds: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline ``seconds`` from now."""
        return cls(time.monotonic() + seconds)

    def passed(self) -> bool:
        """Return whether the time is used up."""
        return time.monotonic() > self.at_seconds


@dataclass
class RepositoryFiles:
    """What lies in a checkout.

    Attributes:
        root: the folder. sizes: path relative to it, with forward slashes -> bytes, of regular files only.
        folders: relative paths of the folders. links: relative path of a symbolic link -> where it says it points.
        submodules: paths that ``.gitmodules`` names. truncated: why the listing stopped early; empty where it is whole.
        total_bytes: size of all listed files.
    """

    root: Path
    sizes: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    submodules: list[str] = field(default_factory=list)
    truncated: str = ""
    total_bytes: int = 0
    _by_name: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def read(self, path: str, limit_bytes: int = TEXT_LIMIT_BYTES) -> bytes | None:
        """Return the bytes of the listed file ``path``; None if it is too large, gone, or no longer a plain file."""
        if self.sizes.get(path, limit_bytes + 1) > limit_bytes or self._parent_is_link(path):
            return None
        try:
            return read_bytes(self.root / path, limit_bytes)
        except (OSError, UnsafeFile, ValueError):
            return None

    def _parent_is_link(self, path: str) -> bool:
        """A folder that was plain while listing may have become a link since; only then is it checked again."""
        return any(parent in self.links for parent in _parents(path))

    def ending_with(self, tail: str) -> list[str]:
        """Return the files and folders whose path ends in ``/tail``."""
        if not self._by_name:
            for path in (*self.sizes, *self.folders):
                self._by_name.setdefault(path.rpartition("/")[2], []).append(path)
        return [path for path in self._by_name.get(tail.rpartition("/")[2], ()) if f"/{path}".endswith(f"/{tail}")]

    def is_lfs_pointer(self, path: str) -> bool:
        """Return whether ``path`` is a Git LFS pointer file instead of the content it stands for."""
        if not 0 < self.sizes.get(path, 0) <= LFS_LIMIT_BYTES:
            return False
        content = self.read(path, LFS_LIMIT_BYTES)
        return content is not None and content.startswith(LFS_HEADER)


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def list_repository(root: Path, deadline: Deadline) -> RepositoryFiles:
    """Return the files below ``root``; limits end the listing early and say so in ``truncated``.

    Breadth first and in the order of names: what a limit cuts off lies deepest, and the answer does not depend on
    the order in which the file system lists a folder.
    """
    files = RepositoryFiles(root)
    level: list[str] = [""]
    depth = 0
    while level and not files.truncated:
        below: list[str] = []
        for folder in level:
            below.extend(_list_folder(files, folder))
            if files.truncated:
                break
            if deadline.passed():
                files.truncated = "the time for listing was used up"
                break
        level = below
        depth += 1
        if depth > DEPTH_LIMIT and level:
            files.truncated = f"folders are nested more than {DEPTH_LIMIT} deep"
    files.submodules = _submodules(files)
    return files


def _list_folder(files: RepositoryFiles, folder: str) -> list[str]:
    """Enter the files of ``folder``; return its subfolders, relative to the root, in the order of their names."""
    try:
        with os.scandir(files.root / folder if folder else files.root) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
    below = []
    prefix = f"{folder}/" if folder else ""
    for entry in listed:
        path = prefix + entry.name
        try:
            facts = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISLNK(facts.st_mode):
            files.links[path] = _link_target(entry.path)
        elif stat.S_ISDIR(facts.st_mode):
            files.folders.add(path)
            if not _is_skipped(entry.name, entry.path):
                below.append(path)
        elif stat.S_ISREG(facts.st_mode):
            _enter(files, path, facts.st_size)
        if files.truncated:
            break
    return below


def _is_skipped(name: str, path: str) -> bool:
    return name in SKIPPED_FOLDERS or name.endswith((".egg-info", ".dist-info")) or Path(path, "pyvenv.cfg").exists()


def _enter(files: RepositoryFiles, path: str, size_bytes: int) -> None:
    if len(files.sizes) >= FILE_LIMIT:
        files.truncated = f"it holds more than {FILE_LIMIT} files"
        return
    files.sizes[path] = size_bytes
    files.total_bytes += size_bytes


def _link_target(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _submodules(files: RepositoryFiles) -> list[str]:
    content = files.read(".gitmodules") if ".gitmodules" in files.sizes else None
    found = []
    for line in (content or b"").decode("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "path" and value.strip():
            found.append(value.strip())
    return found
