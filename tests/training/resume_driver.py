"""Runs one request and kills its own process at a chosen moment: ``python resume_driver.py TRIAL CODE MOMENT``.

Moments: ``batch:N`` after the N-th batch of this process, ``before_write:N`` before the N-th checkpoint is written,
``during_write:N`` when half of it is on disk, ``after_write:N``, ``after_fit:N``, ``before_fit:N``, ``never``.
``sigterm:N`` is the odd one: the polite signal, after the N-th batch.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from pushtune_runtime import checkpoint_store
from pushtune_runtime.__main__ import main
from pushtune_runtime.keras_hooks import checkpoint_listener
from pushtune_runtime.keras_hooks.checkpoint_listener import CheckpointListener


def kill_around(owner: Any, name: str, number: int, before: bool, how: signal.Signals = signal.SIGKILL) -> None:
    """Send ``how`` to this process before or after the call number ``number`` of ``owner.name``."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if before and calls == number:
            os.kill(os.getpid(), how)
        result = original(*args, **kwargs)
        if calls == number:
            os.kill(os.getpid(), how)
        return result

    setattr(owner, name, call)


def arm(moment: str) -> None:
    kind, _, number = moment.partition(":")
    if kind == "batch":
        kill_around(CheckpointListener, "on_train_batch_end", int(number), before=False)
    elif kind == "sigterm":
        kill_around(CheckpointListener, "on_train_batch_end", int(number), before=False, how=signal.SIGTERM)
    elif kind == "during_write":
        kill_around(checkpoint_store, "_manifest", int(number), before=True)
    elif kind in ("before_write", "after_write"):
        kill_around(checkpoint_store.CheckpointStore, "write", int(number), before=kind == "before_write")
    elif kind in ("before_fit", "after_fit"):
        kill_around(CheckpointListener, kind, int(number), before=False)


if __name__ == "__main__":
    checkpoint_listener.COST_SHARE = 100.0  # the epochs of these scripts are too short to pay for a checkpoint each
    arm(sys.argv[3])
    sys.exit(main(sys.argv[1:3]))
