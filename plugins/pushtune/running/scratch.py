"""Folders for what is needed only while it is worked on, below ``<home>/scratch``.

A process that is killed removes nothing, so each folder has a lock beside it that the kernel frees then: others see
that nobody works there any more.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from pushtune.file_locks import try_lock
from pushtune.settings import Settings

LOCK_SUFFIX = ".lock"


@contextmanager
def scratch_folder(settings: Settings, purpose: str) -> Iterator[Path]:
    """Yield a new empty folder, whose name begins with ``purpose``; it is removed at the end."""
    settings.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as held:
        folder = _new_locked(settings.scratch, purpose, held)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            _remove(folder)


def remove_abandoned(settings: Settings) -> list[tuple[Path, int]]:
    """Remove the folders whose process is gone; return each that went with the bytes that it held."""
    names = {path.name.removesuffix(LOCK_SUFFIX) for path in settings.scratch.glob("*-*")}
    with ExitStack() as held:
        folders = [settings.scratch / name for name in sorted(names)]
        found = [path for path in folders if try_lock(held.enter_context(_lock_of(path).open("w")))]
        sizes = [(folder, _size_bytes(folder)) for folder in found if folder.is_dir()]
        for folder in found:
            _remove(folder)
    return [(folder, size_bytes) for folder, size_bytes in sizes if not folder.exists()]


def _new_locked(top: Path, purpose: str, held: ExitStack) -> Path:
    """Return where a folder can be made, with the lock beside it in ``held``.

    Whoever looks for abandoned folders may find a lock before it is locked, and remove it: then another name is taken.
    """
    while True:
        folder = top / f"{purpose}-{secrets.token_hex(8)}"
        lock = held.enter_context(_lock_of(folder).open("x"))
        if try_lock(lock) and _is_still_there(lock, _lock_of(folder)):
            return folder


def _is_still_there(lock: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK_SUFFIX)


def _remove(folder: Path) -> None:
    """Remove a folder whose lock is held, and its lock last."""
    shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)


def _size_bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))
