"""A script that Keras 3 refuses while it runs is tried once more, from its beginning, with Keras 2.

The inspection knows what Keras 3 no longer has, and chooses the image by it; what Keras 3 takes in another way than
Keras 2 did shows only when the script runs. Which trainings that holds for is kept beside their folder.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pushtune.errors import PassingFault, PushtuneError, ScriptFailed
from pushtune.running import attempts

# What Keras 3 says of code that Keras 2 takes.
REFUSALS = re.compile(
    r"A KerasTensor cannot be used as input to a TensorFlow function"
    r"|A KerasTensor is symbolic"
    r"|Only input tensors may be passed as positional arguments"
    r"|Arguments `target` and `output` must have the same (?:rank|shape)"
    r"|Unrecognized keyword arguments passed to"
    r"|Argument\(s\) not recognized"
    r"|missing a required argument: 'training'"
    r"|optimizer was created with a `LearningRateSchedule`"
    r"|(?:module '(?:keras|tensorflow\.keras|tensorflow)[\w.]*' has no attribute|cannot import name '\w+' from 'keras)"
    r"|(?:ModuleNotFoundError: )No module named '(?:keras|tensorflow)\."
    r"|Could not (?:interpret|locate|deserialize) "
)

BuildOlder = Callable[[str], str]


def adjusted(spec: dict[str, Any]) -> dict[str, Any]:
    """Return ``spec`` as it is to be trained: in the older image, on the CPU, where that was found to be necessary."""
    image, _ = attempts.older_image(Path(spec["folder"]))
    return {**spec, "image": image, "accelerator": None} if image else spec


def refusal_of(folder: Path) -> str:
    """Return the refusal for which the training in ``folder`` runs in an older image; empty where it does not."""
    return attempts.older_image(folder)[1]


def is_refusal(text: str) -> bool:
    """Return whether ``text``, what ended a script, is a refusal of Keras 3."""
    return bool(REFUSALS.search(text))


def try_older(spec: dict[str, Any], error: ScriptFailed, build: BuildOlder | None) -> None:
    """Note that ``spec`` trains in an older image, which ``build`` makes ready for a reason and names.

    ``build`` returns an empty text where there is no older image for this code.

    Raises:
        ScriptFailed: ``error`` is another one, no image can be had, or the script has failed in the older one as well.
        PassingFault: the image cannot be had now; the next try begins with the usual one again.
    """
    folder = Path(spec["folder"])
    image, reason = attempts.older_image(folder)
    if image:
        raise _said(error, f"with Keras 2; before that, with Keras 3: {reason}")
    told = str(error.received)
    if build is None or not is_refusal(told):
        raise error
    try:
        image = build(told)
    except PassingFault:
        raise
    except PushtuneError as refused:
        raise _said(error, f"Keras 2 could not be tried: {refused.received}") from error
    if not image:
        raise error
    attempts.forget_attempts(folder)
    attempts.mark_older_image(folder, image, told)


def _said(error: ScriptFailed, more: str) -> ScriptFailed:
    return ScriptFailed(error.rule, f"{error.received} ({more})", error.remedy)
