"""The submodules of a commit, where the entry asks for them: with the bounds and the isolation of the commit itself.

``.gitmodules`` is hostile text. Nothing is ever kept under the names in it; of an entry only path and address count. An
address may not widen what the repository's own may reach: one of https leads to https alone, and credentials go
only to the host that they are meant for.
"""

import contextlib
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pushtune.errors import InvalidRepositoryUrl, SubmoduleRefused
from pushtune.watching.commit_files import FILES_LIMIT, measure, write_files
from pushtune.watching.credentials import Credentials
from pushtune.watching.git_command import GitFailed, run_git
from pushtune.watching.mirror import Mirror
from pushtune.watching.repository_url import check_url, redacted

SUBMODULES_LIMIT = 50
DEPTH_LIMIT = 3
_REMEDY = "Correct .gitmodules, or leave submodules out of the entry."

OpenMirror = Callable[[str, Credentials | None], Mirror]


@dataclass
class SubmoduleWriter:
    """Writes the submodules of one checkout.

    Attributes:
        tree: folder of the checkout. aside: folder for git's own files. open_mirror: address -> mirror.
        bytes_left, files_left: what may still be written, all submodules together.
        mirrors: path -> mirror of each submodule that was written.
    """

    tree: Path
    aside: Path
    open_mirror: OpenMirror
    bytes_left: int
    files_left: int = FILES_LIMIT
    written: int = 0
    mirrors: dict[str, Mirror] = field(default_factory=dict)
    _held: set[Path] = field(default_factory=set)

    def write(
        self, mirror: Mirror, commit: str, gitlinks: list[tuple[str, str]], folder: str = "", depth: int = 1
    ) -> None:
        """Write the submodules ``gitlinks`` (path, commit) of ``commit``, and theirs; ``mirror`` must be locked.

        Raises:
            SubmoduleRefused: the text says which and why. CheckoutRefused: too large.
            What Mirror.find_commit raises.
        """
        if not gitlinks:
            return
        if depth > DEPTH_LIMIT:
            raise _refused(f"Submodules may lie {DEPTH_LIMIT} deep.", gitlinks[0][0])
        addresses = _addresses(mirror, commit)
        with self._holding(mirror.folder):
            for path, wanted in gitlinks:
                self.written += 1
                if self.written > SUBMODULES_LIMIT:
                    raise _refused(f"A checkout may have {SUBMODULES_LIMIT} submodules.", path)
                if path not in addresses:
                    raise _refused("A submodule must have an address in .gitmodules.", path)
                self._write_one(mirror, submodule_url(mirror.url, addresses[path]), f"{folder}{path}", wanted, depth)

    def _write_one(self, parent: Mirror, url: str, path: str, wanted: str, depth: int) -> None:
        credentials = parent.credentials if _host(url) == _host(parent.url) else None
        mirror = self.open_mirror(url, credentials)
        with contextlib.nullcontext() if mirror.folder in self._held else mirror.locked():
            commit = mirror.find_commit(wanted)
            size = measure(mirror, commit, self.bytes_left, self.files_left)
            self.bytes_left -= size.total_bytes
            self.files_left -= size.files
            target = self._target(path)
            limit_bytes = self.bytes_left + size.total_bytes
            write_files(mirror, commit, self.aside / f"index-{self.written}", target, limit_bytes)
            self.mirrors[path] = mirror
            self.write(mirror, commit, size.submodules, f"{path}/", depth + 1)

    def _target(self, path: str) -> Path:
        """Return the folder of a submodule, made anew below ``tree``; no part of its path may be a link."""
        target = self.tree
        for part in path.split("/"):
            target = target / part
            if part in ("", ".", "..", ".git") or target.is_symlink() or target.is_file():
                raise _refused("The path of a submodule must be a folder of its own.", path)
            target.mkdir(exist_ok=True)
        return target

    @contextlib.contextmanager
    def _holding(self, folder: Path) -> Iterator[None]:
        """Remember that a mirror is locked: a repository that is its own submodule must not wait for itself."""
        mine = folder not in self._held
        self._held.add(folder)
        try:
            yield
        finally:
            if mine:
                self._held.discard(folder)


def submodule_url(parent: str, given: str) -> str:
    """Return the address of a submodule whose ``.gitmodules`` says ``given``, in the repository at ``parent``.

    >>> submodule_url("https://example.org/team/app.git", "../lib.git")
    'https://example.org/team/lib.git'
    >>> submodule_url("git@example.org:team/app.git", "../../other/lib")
    'git@example.org:other/lib'

    Raises:
        SubmoduleRefused: not an address, or one that the parent's kind of address may not lead to.
    """
    url = _resolved(parent, given) if given.startswith(("./", "../")) else given
    try:
        check_url(url)
    except InvalidRepositoryUrl as error:
        raise _refused(error.rule, given) from error
    kinds = _kind(parent), _kind(url)
    if kinds == ("file", "file") and not _is_beside(parent, url):
        raise _refused("The submodules of a local repository must lie beside it.", given)
    if kinds[1] not in _REACHABLE[kinds[0]] and _host(url) != _host(parent):
        raise _refused(f"A repository at {kinds[0]} may not lead to a submodule at {kinds[1]}.", given)
    return url


def _is_beside(parent: str, url: str) -> bool:
    """Return whether both are in the same folder: whoever may push to one must not read all others of this machine."""
    paths = [_path_of(address) for address in (parent, url)]
    folders = [posixpath.dirname(posixpath.normpath(path)) for path in paths]
    return folders[0] == folders[1] and ".." not in paths[1].split("/")


def _path_of(address: str) -> str:
    path = _split(address)[2]
    return "/" + (unquote(path) if "://" in address else path).lstrip("/")  # git decodes what may stand for ".."


def _resolved(parent: str, given: str) -> str:
    root, separator, path = _split(parent)
    parts = [part for part in path.split("/") if part]
    for part in given.split("/"):
        if part == "..":
            if not parts:
                raise _refused("The address of a submodule must lie below the host of its repository.", given)
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return root + separator + "/".join(parts)


def _split(url: str) -> tuple[str, str, str]:
    """Return (what stays, separator, path): relative addresses are resolved in the path alone."""
    if "://" in url:
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        return f"{scheme}://{host}", "/", path
    if url.startswith("/"):
        return "", "/", url
    host, _, path = url.partition(":")
    return host, ":", path


def _kind(url: str) -> str:
    if "://" in url:
        return urlsplit(url).scheme
    return "file" if url.startswith("/") else "ssh"


# http is for this machine alone (see repository_url), and leads to the same host at most.
_REACHABLE = {"https": {"https"}, "ssh": {"ssh", "https"}, "file": {"file", "https"}, "http": {"https"}}


def _host(url: str) -> str:
    """Return what credentials are meant for: kind and host with port, as programs that connect read them."""
    if "://" in url:
        parts = urlsplit(url)
        return f"{parts.scheme} {parts.hostname or ''}:{parts.port or ''}".removesuffix(":")
    return f"{_kind(url)} {_split(url)[0].rpartition('@')[2].lower()}"


def _addresses(mirror: Mirror, commit: str) -> dict[str, str]:
    """Return path -> address as ``.gitmodules`` of ``commit`` says; empty where there is none."""
    arguments = ["config", "--blob", f"{commit}:.gitmodules", "--no-includes", "-z", "--list"]
    try:
        output = run_git(arguments, git_folder=mirror.folder, timeout_seconds=mirror.timeout_seconds)
    except GitFailed:
        return {}
    entries: dict[str, dict[str, str]] = {}
    for record in output.decode("utf-8", "surrogateescape").split("\0"):
        key, _, value = record.partition("\n")
        section, _, name = key.rpartition(".")
        if section.startswith("submodule."):
            entries.setdefault(section, {})[name] = value
    return {entry["path"]: entry["url"] for entry in entries.values() if "path" in entry and "url" in entry}


def _refused(rule: str, received: str) -> SubmoduleRefused:
    shown = "".join(character if character.isprintable() else "?" for character in redacted(received))
    return SubmoduleRefused(rule, repr(shown[:200]), _REMEDY)
