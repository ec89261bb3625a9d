"""Puts the objects of Git LFS into a checkout, in the place of the pointers that stand for them.

Three ways, as the repository's entry says: ``lfs: true`` fails where one cannot be had, ``lfs: false`` never asks, and
without the field whatever can be had is fetched, and what cannot stays a pointer that is named in a warning.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pushtune.errors import DiskAlmostFull, LfsRefused, PushtuneError, RepositoryUnreachable, UnusablePush
from pushtune.settings import Settings
from pushtune.watching.lfs_http import LfsHttp
from pushtune.watching.lfs_pointers import Pointer, find_pointers
from pushtune.watching.lfs_server import (
    ATTEMPT_PAUSE_SECONDS,
    ATTEMPTS,
    BATCH_OBJECTS,
    Download,
    LfsServer,
    lfs_url,
    named,
    read_chunks,
    refused,
)
from pushtune.watching.lfs_ssh import authenticate
from pushtune.watching.lfs_store import ObjectStore, WrongContent, local_store, read_pieces, write_verified
from pushtune.watching.mirror import Mirror

LISTED_PATHS = 200
_READ_AHEAD_BYTES = 512 * 1024


@dataclass
class LfsFacts:
    """What became of the pointers of a checkout.

    Attributes:
        files, bytes: how many now have their content, and how large they are.
        downloaded_bytes: what came from a server.
        left: the paths that are still pointers. reason: why, of the first.
    """

    files: int = 0
    bytes: int = 0
    downloaded_bytes: int = 0
    left: list[str] = field(default_factory=list)
    reason: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return JSON data; at most 200 paths."""
        return {**vars(self), "left": self.left[:LISTED_PATHS], "left_files": len(self.left)}


def fetch_objects(tree: Path, mirrors: Mapping[str, Mirror], settings: Settings, required: bool) -> dict[str, Any]:
    """Replace the pointers below ``tree`` by what they stand for.

    Args:
        mirrors: folder within the tree -> mirror of the repository that it is from; ``""`` is the repository itself.
        required: whether to raise where an object cannot be had; else it is noted.

    Returns:
        JSON data, see LfsFacts.

    Raises:
        LfsRefused, AuthenticationRefused, RepositoryUnreachable: only where ``required``. DiskAlmostFull: may pass.
    """
    facts = LfsFacts()
    pointers = find_pointers(tree)
    try:
        _require_size(pointers, settings)
    except LfsRefused as error:
        if required:
            raise
        return LfsFacts(left=[pointer.shown for pointer in pointers], reason=str(error)).as_document()
    _require_space(tree, pointers, settings)
    deadline = time.monotonic() + settings.lfs_timeout_seconds
    for mirror, group in _by_mirror(tree, pointers, mirrors):
        fetcher = _Fetcher(mirror, settings, deadline, required, facts)
        fetcher.fetch(group)
    return facts.as_document()


class _Fetcher:
    """Fetches the objects of one repository."""

    def __init__(self, mirror: Mirror, settings: Settings, deadline: float, required: bool, facts: LfsFacts) -> None:
        self.mirror, self.facts, self.required = mirror, facts, required
        self.limit_bytes = settings.lfs_limit_bytes
        self.deadline = deadline
        self.server: LfsServer | None = None
        path = _local_path(mirror.url)
        self.remote = path is None
        self._placed: set[str] = set()
        self.store = local_store(path) if path else ObjectStore(mirror.folder / "lfs" / "objects")

    def fetch(self, pointers: list[Pointer]) -> None:
        wanted: dict[str, list[Pointer]] = {}
        for pointer in pointers:
            wanted.setdefault(pointer.oid, []).append(pointer)
        missing = [group for group in wanted.values() if not self._place(group)]
        for start in range(0, len(missing), BATCH_OBJECTS):
            batch = missing[start : start + BATCH_OBJECTS]
            try:
                self._fetch_batch(batch)
            except UnusablePush as error:
                self._leave([pointer for group in batch for pointer in group], error)
            except RepositoryUnreachable as error:
                self._leave([pointer for group in missing[start:] for pointer in self._not_placed(group)], error)
                break  # every further one would be waited for as long
        if self.remote:
            self.store.trim(set(wanted), self.limit_bytes)

    def _fetch_batch(self, batch: list[list[Pointer]]) -> None:
        places = self._places([group[0] for group in batch])
        for group in batch:
            try:
                self._fetch_one(group, places.get(group[0].oid, "the server says nothing about it"))
            except UnusablePush as error:
                self._leave(group, error)

    def _places(self, pointers: list[Pointer]) -> dict[str, Download | str]:
        if not self.remote:
            return {pointer.oid: f"no such object in {self.store.folder}" for pointer in pointers}
        if self.server is None:
            self.server = self._find_server()
        return self.server.ask(pointers)

    def _find_server(self) -> LfsServer:
        mirror = self.mirror
        if mirror.url.startswith(("https://", "http://")):
            return LfsServer(LfsHttp(mirror.url, mirror.credentials, self.deadline), lfs_url(mirror.url))
        access = authenticate(mirror)
        return LfsServer(LfsHttp(access.href, None, self.deadline), access.href.rstrip("/"), access.headers)

    def _fetch_one(self, group: list[Pointer], place: Download | str) -> None:
        pointer = group[0]
        if isinstance(place, str) or self.server is None:
            raise refused(pointer, str(place))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._download(self.server, pointer, place)
                break
            except RepositoryUnreachable:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(min(ATTEMPT_PAUSE_SECONDS * attempt, self.server.http.seconds_left()))
        if not self._place(group):
            raise refused(pointer, "it vanished from the cache")

    def _download(self, server: LfsServer, pointer: Pointer, place: Download) -> None:
        answer = server.open(place, pointer)
        try:
            self.store.keep(pointer, read_chunks(server.http, answer, pointer.size_bytes + _READ_AHEAD_BYTES))
        except WrongContent as error:
            raise refused(pointer, f"the server sent {error}") from error
        finally:
            answer.close()
        self.facts.downloaded_bytes += pointer.size_bytes

    def _place(self, group: list[Pointer]) -> bool:
        """Write the object into the checkout, wherever it belongs; return whether it was there."""
        for pointer in group:
            stream = self.store.open(pointer)
            if stream is None:
                return False
            mode = pointer.file.lstat().st_mode & 0o777
            try:
                with stream:
                    write_verified(pointer, read_pieces(stream), pointer.file, pointer.file.parent)
            except WrongContent:
                if self.remote:
                    self.store.remove(pointer.oid)
                return False
            pointer.file.chmod(mode)
            self.facts.files += 1
            self.facts.bytes += pointer.size_bytes
        if self.remote:
            self.store.touch(group[0].oid)
        self._placed.add(group[0].oid)
        return True

    def _not_placed(self, group: list[Pointer]) -> list[Pointer]:
        return [] if group[0].oid in self._placed else group

    def _leave(self, pointers: list[Pointer], error: PushtuneError) -> None:
        if self.required:
            raise error
        self.facts.reason = self.facts.reason or str(error)
        self.facts.left += [pointer.shown for pointer in pointers]


def _by_mirror(
    tree: Path, pointers: list[Pointer], mirrors: Mapping[str, Mirror]
) -> list[tuple[Mirror, list[Pointer]]]:
    """Return the pointers of each repository: those in a submodule are that one's."""
    groups: dict[str, list[Pointer]] = {}
    folders = sorted(mirrors, key=len, reverse=True)
    for pointer in pointers:
        place = pointer.file.parent
        folder = next(name for name in folders if place.is_relative_to(tree / name))
        groups.setdefault(folder, []).append(pointer)
    return [(mirrors[folder], group) for folder, group in groups.items()]


def _require_size(pointers: list[Pointer], settings: Settings) -> None:
    total = sum(pointer.size_bytes for pointer in pointers)
    if total > settings.lfs_limit_bytes:
        largest = max(pointers, key=lambda pointer: pointer.size_bytes)
        raise LfsRefused(
            f"The files that a commit keeps in Git LFS must be at most {settings.lfs_limit_bytes:,} bytes together.",
            f"{total:,} in {len(pointers)} files; the largest is {named(largest)}",
            "Raise PUSHTUNE_LFS_LIMIT_BYTES, keep the data out of the repository (data_folder mounts it), or set "
            "'lfs: false' in the repository's entry to train without it.",
        )


def _require_space(tree: Path, pointers: list[Pointer], settings: Settings) -> None:
    needed = 2 * sum(pointer.size_bytes for pointer in pointers)  # once in the cache, once in the checkout
    free = shutil.disk_usage(tree).free
    if needed and free - needed < settings.disk_reserve_bytes:
        raise DiskAlmostFull(
            f"{settings.disk_reserve_bytes:,} bytes must stay free on the disk of the checkout.",
            f"{free:,} free, and {needed:,} needed for the objects of Git LFS",
            "Free some space: trigger the DAG clean_up; PUSHTUNE_DISK_RESERVE_BYTES sets the reserve.",
        )


def _local_path(url: str) -> Path | None:
    if url.startswith("/"):
        return Path(url)
    return Path(unquote(urlsplit(url).path)) if url.startswith("file:") else None
