"""Keeps Airflow's four processes running until it is told to stop, and leaves none behind.

Run as ``python -m pushtune.commands.supervisor``; ``instance.py`` starts and stops it.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from pushtune.commands.airflow_config import airflow_command, environment
from pushtune.commands.private_files import write_private
from pushtune.commands.processes import ProcessId, end_sessions, send, session_members
from pushtune.file_locks import try_lock
from pushtune.moments import present
from pushtune.settings import Settings, load_settings

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
GRACE_SECONDS = 8.0
LONGEST_PAUSE_SECONDS = 30.0
STABLE_SECONDS = 60.0
LOG_LIMIT_BYTES = 50 * 2**20
NOTICED_SECONDS = 30.0

log = logging.getLogger("pushtune.supervisor")


@dataclass
class Component:
    """One of Airflow's processes and when it may be started again."""

    name: str
    process: subprocess.Popen[bytes]
    started: float
    pause_seconds: float = 1.0
    start_again_at: float | None = None


def lock_file(settings: Settings) -> Path:
    """The file that the running instance holds a lock on."""
    return settings.run_folder / "instance.lock"


def instance_file(settings: Settings) -> Path:
    """The file that tells which processes the instance consists of."""
    return settings.run_folder / "instance.json"


def log_file(settings: Settings, component: str) -> Path:
    """Where a component writes its output."""
    return settings.run_folder / "logs" / f"{component}.log"


class Supervisor:
    """Starts the components, starts them again when they die, and stops them in the right order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self.components: list[Component] = []
        self._seen = present()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        self._write_instance()  # commands may ask at once on which port it will answer
        self.components = [Component(name, self._start(name), time.monotonic()) for name in COMPONENTS]
        self._write_instance()
        while not self.stopping.wait(0.5):
            self._restart_where_clock_was_set_back()
            for component in self.components:
                self._tend(component)
        self._stop()

    def _restart_where_clock_was_set_back(self) -> None:
        """The DAG processor would not look at a file again before the time at which it did so last."""
        now, before = present(), self._seen
        self._seen = now
        if before.clock_set_by(now) < -NOTICED_SECONDS:
            log.warning("the clock was set back by %.0f s", -before.clock_set_by(now))
            send([part.process.pid for part in self.components if part.name == "dag-processor"], signal.SIGTERM)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        path = log_file(self.settings, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            process = subprocess.Popen(
                airflow_command(self.settings, name),
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        log.info("%s started as process %d", name, process.pid)
        return process

    def _tend(self, component: Component) -> None:
        if component.process.poll() is None:
            if time.monotonic() - component.started > STABLE_SECONDS:
                component.pause_seconds = 1.0
            return
        if component.start_again_at is None:
            log.warning("%s ended with code %s", component.name, component.process.returncode)
            send(session_members(component.process.pid), signal.SIGKILL)
            component.start_again_at = time.monotonic() + component.pause_seconds
            component.pause_seconds = min(component.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        elif time.monotonic() >= component.start_again_at:
            component.process, component.started = self._start(component.name), time.monotonic()
            component.start_again_at = None
            self._write_instance()

    def _write_instance(self) -> None:
        running = {
            component.name: asdict(ProcessId.of(component.process.pid))
            for component in self.components
            if component.process.poll() is None
        }
        document = {
            "port": self.settings.port,
            "supervisor": asdict(ProcessId.of(os.getpid())),
            "components": running,
        }
        write_private(instance_file(self.settings), json.dumps(document, indent=1) + "\n")

    def _stop(self) -> None:
        # Task processes go first and at once: their containers survive or are stopped by the caller, and the
        # scheduler, told to stop, would otherwise wait for them to the end of their training.
        pids = {component.name: component.process.pid for component in self.components}
        send([pids["scheduler"]], signal.SIGTERM)
        send([pid for pid in session_members(pids["scheduler"]) if pid != pids["scheduler"]], signal.SIGKILL)
        # The others outlive the scheduler, which reports its end through the API server.
        end_sessions([pids["scheduler"]], GRACE_SECONDS)
        end_sessions([pid for name, pid in pids.items() if name != "scheduler"], GRACE_SECONDS)
        for component in self.components:
            component.process.wait()
            log.info("%s stopped", component.name)
        instance_file(self.settings).unlink(missing_ok=True)


def acquire_lock(settings: Settings) -> IO[str] | None:
    """Return the held lock file, or None where another process holds it."""
    lock_file(settings).parent.mkdir(parents=True, exist_ok=True)
    stream = lock_file(settings).open("w")
    if try_lock(stream):
        return stream
    stream.close()
    return None


def main() -> int:
    """Entry point of the supervising process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = load_settings()
    lock = acquire_lock(settings)
    if lock is None:
        log.error("another instance already uses %s", settings.home)
        return 1
    with lock:
        Supervisor(settings).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
