"""Folders for what is needed only while it is worked on, below ``<home>/scratch``.

A process that is killed removes nothing, so each folder has a lock beside it that the kernel frees then: others see
that nobody works there any more.
"""

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pushtune.file_locks import try_lock, wait_for_lock
from pushtune.settings import Settings

TOP_LOCK = ".lock"
LOCK_SUFFIX = ".lock"


@contextmanager
def scratch_folder(settings: Settings, purpose: str) -> Iterator[Path]:
    """Yield a new empty folder, whose name begins with ``purpose``; it is removed at the end."""
    with ExitStack() as held:
        with _alone(settings.scratch):
            folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=settings.scratch))
            try_lock(held.enter_context(_lock_of(folder).open("w")))
        try:
            yield folder
        finally:
            _remove(folder)


def remove_abandoned(settings: Settings) -> list[tuple[Path, int]]:
    """Remove the folders whose process is gone; return each that went with the bytes that it held."""
    if not settings.scratch.is_dir():
        return []
    with ExitStack() as held:
        with _alone(settings.scratch):
            names = {path.name.removesuffix(LOCK_SUFFIX) for path in settings.scratch.glob("*-*")}
            folders = [settings.scratch / name for name in sorted(names)]
            found = [path for path in folders if try_lock(held.enter_context(_lock_of(path).open("w")))]
        sizes = [(folder, _size_bytes(folder)) for folder in found if folder.is_dir()]
        for folder in found:
            _remove(folder)
    return [(folder, size_bytes) for folder, size_bytes in sizes if not folder.exists()]


@contextmanager
def _alone(top: Path) -> Iterator[None]:
    """Keep others from making or looking for folders: a new one is not locked from its first moment on."""
    top.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (top / TOP_LOCK).open("w") as lock:
        wait_for_lock(lock, math.inf)
        yield


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK_SUFFIX)


def _remove(folder: Path) -> None:
    """Remove a folder whose lock is held, and its lock last."""
    shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)


def _size_bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))
