"""The real system with everything around it: watched repositories, people who push, the mail service, the engine."""

import contextlib
import json
import os
import random
import resource
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from tests.containers.engine_proxy import EngineProxy
from tests.end_to_end.driver import Driver
from tests.faults.evidence import ENDED, AirflowRecords, Engine, Task
from tests.faults.recovery import Kill, Tasks, Watch
from tests.faults.remotes import developer, named, running_remote
from tests.notifying.sendgrid_server import running_sendgrid

from pushtune.commands import instance, supervisor
from pushtune.commands.added_repositories import add_repository
from pushtune.errors import AirflowNotReady, AirflowRefused
from pushtune.promoting.registry import champion_to_serve
from pushtune.promoting.served_model import ServedModels
from pushtune.running.container_labels import installation_id
from pushtune.settings import Settings

SCRIPT = Path(__file__).with_name("scripts") / "witnessed.py"
POLL_INTERVAL_SECONDS = 3
OPEN_FILES = 8192
TARGET = 0.999  # never met, so that every trial trains to its end
EASY_TARGET = 0.5  # met by the script as it was pushed
CHAMPION_SECONDS = 300
STARTS_LIMIT = 3
ANSWER_SECONDS = 5.0
# Kills come here a thousand times more often than anywhere else, so neither the number of tries nor the growing pauses
# between them are what is looked at.
RESTART_LIMIT = 30
RESTART_DELAY_SECONDS = 0
TASK_TITLE = "airflow worker -- "


@dataclass
class Repair:
    """Something that is broken until ``due`` (of the monotonic clock)."""

    due: float
    what: str
    action: Callable[[], object]


class World(Driver):
    """One instance below ``folder``, watching the repositories ``names``; ``chance`` decides whatever is random."""

    def __init__(self, folder: Path, names: Sequence[str], chance: random.Random) -> None:
        self.chance = chance
        self.repairs: list[Repair] = []
        self.marked_failed: set[str] = set()
        self.paused: set[str] = set()
        self.left_by_stop: list[str] = []
        self._stack = ExitStack()
        self._ended = False
        self._environment = dict(os.environ)
        _allow_many_files()
        watched = folder / "watched.yaml"
        watched.write_text("repositories: []\n")
        home = folder / "home"
        home.mkdir()
        settings = Settings(
            home=home,
            port=_free_port(),
            watched_repositories=watched,
            restart_delay_seconds=RESTART_DELAY_SECONDS,
        )
        super().__init__(settings)
        self.remotes = folder / "remotes"
        self.remotes.mkdir()
        self.developers = {name: developer(self.remotes / name, SCRIPT.read_text()) for name in names}
        self.remote = self._stack.enter_context(running_remote(self.remotes, random.Random(chance.random())))
        self.mail = self._stack.enter_context(running_sendgrid())
        self.proxy = EngineProxy(folder / "engine.sock")
        self.records = AirflowRecords(self.settings.airflow_home)
        self.reality = Engine(installation_id(self.settings))
        self.watcher = Watch(self.records, self.reality, self.processes)

    @property
    def kills(self) -> list[Kill]:
        return self.watcher.kills

    def begin(self, target: float = TARGET) -> None:
        """Start everything and push once to each repository."""
        connection = {"conn_type": "sendgrid", "host": self.mail.address, "password": "SG.key", "extra": {"timeout": 5}}
        os.environ |= {
            "AIRFLOW_CONN_SENDGRID_DEFAULT": json.dumps(connection),
            "DOCKER_HOST": self.proxy.url,
            "PUSHTUNE_RESTART_LIMIT": str(RESTART_LIMIT),
        }
        self.reality.listen()
        self.watcher.start()
        for name, person in self.developers.items():
            person.push_commit()
            self._watch(name, target)
        self.start()

    def win_champions(self) -> None:
        """Wait until a champion of each repository is served, after ``begin(EASY_TARGET)``; then raise the target."""
        for name in self.developers:
            self.wait(f"a served champion of {name}", lambda name=name: self.served_version(name), CHAMPION_SECONDS)
            self._watch(name, TARGET)

    def _watch(self, name: str, target: float) -> None:
        add_repository(
            self.settings,
            {
                **named(self.remotes / name, self.remote, name),
                "poll_interval_seconds": POLL_INTERVAL_SECONDS,
                "target": target,
                "rounds": 1,
                "trials_per_round": 2,
                "epochs": 8,
                "notify": [f"{name}@localhost"],
                "serve": True,
            },
        )

    def start(self) -> None:
        """``make up``, again where a busy machine took longer than it allows."""
        for attempts_left in range(STARTS_LIMIT - 1, -1, -1):
            try:
                return super().start()
            except AirflowNotReady:
                if not attempts_left:
                    raise
        return None

    def end(self) -> None:
        """Stop everything and give back what was taken; once."""
        if self._ended:
            return
        self._ended = True
        self.repair_all()
        instance.down(self.settings)
        self.left_by_stop = [container.name for container in (*self.reality.containers(), *self.reality.servers())]
        self.watcher.stop()
        for container in (*self.reality.containers(everything=True), *self.reality.servers(everything=True)):
            container.remove(force=True)
        self.proxy.cut()
        self._stack.close()
        os.environ.clear()
        os.environ.update(self._environment)

    # What can be killed.

    def component(self, name: str) -> int:
        """Return the process of one of Airflow's parts, or of ``launcher``; 0 where it does not run now."""
        try:
            document = json.loads(supervisor.instance_file(self.settings).read_text())
        except (FileNotFoundError, ValueError):
            return 0
        found = document["supervisor"] if name == "launcher" else document["components"].get(name)
        return int(found["pid"]) if found and psutil.pid_exists(found["pid"]) else 0

    def processes(self) -> list[int]:
        """Return all processes of the instance."""
        found = []
        for name in ("launcher", *supervisor.COMPONENTS):
            with contextlib.suppress(psutil.Error):
                if pid := self.component(name):
                    found += [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        return found

    def task_processes(self) -> dict[int, Task]:
        """Return the processes that run a task's code now: process id -> task instance."""
        tasks = {task.id: task for task in self.records.tasks().values() if task.state == "running"}
        found = {}
        with contextlib.suppress(psutil.Error):
            scheduler = self.component("scheduler")
            for process in psutil.Process(scheduler).children(recursive=True) if scheduler else []:
                with contextlib.suppress(psutil.Error):
                    title = " ".join(process.cmdline()).strip()
                    task = tasks.get(title.removeprefix(TASK_TITLE).replace("-", ""))
                    if task is not None:
                        found[process.pid] = task
        return found

    def killed(self, part: str, told: str, is_back: Callable[[Tasks], bool] | None = None, folder: str = "") -> str:
        """Keep a kill that just happened; return ``told``."""
        self.kills.append(Kill(time.time(), part, told, folder, is_back))
        return told

    # What is broken for a while.

    def broken(self, seconds: float, what: str, repair: Callable[[], object]) -> str:
        """Have ``repair`` called in so many seconds; return what is broken for how long."""
        self.repairs.append(Repair(time.monotonic() + seconds, what, repair))
        return f"{what} for {seconds:.0f} s"

    def is_broken(self, what: str) -> bool:
        return any(repair.what == what for repair in self.repairs)

    def repair_due(self) -> None:
        """Repair what is due; what cannot be repaired yet (Airflow does not answer) is tried again."""
        for repair in [repair for repair in self.repairs if repair.due <= time.monotonic()]:
            with contextlib.suppress(AirflowNotReady, AirflowRefused):
                repair.action()
                self.repairs.remove(repair)

    def repair_all(self) -> None:
        """Repair everything now."""
        deadline = time.monotonic() + 120
        while self.repairs and time.monotonic() < deadline:
            for repair in self.repairs:
                repair.due = 0.0
            self.repair_due()
            time.sleep(0.2)
        assert not self.repairs, f"not repaired: {[repair.what for repair in self.repairs]}"

    def pause(self, name: str, paused: bool) -> None:
        self.api._call("PATCH", f"/dags/{name}", json={"is_paused": paused})

    # How far things are.

    def head_state(self, name: str) -> str:
        """Return what the ledger says of the newest push; empty where nothing."""
        record = self.records.ledger(name).get(self.developers[name].head)
        return str(record["state"]) if record else ""

    def active_runs(self, name: str) -> list[str]:
        return [run_id for run_id, state in self.records.runs(name).items() if state not in ENDED]

    def is_idle(self, name: str) -> bool:
        """Say whether the newest push has its end and nothing runs."""
        return self.head_state(name) in ("trained", "failed") and not self.active_runs(name)

    def run_folders(self) -> list[tuple[str, str, Path]]:
        """Return (repository, run id, folder) of each run."""
        return [
            (name, run_id, self.folder(name, run_id)) for name in self.developers for run_id in self.records.runs(name)
        ]

    def serves_champion(self, name: str) -> bool:
        """Say whether the champion of this repository answers; true where there is none."""
        champion = champion_to_serve(self.settings.registry_folder, name)
        return champion is None or self.served_version(name) == champion["version"]

    def served_version(self, name: str) -> int | None:
        """Return the version that answers, asked past the API server, which may be down; None where none does."""
        models = ServedModels(self.settings.serving, ANSWER_SECONDS, self.settings.serving_body_limit_bytes)
        status, document = models.describe(name)
        return int(document["version"]) if status == 200 else None

    def facts(self) -> dict[str, Any]:
        """Return how much was done."""
        return {
            "pushes": sum(len(person.heads) for person in self.developers.values()),
            "runs": sum(len(self.records.runs(name)) for name in self.developers),
            "remote_requests_failed": self.remote.failed,
            "mail_calls": len(self.mail.requests),
            "mails_accepted": len(self.mail.accepted),
            "containers": sum(event.action == "create" for event in self.reality.events),
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _allow_many_files() -> None:
    """All connections of the containers' tasks to the engine go through this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
