"""Runs requests in forked children of one process: ``python corpus_worker.py [tensorflow]``.

A line of JSON on the standard input names a request: ``folder``, ``code`` and ``moment`` (see ``resume_driver``); the
answer is a line with the exit code and the CPU seconds of the child. With ``tensorflow`` the library
has been imported before, which takes longer than most of the scripts do. What a child prints goes to files beside its
folder.
"""

import gc
import json
import os
import resource
import sys
import time
from typing import Any

TIME_LIMIT_SECONDS = 120.0
POLL_INTERVAL_SECONDS = 0.02


def import_tensorflow() -> None:
    """Import what scripts import first, but not scikit-learn: its classes are patched while they are defined."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    import keras
    import tensorflow

    del sys.modules["sklearn"]
    assert keras.__version__ and tensorflow.__version__
    from tensorflow.python.eager.context import context

    assert context()._context_handle is None, "TensorFlow has started its threads: a forked child would hang"


def run_child(job: dict[str, Any]) -> int:
    """Fork, run the job there, return the wait status."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setsid()
            for number, ending in ((1, ".stdout"), (2, ".stderr")):
                os.dup2(os.open(job["folder"] + ending, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
            code = _run(job)
        finally:
            os._exit(code)
    return _wait(child)


def _run(job: dict[str, Any]) -> int:
    os.environ["HOME"] = job["folder"]
    from resume_driver import arm, main

    from pushtune_runtime.keras_hooks import checkpoint_listener

    checkpoint_listener.COST_SHARE = 100.0  # the epochs of these scripts are too short to pay for a checkpoint each
    arm(job["moment"])
    code = main([job["folder"], job["code"]])
    sys.stdout.flush()
    return code


def _wait(child: int) -> int:
    deadline = time.monotonic() + TIME_LIMIT_SECONDS
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(POLL_INTERVAL_SECONDS)
    os.killpg(child, 9)
    return os.waitpid(child, 0)[1]


def serve() -> None:
    """Answer requests until the standard input ends."""
    for line in sys.stdin:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        status = run_child(json.loads(line))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        code = os.waitstatus_to_exitcode(status)
        sys.stdout.write(json.dumps({"exit_code": code, "cpu_seconds": round(seconds, 2)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:] == ["tensorflow"]:
        import_tensorflow()
    gc.freeze()
    serve()
