"""A process that is killed at any system call of a checkpoint leaves the old checkpoint or the new one."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pushtune_runtime.checkpoint_store import CheckpointStore

CALLS = ("open", "write", "fsync", "close", "mkdir", "rename", "unlink", "rmdir", "scandir", "lstat", "stat")


def open_store(folder: Path) -> CheckpointStore:
    return CheckpointStore(folder, {"script": "abc"}, {})


def write(folder: Path, epoch: int) -> None:
    open_store(folder).write({"weights": np.full(50_000, epoch)}, {"epoch": epoch}, b"x" * epoch)


def kill_at(moment: int) -> None:
    """Make this process kill itself at call number ``moment``; a ``write`` gets half of its bytes out first."""
    count = 0

    def deadly(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == moment:
                if name == "write":
                    original(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)

        return call

    for name in CALLS:
        setattr(os, name, deadly(name, getattr(os, name)))


def die_while_writing(folder: Path, epoch: int, moment: int) -> bool:
    """Write in a child that dies at call ``moment``; return whether it lived to the end."""
    child = os.fork()
    if child == 0:
        kill_at(moment)
        write(folder, epoch)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


def test_a_kill_at_any_call_leaves_old_or_new(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    for epoch in (1, 2):
        write(origin, epoch)
    seen = []
    for moment in range(1, 500):
        folder = tmp_path / str(moment)
        shutil.copytree(origin, folder)
        finished = die_while_writing(folder, 3, moment)
        store = open_store(folder)
        checkpoint = store.newest()
        assert checkpoint is not None
        assert store.refused == []
        assert np.array_equal(checkpoint.arrays["weights"], np.full(50_000, checkpoint.state["epoch"]))
        assert all(path.name.isdigit() for path in folder.iterdir()), "a left-over folder"
        seen.append(checkpoint.state["epoch"])
        write(folder, 4)
        assert open_store(folder).newest().state == {"epoch": 4}  # type: ignore[union-attr]
        shutil.rmtree(folder)
        if finished:
            break
    assert finished
    assert seen == sorted(seen)
    assert set(seen) == {2, 3}
    assert len(seen) > 30
