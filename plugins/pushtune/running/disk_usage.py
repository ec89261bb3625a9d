"""How much a trial has written, without trusting what it has written."""

import os
from pathlib import Path

ENTRY_BYTES = 4096
ENTRIES_LIMIT = 200_000
BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's own block size is


def folder_bytes(folder: Path, limit_bytes: int) -> int:
    """Return the bytes that ``folder`` takes on disk; counting stops as soon as ``limit_bytes`` is passed.

    Each entry counts at least ``ENTRY_BYTES``, so that millions of empty files are seen as well. A tree too deep to be
    looked at, or more than ``ENTRIES_LIMIT`` entries, counts as over the limit. Links are not followed.
    """
    waiting, total_bytes, entries = [str(folder)], 0, 0
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    facts = entry.stat(follow_symlinks=False)
                    total_bytes += max(ENTRY_BYTES, facts.st_blocks * BLOCK_BYTES)
                    entries += 1
                    if total_bytes > limit_bytes or entries > ENTRIES_LIMIT:
                        return max(total_bytes, limit_bytes + 1)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue  # the trial removed it meanwhile
        except OSError:
            return limit_bytes + 1
    return total_bytes
