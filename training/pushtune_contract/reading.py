"""Reads files that untrusted code may have written: regular files only, bounded in size, strict JSON.

A trial can put anything at the place of a document: a symbolic link to a secret, a pipe that never ends,
a gigabyte of brackets. Every reader of a trial's folder goes through this module.
"""

import contextlib
import json
import math
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any, Iterator, List, Tuple, Union

DOCUMENT_LIMIT_BYTES = 4 * 1024 * 1024
PROGRESS_LIMIT_BYTES = 16 * 1024 * 1024
LINE_LIMIT_BYTES = 64 * 1024
INVALID_LINES_LIMIT = 1000  # each costs its reader time, and millions of them fit into a file
CHUNK_BYTES = 1024 * 1024
DEPTH_LIMIT = 64
ENTRIES_LIMIT = 200_000
UNFINISHED = re.compile(r"\..+\.json\.[0-9a-f]{16}\.tmp")  # the names under which write_json begins a file

PathLike = Union[str, Path]


class UnsafeFile(ValueError):
    """A file is not what the contract allows at its place: wrong kind, too large, or not JSON."""


def read_bytes(path: PathLike, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> bytes:
    """Return the content of the regular file ``path``, following no link in its last component.

    Raises:
        FileNotFoundError: nothing is there.
        UnsafeFile: a link, a device, a pipe or a folder is there, or more than ``limit_bytes``.
    """
    handle = _open_plain(path)
    with os.fdopen(handle, "rb") as stream:
        content = stream.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise UnsafeFile(f"{Path(path).name} must hold at most {limit_bytes} bytes, but it is larger")
    return content


def read_tail(path: PathLike, limit_bytes: int) -> bytes:
    """Return the last ``limit_bytes`` of a file of any size. Raises as ``read_bytes`` does, but never for the size."""
    with os.fdopen(_open_plain(path), "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - limit_bytes))
        return stream.read(limit_bytes)


def _open_plain(path: PathLike) -> int:
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
    return handle


def read_json(path: PathLike, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> Any:
    """Return the JSON document in ``path``; NaN and infinities are refused. Raises as ``read_bytes`` does."""
    return parse_json(read_bytes(path, limit_bytes), Path(path).name)


def parse_json(content: bytes, name: str) -> Any:
    """Return the document in ``content``; ``name`` appears in the error text. Raises UnsafeFile."""
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise UnsafeFile(f"{name} must be a JSON document, but it is not: {str(error)[:200]}") from error


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # 1e999 is JSON, but no float; where it is passed on it would be no JSON any more
        raise ValueError(f"{text[:100]} is beyond the largest number")
    return number


def read_json_lines(path: PathLike, limit_bytes: int = PROGRESS_LIMIT_BYTES) -> Iterator[Any]:
    """Yield the documents of a file with one JSON document per line.

    The last line is left out while its newline is missing (it is still being written), and lines that are
    too long or not JSON are left out as well: one bad line does not hide the others, but what follows
    ``INVALID_LINES_LIMIT`` lines that are not JSON is not read.
    A missing file yields nothing. Raises UnsafeFile for anything but a plain file within the limit.
    """
    try:
        content = read_bytes(path, limit_bytes)
    except FileNotFoundError:
        return
    invalid_lines = 0
    for line in content.split(b"\n")[:-1]:
        if 0 < len(line) <= LINE_LIMIT_BYTES:
            try:
                yield parse_json(line, Path(path).name)
            except UnsafeFile:
                invalid_lines += 1
                if invalid_lines >= INVALID_LINES_LIMIT:
                    return


def write_json(path: PathLike, document: Any) -> None:
    """Write ``document`` to ``path`` so that a reader sees the old content or the new one, never a part.

    It is written under a name that nobody can guess, so that no link or pipe can lie there, and then renamed.
    Raises UnsafeFile for more than ``read_json`` takes: what is written can be read.
    """
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    # Half a character has no place in UTF-8; escaped with a backslash it is what JSON itself writes for it.
    content = text.encode("utf-8", "backslashreplace") + b"\n"
    if len(content) > DOCUMENT_LIMIT_BYTES:
        received = f"this one would hold {len(content)}"
        raise UnsafeFile(f"{Path(path).name} must hold at most {DOCUMENT_LIMIT_BYTES} bytes, but {received}")
    target = Path(path)
    aside = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(aside, target)
    except BaseException:
        os.unlink(aside)
        raise
    sync_folder(target.parent)


def remove_unfinished(folder: PathLike) -> None:
    """Remove what ``write_json`` has left in ``folder`` when its process was killed; nobody may be writing there."""
    for path in Path(folder).glob(".*.json.*.tmp"):
        if UNFINISHED.fullmatch(path.name):
            with contextlib.suppress(OSError):  # a folder, which the script has made: not ours
                path.unlink()


def sync_folder(folder: PathLike) -> None:
    """Flush the entries of ``folder`` to disk, so that a rename in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def plain_files(folder: PathLike) -> Iterator[Tuple[Path, int]]:
    """Yield (path, size in bytes) of each regular file below ``folder``; links and special files are left out.

    Raises:
        UnsafeFile: folders are nested more than ``DEPTH_LIMIT`` deep, or hold more than ``ENTRIES_LIMIT`` entries.
    """
    name, entries = Path(folder).name, 0
    waiting: List[Tuple[str, int]] = [(os.fspath(folder), 0)]
    while waiting:
        parent, depth = waiting.pop()
        if depth > DEPTH_LIMIT:
            raise UnsafeFile(f"{name} must hold folders nested at most {DEPTH_LIMIT} deep, but they are deeper")
        try:
            with os.scandir(parent) as found:
                listed = [(entry.path, entry.stat(follow_symlinks=False)) for entry in found]
        except FileNotFoundError:
            continue
        entries += len(listed)
        if entries > ENTRIES_LIMIT:
            raise UnsafeFile(f"{name} must hold at most {ENTRIES_LIMIT} files and folders, but it holds more")
        for path, facts in sorted(listed, key=lambda pair: pair[0]):
            if stat.S_ISDIR(facts.st_mode):
                waiting.append((path, depth + 1))
            elif stat.S_ISREG(facts.st_mode):
                yield Path(path), facts.st_size


def copy_plain_files(source: PathLike, destination: PathLike, limit_bytes: int) -> int:
    """Copy the regular files below ``source``; return their number of bytes.

    Of their modes only the right to execute is kept: a bit that gives the owner's rights away must not arrive.
    Raises UnsafeFile over ``limit_bytes``, and as ``plain_files`` does.
    """
    if Path(source).is_symlink():
        raise UnsafeFile(f"{Path(source).name} must be a folder, but it is a link")
    copied_bytes = 0
    for path, _ in plain_files(source):
        target = Path(destination) / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        copied_bytes += _copy_plain_file(path, target, limit_bytes - copied_bytes)
    return copied_bytes


def _copy_plain_file(source: Path, target: Path, limit_bytes: int) -> int:
    """Copy piece by piece: a file may say that it is as large as the limit without having cost its writer anything."""
    copied_bytes = 0
    with os.fdopen(_open_plain(source), "rb") as reader, open(target, "wb") as writer:
        while True:
            chunk = reader.read(CHUNK_BYTES)
            copied_bytes += len(chunk)
            if copied_bytes > limit_bytes:
                raise UnsafeFile(f"{source.name} must hold at most {limit_bytes} bytes, but it is larger")
            if not chunk:
                break
            writer.write(chunk)
        os.fchmod(writer.fileno(), 0o755 if os.fstat(reader.fileno()).st_mode & stat.S_IXUSR else 0o644)
    return copied_bytes
