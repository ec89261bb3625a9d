"""Refuses to start what would fill a disk, since a full one breaks Airflow's database and every run."""

import errno
import shutil
from pathlib import Path
from typing import Any

from pushtune.errors import DiskAlmostFull
from pushtune.settings import Settings

REMEDY = (
    "Free some space: trigger the DAG clean_up, or shorten what PUSHTUNE_KEEP_* and PUSHTUNE_WORKSPACES_LIMIT_BYTES "
    "allow; PUSHTUNE_DISK_RESERVE_BYTES sets the reserve. Then clear the task."
)


def require_free_space(settings: Settings, folder: Path | None = None) -> None:
    """Require ``settings.disk_reserve_bytes`` on the file system of ``folder`` (by default Pushtune's own files).

    Raises:
        DiskAlmostFull: less is free. It is worth to try again later, but not for ever.
    """
    place = _existing(folder or settings.home)
    free_bytes = shutil.disk_usage(place).free
    if free_bytes < settings.disk_reserve_bytes:
        raise DiskAlmostFull(
            f"At least {_readable(settings.disk_reserve_bytes)} must be free on the disk of {place}.",
            f"{_readable(free_bytes)} free", REMEDY,
        )


def require_engine_space(client: Any, settings: Settings) -> None:
    """Require the same where the Docker engine of ``client`` keeps its images, if that is on this machine.

    Raises:
        DiskAlmostFull: see ``require_free_space``.
    """
    folder = Path(client.info()["DockerRootDir"])
    if folder.exists():
        require_free_space(settings, folder)


def as_full_disk(error: OSError) -> DiskAlmostFull | None:
    """Return what ``error`` means to a person where it is a full disk or an exhausted quota; None elsewhere."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    return DiskAlmostFull("There must be space to write the files of a run.", str(error)[:300], REMEDY)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _readable(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.2f} GiB" if size_bytes >= 2**28 else f"{size_bytes / 2**20:.1f} MiB"
