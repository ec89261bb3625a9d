"""What the exit code of a training container means. Each code means exactly one thing.

The values lie above those that Python (1, 2) and the shell (126 and up) use, so that a crash of the
interpreter or a kill by a signal is never mistaken for an answer of the runtime.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of ``python -m pushtune_runtime``."""

    DONE = 0
    INFEASIBLE = 80  # this configuration cannot be built: skip the trial
    SCRIPT_ERROR = 81  # the script itself is wrong: do not retry
    INTERRUPTED = 82  # stopped from outside: retry from the newest checkpoint
    PRUNED = 83  # stopped because the trial was asked to: its objective so far counts
