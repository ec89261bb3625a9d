"""Finding and ending the processes of this instance, and no others."""

import os
import signal
import time
from dataclasses import dataclass
from typing import Any

import psutil


@dataclass(frozen=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same number.

    Attributes:
        pid: its number. created_unix_time: when it was started.
    """

    pid: int
    created_unix_time: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Return the identity of the running process ``pid``. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "ProcessId":
        """Return the identity kept as JSON data."""
        return cls(int(document["pid"]), float(document["created_unix_time"]))

    def is_alive(self) -> bool:
        """Say whether this very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created_unix_time) < 1.0
            return same and process.status() != psutil.STATUS_ZOMBIE
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
