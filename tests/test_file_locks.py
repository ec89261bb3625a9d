"""Locks on files, held by real processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pushtune.file_locks import try_lock, wait_for_lock

PLUGINS = Path(__file__).parents[1] / "plugins"
HOLDER = """
import sys
from pushtune.file_locks import try_lock
with open(sys.argv[1], "w") as file:
    print(try_lock(file), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "True\n"
        yield process


def test_a_lock_is_held_by_one(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        assert not try_lock(file)
        assert not wait_for_lock(file, 0.3)


@pytest.mark.parametrize("how", ["close", "kill"])
def test_it_is_free_when_its_holder_is_gone(holder: "subprocess.Popen[str]", tmp_path: Path, how: str) -> None:
    holder.kill() if how == "kill" else holder.communicate("")
    with (tmp_path / "lock").open("w") as file:
        assert wait_for_lock(file, 10)
        with (tmp_path / "lock").open("w") as another:
            assert not try_lock(another)
    with (tmp_path / "lock").open("w") as file:
        assert try_lock(file)
