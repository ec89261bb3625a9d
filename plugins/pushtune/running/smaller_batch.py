"""A training that ran out of memory is tried once more with half of its batch size.

Which trainings that holds for is kept beside their folder, where they cannot reach it, so that a retry, a resume and
the trainings that follow from them do the same.
"""

from pathlib import Path
from typing import Any

from pushtune.errors import TrialOutOfMemory
from pushtune.running import attempts

FIELD = "batch_size_divisor"
DIVISOR = 2


def adjusted(spec: dict[str, Any]) -> dict[str, Any]:
    """Return ``spec`` as it is to be trained: with the smaller batch where that was found to be necessary."""
    if not attempts.has_smaller_batch(Path(spec["folder"])):
        return spec
    return {**spec, "request": {**spec["request"], FIELD: DIVISOR}}


def try_smaller(spec: dict[str, Any], error: TrialOutOfMemory) -> None:
    """Note that ``spec`` needs the smaller batch.

    Raises:
        TrialOutOfMemory: it had it already. The next try, after somebody has cleared the task, begins with the whole.
    """
    folder = Path(spec["folder"])
    if attempts.has_smaller_batch(folder):
        attempts.forget_smaller_batch(folder)
        raise TrialOutOfMemory(
            error.rule, f"{error.received}, with the batch size of the script as well as with half of it", error.remedy
        )
    attempts.mark_smaller_batch(folder)


def follow(folder: Path, model: Path) -> None:
    """Let the training in ``folder`` begin with the smaller batch where the one in ``model`` needed it."""
    if attempts.has_smaller_batch(model):
        attempts.mark_smaller_batch(folder)
