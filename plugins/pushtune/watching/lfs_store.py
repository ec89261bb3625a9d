"""Where objects of Git LFS are kept: those of a local remote, and a cache beside the mirror of each other one.

A cache belongs to one repository: what one may read is never given to another that only knows its name.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pushtune.watching.lfs_pointers import Pointer

TRIMMED_AFTER_SECONDS = 3600.0  # another run may be about to use it
_CHUNK_BYTES = 1024 * 1024


class WrongContent(Exception):
    """What was read is not the object: the text says how it differs."""


@dataclass(frozen=True)
class ObjectStore:
    """A folder of objects as git-lfs lays it out: ``aa/bb/<oid>``."""

    folder: Path

    def open(self, pointer: Pointer) -> BinaryIO | None:
        """Return the object's file, opened for reading, if it is there with the right size."""
        try:
            descriptor = os.open(self._file(pointer.oid), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != pointer.size_bytes:
            os.close(descriptor)
            return None
        return os.fdopen(descriptor, "rb")

    def keep(self, pointer: Pointer, chunks: Iterable[bytes]) -> None:
        """Put the object into the store, whole or not at all. Raises WrongContent."""
        target = self._file(pointer.oid)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_verified(pointer, chunks, target, target.parent)

    def touch(self, oid: str) -> None:
        """Note that the object was used now."""
        with contextlib.suppress(OSError):
            os.utime(self._file(oid))

    def remove(self, oid: str) -> None:
        """Remove the object, which is not what it should be."""
        self._file(oid).unlink(missing_ok=True)

    def trim(self, used: set[str], limit_bytes: int) -> None:
        """Remove leftovers, and the objects that were not used for longest until ``limit_bytes`` are left.

        Those in ``used`` stay, and those of the last hour.
        """
        entries = []
        for file in self.folder.glob("??/??/*"):
            with contextlib.suppress(OSError):
                facts = file.lstat()
                entries.append((facts.st_mtime, facts.st_size, file))
        total = sum(size for _, size, _ in entries)
        oldest_kept = time.time() - TRIMMED_AFTER_SECONDS
        for seconds, size, file in sorted(entries):
            leftover = len(file.name) != 64
            if seconds < oldest_kept and file.name not in used and (leftover or total > limit_bytes):
                file.unlink(missing_ok=True)
                total -= size

    def _file(self, oid: str) -> Path:
        return self.folder / oid[:2] / oid[2:4] / oid


def local_store(repository: Path) -> ObjectStore:
    """Return the objects of a repository of this machine: beside its refs, whether it is bare or not."""
    for folder in (repository / ".git", repository, repository.with_name(f"{repository.name}.git")):
        if (folder / "HEAD").is_file():
            return ObjectStore(folder / "lfs" / "objects")
    return ObjectStore(repository / "lfs" / "objects")


def read_pieces(stream: BinaryIO) -> Iterable[bytes]:
    """Return the content of ``stream``, piece by piece."""
    return iter(lambda: stream.read(_CHUNK_BYTES), b"")


def write_verified(pointer: Pointer, chunks: Iterable[bytes], target: Path, beside: Path) -> None:
    """Write ``chunks`` to ``target`` if they are the object; nothing is left in the folder ``beside`` otherwise.

    Raises:
        WrongContent: size or SHA-256 differ.
    """
    digest, total = hashlib.sha256(), 0
    descriptor, name = tempfile.mkstemp(prefix=".lfs-", dir=beside)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            for chunk in chunks:
                total += len(chunk)
                if total > pointer.size_bytes:
                    raise WrongContent(f"more than {pointer.size_bytes:,} bytes")
                digest.update(chunk)
                stream.write(chunk)
            if total != pointer.size_bytes:
                raise WrongContent(f"{total:,} bytes instead of {pointer.size_bytes:,}")
            if digest.hexdigest() != pointer.oid:
                raise WrongContent(f"another content, whose SHA-256 is {digest.hexdigest()[:12]}...")
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
