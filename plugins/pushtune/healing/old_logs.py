"""Removes Airflow's old log files."""

import os
import time
from pathlib import Path
from typing import Any

DAY_SECONDS = 86_400


def remove_old_logs(folder: Path, keep_days: float) -> list[dict[str, Any]]:
    """Remove the files below ``folder`` that nobody has written for ``keep_days``, and the folders emptied by that.

    Links are removed as what they are. The folders at the top stay, since tasks of now create theirs in them.
    Returns one record for all together: ``what``, ``bytes``, ``reason``; none where nothing was old.
    """
    oldest, count, freed_bytes = time.time() - keep_days * DAY_SECONDS, 0, 0
    thinned: set[str] = set()
    if not folder.is_dir():
        return []
    for parent, folders, names, handle in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in names:
            facts = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if facts.st_mtime < oldest:
                os.unlink(name, dir_fd=handle)
                thinned.add(parent)
                count, freed_bytes = count + 1, freed_bytes + facts.st_size
        for name in folders if parent != str(folder) else ():
            if f"{parent}/{name}" in thinned and _removed_empty(name, handle):
                thinned.add(parent)
    if not count:
        return []
    return [{"what": f"{count} files of {folder}", "bytes": freed_bytes, "reason": f"older than {keep_days:g} days"}]


def _removed_empty(name: str, handle: int) -> bool:
    try:
        os.rmdir(name, dir_fd=handle)
    except OSError:  # not empty
        return False
    return True
