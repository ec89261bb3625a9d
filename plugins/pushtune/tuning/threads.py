"""One thread for each of several trials at once, or all cores for one trial after the other: which trains more.

One thread each is the better way for most models: nothing is lost to splitting a step among threads (docs/tuning.md has
what was measured). Only where a step gets faster almost in proportion to the cores does one at a time lose nothing.
Then it is preferred: the final training, which is alone, ends that much sooner, and one data set is in memory instead
of many.
"""

import os
from collections.abc import Mapping
from typing import Any

# Trials at once slow each other down a little (memory, caches): a single one need not reach the full factor.
SHARE_OF_CORES = 0.9
# Below this nothing is won, even where no trial is kept waiting.
LEAST_SPEED_UP = 1.2


def cores_together(at_once: int, trial_cpus: float) -> int:
    """Return how many cores the trials of a run may use together, at most those of this machine."""
    return max(1, min(int(at_once * trial_cpus), os.cpu_count() or 1))


def choose_threads(step_seconds: Mapping[str, float], note: str, *, at_once: int, cores: int) -> dict[str, Any]:
    """Return ``threads`` of each trial, how many train ``at_once``, the ``reason``, and what was measured.

    Args:
        step_seconds: number of threads -> seconds of a step, from the baseline's container; it may say anything.
        note: why nothing was measured, where that is known.
        at_once: trials at the same time with one thread each. cores: those that all of them may use together.
    """
    narrow, wide = step_seconds.get("1", 0.0), step_seconds.get(str(cores), 0.0)
    choice = {"threads": 1, "at_once": at_once, "step_seconds": {}}
    if cores < 2:
        return {**choice, "reason": ""}
    if narrow <= 0.0 or wide <= 0.0:
        return {**choice, "reason": f"1 for each trial, {at_once} at once; {note or 'no steps were timed'}"}
    speed_up = narrow / wide
    needed = max(SHARE_OF_CORES * min(at_once, cores), LEAST_SPEED_UP)
    measured = (
        f"a step takes {_milliseconds(narrow)} with 1 thread and {_milliseconds(wide)} with {cores}: "
        f"{speed_up:.2f} times as fast, {needed:.2f} are needed for all cores"
    )
    times = {"1": narrow, str(cores): wide}
    if speed_up < needed:
        return {**choice, "step_seconds": times, "reason": f"1 for each trial, {at_once} at once; {measured}"}
    return {
        "threads": cores, "at_once": 1, "step_seconds": times,
        "reason": f"{cores} for each trial, one at a time; {measured}",
    }


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"
