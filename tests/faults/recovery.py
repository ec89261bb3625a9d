"""How long it takes from a kill until work goes on: seen by looking, for training read from the scripts' diaries."""

import contextlib
import math
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.evidence import CARED_FOR, AirflowRecords, Engine, Task, diary, owner_of

from pushtune.commands.processes import ProcessId

LOOK_INTERVAL_SECONDS = 0.5
CONTAINERS_INTERVAL_SECONDS = 3.0
Tasks = Mapping[tuple[str, str, str, int], Task]


@dataclass
class Kill:
    """Something that was killed.

    Attributes:
        part: what it was. told: which one, in words. trial_folder: whose training it interrupted; empty for none.
        is_back: says from what Airflow knows whether it works again; None where the diary of the trial tells it.
        seconds: until it worked again; None while it does not.
        moot: nothing was to come back, since the work had ended or was taken away.
    """

    unix_time: float
    part: str
    told: str
    trial_folder: str = ""
    is_back: Callable[[Tasks], bool] | None = None
    seconds: float | None = None
    moot: bool = False


@dataclass
class Unowned:
    """A container that nobody took care of. Attributes: since, seconds: from when and how long. lived: it ran."""

    name: str
    since: float
    seconds: float = 0.0
    lived: bool = False


@dataclass
class Watch:
    """Looks on while things break: what comes back when, which containers lose their owner, which processes exist."""

    records: AirflowRecords
    engine: Engine
    processes: Callable[[], list[int]]
    kills: list[Kill] = field(default_factory=list)
    unowned: dict[str, Unowned] = field(default_factory=dict)
    seen_processes: set[ProcessId] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        next_containers = 0.0
        while not self._ended.wait(LOOK_INTERVAL_SECONDS):
            with contextlib.suppress(Exception):  # a database that is being made, an engine that is busy: look again
                tasks = self.records.tasks()
                self._look_for_recovery(tasks)
                if time.monotonic() >= next_containers:
                    next_containers = time.monotonic() + CONTAINERS_INTERVAL_SECONDS
                    self._look_for_owners(tasks)
                    self._look_for_processes()

    def _look_for_recovery(self, tasks: Tasks) -> None:
        for kill in list(self.kills):
            if kill.seconds is None and not kill.moot and kill.is_back is not None and kill.is_back(tasks):
                kill.seconds = time.time() - kill.unix_time

    def _look_for_owners(self, tasks: Tasks) -> None:
        now = time.time()
        for container in self.engine.containers(everything=True):
            owner = tasks.get(owner_of(container))
            entry = self.unowned.get(container.id)
            if owner is not None and owner.state in CARED_FOR:
                if entry is not None:
                    entry.since = now  # cared for again: a new absence is counted anew
                continue
            if entry is None:
                entry = self.unowned[container.id] = Unowned(container.name, now)
            entry.seconds = max(entry.seconds, now - entry.since)
            entry.lived = entry.lived or container.status == "running"

    def _look_for_processes(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(Exception):
                self.seen_processes.add(ProcessId.of(pid))


def first_step_after(kill: Kill) -> float | None:
    """Return the seconds from the kill of a container to the first batch of the next one; None without one."""
    steps = [
        entry["unix_time"]
        for entry in diary(Path(kill.trial_folder))
        if entry["what"] == "step" and entry["unix_time"] > kill.unix_time
    ]
    return min(steps) - kill.unix_time if steps else None


def read_diaries(kills: list[Kill]) -> None:
    """Fill in when each training that was interrupted went on; one that had no epoch left has nothing to tell."""
    for kill in kills:
        if kill.is_back is None:
            kill.seconds = first_step_after(kill)
            kill.moot = kill.seconds is None


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(kills: list[Kill]) -> dict[str, dict[str, float | int]]:
    """Return part -> kills, how many had something to recover, p50, p99 and the longest, in seconds."""
    table: dict[str, dict[str, float | int]] = {}
    for part in sorted({kill.part for kill in kills}):
        of_part = [kill for kill in kills if kill.part == part]
        seconds = [kill.seconds for kill in of_part if kill.seconds is not None]
        row: dict[str, float | int] = {"kills": len(of_part), "recovered": len(seconds)}
        row["moot"] = sum(kill.moot for kill in of_part)
        if seconds:
            row["p50"] = round(statistics.median(seconds), 1)
            row["p99"] = round(percentile(seconds, 0.99), 1)
            row["longest"] = round(max(seconds), 1)
        table[part] = row
    return table
