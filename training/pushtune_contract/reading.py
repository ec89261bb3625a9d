"""Reads files that untrusted code may have written: regular files only, bounded in size, strict JSON.

A trial can put anything at the place of a document: a symbolic link to a secret, a pipe that never ends,
a gigabyte of brackets. Every reader of a trial's folder goes through this module.
"""

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any, Iterator, Tuple, Union

DOCUMENT_LIMIT_BYTES = 4 * 1024 * 1024
PROGRESS_LIMIT_BYTES = 16 * 1024 * 1024
LINE_LIMIT_BYTES = 64 * 1024

PathLike = Union[str, Path]


class UnsafeFile(ValueError):
    """A file is not what the contract allows at its place: wrong kind, too large, or not JSON."""


def read_bytes(path: PathLike, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> bytes:
    """Return the content of the regular file ``path``, following no link in its last component.

    Raises:
        FileNotFoundError: nothing is there.
        UnsafeFile: a link, a device, a pipe or a folder is there, or more than ``limit_bytes``.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnsafeFile(
            f"{Path(path).name} must be a plain file, but it cannot be opened: {error.strerror}"
        ) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnsafeFile(f"{Path(path).name} must be a plain file, but it is something else")
    with os.fdopen(handle, "rb") as stream:
        content = stream.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise UnsafeFile(f"{Path(path).name} must hold at most {limit_bytes} bytes, but it is larger")
    return content


def read_json(path: PathLike, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> Any:
    """Return the JSON document in ``path``; NaN and infinities are refused. Raises as ``read_bytes`` does."""
    return parse_json(read_bytes(path, limit_bytes), Path(path).name)


def parse_json(content: bytes, name: str) -> Any:
    """Return the document in ``content``; ``name`` appears in the error text. Raises UnsafeFile."""
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnsafeFile(f"{name} must be a JSON document, but it is not: {str(error)[:200]}") from error


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def read_json_lines(path: PathLike, limit_bytes: int = PROGRESS_LIMIT_BYTES) -> Iterator[Any]:
    """Yield the documents of a file with one JSON document per line.

    The last line is left out while its newline is missing (it is still being written), and lines that are
    too long or not JSON are left out as well: one bad line does not hide the others.
    A missing file yields nothing. Raises UnsafeFile for anything but a plain file within the limit.
    """
    try:
        content = read_bytes(path, limit_bytes)
    except FileNotFoundError:
        return
    for line in content.split(b"\n")[:-1]:
        if 0 < len(line) <= LINE_LIMIT_BYTES:
            try:
                yield parse_json(line, Path(path).name)
            except UnsafeFile:
                continue


def write_json(path: PathLike, document: Any) -> None:
    """Write ``document`` to ``path`` so that a reader sees the old content or the new one, never a part."""
    target = Path(path)
    aside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with open(aside, "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=1, sort_keys=True, allow_nan=False)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(aside, target)
    sync_folder(target.parent)


def sync_folder(folder: PathLike) -> None:
    """Flush the entries of ``folder`` to disk, so that a rename in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def plain_files(folder: PathLike) -> Iterator[Tuple[Path, int]]:
    """Yield (path, size in bytes) of each regular file below ``folder``; links and special files are left out."""
    for parent, _, names in os.walk(folder, followlinks=False):
        for name in sorted(names):
            path = Path(parent) / name
            try:
                facts = path.lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(facts.st_mode):
                yield path, facts.st_size


def copy_plain_files(source: PathLike, destination: PathLike, limit_bytes: int) -> int:
    """Copy the regular files below ``source``; return their number of bytes. Raises UnsafeFile over ``limit_bytes``."""
    if Path(source).is_symlink():
        raise UnsafeFile(f"{Path(source).name} must be a folder, but it is a link")
    copied_bytes = 0
    for path, _ in plain_files(source):
        content = read_bytes(path, limit_bytes - copied_bytes)
        target = Path(destination) / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        shutil.copymode(path, target, follow_symlinks=False)
        copied_bytes += len(content)
    return copied_bytes
