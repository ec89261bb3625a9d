"""What a refusal of the operating system means to the person who called a command."""

import os

from pushtune.errors import PushtuneError, SystemRefused
from pushtune.running.disk_reserve import as_full_disk


def explained(error: OSError) -> PushtuneError:
    """Return ``error`` as rule, received value and remedy."""
    if (full := as_full_disk(error)) is not None:
        return full
    if isinstance(error, PermissionError):
        return SystemRefused(
            "This user must be allowed to use the files that the command needs.",
            f"{error} for the user with id {os.getuid()}",
            "Run it as the user who owns them, or name a folder of your own in PUSHTUNE_HOME.",
        )
    if isinstance(error, NotADirectoryError | FileExistsError):
        return SystemRefused(
            "A folder must be, or be possible, where the command needs one.",
            error, "Move away the file that is in its place, or name another folder in PUSHTUNE_HOME.",
        )
    return SystemRefused(
        "The system must let the command do its work.",
        f"{type(error).__name__}: {error}", "Correct what this names, then run the command again.",
    )
