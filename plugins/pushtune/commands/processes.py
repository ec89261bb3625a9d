"""Finding and ending the processes of this instance, and no others."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from pushtune.moments import present

CREATION_TOLERANCE_SECONDS = 1.0
START_FIELD = 19  # of /proc/<pid>/stat, counted after the name (proc(5): starttime)


@dataclass(frozen=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same number.

    Attributes:
        pid: its number. start_ticks: when it was started, in the kernel's ticks since the boot: the time of day of
            that changes with the clock. boot_id: of that boot of the machine.
    """

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Return the identity of the running process ``pid``. Raises psutil.NoSuchProcess."""
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError) as error:
            raise psutil.NoSuchProcess(pid) from error
        return cls(pid, int(after_name[START_FIELD]), present().boot_id)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "ProcessId":
        """Return the identity kept as JSON data, also as an older release has kept it."""
        pid = int(document["pid"])
        if "start_ticks" not in document and "created_unix_time" in document:
            return cls._from_time_of_day(pid, float(document["created_unix_time"]))
        return cls(pid, int(document.get("start_ticks", -1)), str(document.get("boot_id", "")))

    @classmethod
    def _from_time_of_day(cls, pid: int, created_unix_time: float) -> "ProcessId":
        with contextlib.suppress(psutil.NoSuchProcess):
            if abs(psutil.Process(pid).create_time() - created_unix_time) < CREATION_TOLERANCE_SECONDS:
                return cls.of(pid)
        return cls(pid, -1, "")

    def is_alive(self) -> bool:
        """Say whether this very process still runs (a zombie does not)."""
        try:
            return ProcessId.of(self.pid) == self and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def session_members(leader_pid: int) -> list[int]:
    """Return the living processes of the session of ``leader_pid``, and the descendants of these."""
    members = set()
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader_pid and process.status() != psutil.STATUS_ZOMBIE:
                members.add(process.pid)
                members.update(child.pid for child in process.children(recursive=True))
        except (psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            continue
    return sorted(members)


def orphans(leader_pid: int, output_folder: Path) -> list[int]:
    """Return what is left of a session whose leader is gone, and which writes its output to a file in the folder.

    The number of the leader may have been given away since, to a leader of somebody else's. What a process was started
    with does not tell: Airflow's write their titles over their environment.
    """
    members = session_members(leader_pid)
    return members if any(_writes_to(pid, output_folder) for pid in members) else []


def _writes_to(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/fd/1").readlink().parent == folder
    except OSError:
        return False


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to each process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def end_sessions(leader_pids: list[int], grace_seconds: float) -> None:
    """Ask the leaders to stop, wait, then kill whatever their sessions still hold."""
    send(leader_pids, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and any(session_members(pid) for pid in leader_pids):
        time.sleep(0.1)
    for pid in leader_pids:
        send(session_members(pid), signal.SIGKILL)
