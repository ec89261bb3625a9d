"""Who a process is: by when it started, in ticks that no clock changes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace

import psutil
import pytest

from pushtune.commands.processes import ProcessId, orphans


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("seconds", [3600, -3600, 86_400])
def test_a_process_stays_the_same_when_the_clock_is_set(monkeypatch, sleeper, seconds: int) -> None:
    identity = ProcessId.from_document(asdict(ProcessId.of(sleeper.pid)))
    # Setting the clock changes when the kernel says that the machine was booted.
    booted, now = psutil.boot_time(), time.time
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: booted + seconds)
    monkeypatch.setattr(time, "time", lambda: now() + seconds)
    assert identity.is_alive()


def test_what_an_older_release_kept_is_understood(sleeper) -> None:
    created = psutil.Process(sleeper.pid).create_time()
    assert ProcessId.from_document({"pid": sleeper.pid, "created_unix_time": created}).is_alive()
    assert not ProcessId.from_document({"pid": sleeper.pid, "created_unix_time": created - 60}).is_alive()


def test_another_process_of_that_number_is_not_the_same(sleeper) -> None:
    identity = ProcessId.of(sleeper.pid)
    assert not replace(identity, start_ticks=identity.start_ticks - 1).is_alive()
    assert not replace(identity, boot_id="an earlier boot").is_alive()


def test_a_zombie_and_a_process_that_is_gone_are_not_alive(sleeper) -> None:
    identity = ProcessId.of(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(sleeper.pid).status() == psutil.STATUS_ZOMBIE and not identity.is_alive()
    sleeper.wait()
    assert not identity.is_alive()
    with pytest.raises(psutil.NoSuchProcess):
        ProcessId.of(sleeper.pid)


def test_what_is_left_of_a_session_is_known_by_where_it_writes(tmp_path) -> None:
    """Its leader was killed; another session, whose leader has got the same number since, is not ours."""
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    output = tmp_path / "part.log"
    with output.open("w") as stream:
        leader = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=stream)
    while not output.read_text().endswith("\n"):
        time.sleep(0.05)
    child = int(output.read_text())
    leader.kill()
    leader.wait()
    assert orphans(leader.pid, tmp_path / "another") == []
    assert orphans(leader.pid, tmp_path) == [child]
    os.kill(child, 9)
