"""All hostile repositories through one real Airflow, several at a time, and then an honest one, which trains.

    .venv/bin/python -m pytest -s tests/hostile/hostile_storm.py

prints a line as each run ends: what stopped it, how it ended, seconds. HOSTILE_ONLY=<regular expression> chooses some
of the attacks, HOSTILE_AT_ONCE=<number> how many run at once, HOSTILE_MINUTES=<number> bounds the time: attacks not yet
begun by then are skipped. Twice as many at once as there are cores leave each training enough of them for its time
limit; with eleven at once an ordinary script once met it. Its name keeps it out of `make test`.
"""

import contextlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from driver import Driver
from tests.end_to_end.conftest import free_port
from tests.hostile.attacks import ATTACKS, HONEST, TRAINED, Attack
from tests.hostile.canaries import Canaries
from tests.hostile.hostile_repositories import (
    ESCAPE,
    ORIGIN_NAMES,
    RENDERED,
    make_repository,
    remove_deep_trees,
    remove_own_images,
)

from pushtune.commands import instance
from pushtune.commands.added_repositories import add_repository
from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.build_images import ensure_images
from pushtune.errors import AirflowNotReady
from pushtune.records import read_record
from pushtune.settings import Settings

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow, pytest.mark.timeout(7200)]
LIMITS = {
    "trial_memory_bytes": 2**29, "trial_disk_bytes": 2**26, "trial_temporary_bytes": 2**25, "trial_processes": 64,
    "trial_time_limit_seconds": 120, "restart_limit": 1, "restart_delay_seconds": 1, "disk_reserve_bytes": 0,
    "trials_at_once": 2,
}  # fmt: skip
PATIENCE_SECONDS = 900
AT_ONCE = int(os.environ.get("HOSTILE_AT_ONCE", 2 * (os.cpu_count() or 1)))
MINUTES = float(os.environ.get("HOSTILE_MINUTES", 90))
SECRET_VARIABLES = ("SENDGRID_API_KEY", "AWS_SECRET_ACCESS_KEY", "PUSHTUNE_GIT_PASSWORD")
CHOSEN = [attack for attack in ATTACKS if re.search(os.environ.get("HOSTILE_ONLY", ""), attack.name)]


@dataclass
class Storm:
    """The instance, and what is known about the run of each attack."""

    driver: Driver
    canaries: Canaries
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: list[Attack] = field(default_factory=list)
    slowest_answer_seconds: float = 0.0
    unanswered: int = 0

    def push(self, attack: Attack) -> None:
        folder = self.driver.settings.home.parent / attack.name
        commit = make_repository(attack.name, folder, ORIGIN_NAMES.get(attack.name, "origin.git"))
        add_repository(
            self.driver.settings,
            {"name": attack.name, "url": str(commit.origin), "branch": commit.branch, "watch": False,
             "notify": [f"{attack.name}@localhost"], **attack.entry},
        )  # fmt: skip

    def start(self, attack: Attack) -> None:
        """Start a run as the page does; each ``airflow dags trigger`` would be a process of its own."""
        look = lambda: self.driver.api.get(f"/dags/{attack.name}")  # noqa: E731
        self.driver.wait(f"the DAG {attack.name}", look, 600)
        document = {"logical_date": None, "conf": {"rounds": 0}}
        post = lambda: self.driver.api.post(f"/dags/{attack.name}/dagRuns", document)  # noqa: E731
        self.driver.wait("its run", lambda: self.driver.runs(attack.name) or post(), 120)

    def has_ended(self, attack: Attack) -> bool:
        """Whether its run has ended; notes and prints how."""
        runs = self.driver.runs(attack.name)
        if not runs or runs[0]["state"] not in ("success", "failed"):
            return False
        self.keep(attack, runs[0])
        sys.stdout.write(self.row(attack) + "\n")
        sys.stdout.flush()
        return True

    def keep(self, attack: Attack, run: dict[str, Any]) -> None:
        begin, end = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
        tasks = self.driver.tasks(attack.name, run["dag_run_id"])
        failed = sorted(key[0] for key, task in tasks.items() if task["state"] == "failed" and key[0] != "finish")
        self.runs[attack.name] = {
            "state": run["state"], "failed": failed, "seconds": (end - begin).total_seconds(), "id": run["dag_run_id"]
        }

    def go(self, attacks: list[Attack], seconds: float) -> None:
        """Push and run these, ``AT_ONCE`` at a time; begin none after so many seconds.

        A run that does not end within ``PATIENCE_SECONDS`` has no entry in ``runs``.
        """
        end, waiting, begun = time.monotonic() + seconds, list(attacks), dict[str, tuple[Attack, float]]()
        while begun or (waiting and time.monotonic() < end):
            while waiting and len(begun) < AT_ONCE and time.monotonic() < end:
                attack = waiting.pop(0)
                self.push(attack)
                self.start(attack)
                self.begun.append(attack)
                begun[attack.name] = (attack, time.monotonic() + PATIENCE_SECONDS)
            for name, (attack, patience_ends) in list(begun.items()):
                with contextlib.suppress(AirflowNotReady):
                    if self.has_ended(attack) or time.monotonic() > patience_ends:
                        del begun[name]
            time.sleep(1)

    def probe(self, over: threading.Event) -> None:
        """Ask the API server each second whether it lives."""
        api = AirflowApi(self.driver.settings)
        while not over.wait(1.0):
            started = time.monotonic()
            try:
                api.get("/monitor/health")  # waits half a minute at most
            except AirflowNotReady:
                self.unanswered += 1
            self.slowest_answer_seconds = max(self.slowest_answer_seconds, time.monotonic() - started)

    def row(self, attack: Attack) -> str:
        run = self.runs[attack.name]
        how = ", ".join(run["failed"]) or TRAINED
        return f"{attack.name:28} {attack.stopped_by:52} {how:18} {run['seconds']:6.0f} s"


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    home = tmp_path_factory.mktemp("storm") / "home"
    home.parent.chmod(0o711)
    home.mkdir()
    nothing = home / "watched.yaml"
    nothing.write_text("repositories: []\n")
    settings = Settings(home=home, port=free_port(), watched_repositories=nothing, **LIMITS)
    ensure_images(["classical"], settings)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LIMITS.items():
            patch.setenv(f"PUSHTUNE_{name.upper()}", str(value))
        canaries = Canaries(home, ())
        for name in SECRET_VARIABLES:
            patch.setenv(name, canaries.environment[name])
        storm = Storm(Driver(settings), canaries)
        storm.driver.start()
        over = threading.Event()
        try:
            canaries.learn([settings.run_folder / "secrets.json", settings.run_folder / "passwords.json"])
            threading.Thread(target=storm.probe, args=(over,), daemon=True).start()
            storm.go(CHOSEN, 60 * MINUTES)
            storm.go([HONEST], PATIENCE_SECONDS)
            yield storm
        finally:
            over.set()
            instance.down(settings)
            remove_deep_trees(home)
            canaries.remove()
            remove_own_images(storm.driver.engine)
            Path(ESCAPE).unlink(missing_ok=True)
    ended = f"{len(storm.runs)} runs of {len(CHOSEN) + 1}"
    answers = f"slowest answer of the API server {storm.slowest_answer_seconds:.1f} s, unanswered {storm.unanswered}"
    sys.stdout.write(f"\n{ended}; {answers}\n")


@pytest.mark.parametrize("attack", [*CHOSEN, HONEST], ids=lambda attack: attack.name)
def test_its_run_ends_as_it_must_with_one_mail(storm: Storm, attack: Attack) -> None:
    if attack not in storm.begun:
        pytest.skip("the time was over before it")
    run = storm.runs[attack.name]
    expected = [] if attack.ends == TRAINED else [{"train": "train_classical"}.get(attack.ends, attack.ends)]
    assert run["failed"] == expected and run["state"] == ("failed" if expected else "success")
    report = read_record(storm.driver.folder(attack.name, run["id"]), "report")
    assert report is not None and re.search(attack.says, json.dumps(report["document"]["error"]))
    (mail,) = storm.driver.mails(f"{attack.name}@localhost")
    assert RENDERED not in mail and "\x1b" not in mail


def test_nothing_escaped_and_no_container_is_left(storm: Storm) -> None:
    assert not Path(ESCAPE).exists()
    assert storm.driver.containers(everything=True) == []


def test_no_secret_is_seen_and_no_template_was_rendered(storm: Storm) -> None:
    """In what containers wrote, in every task's log, in the mails, in what the API tells about each run."""
    settings = storm.driver.settings
    runs = [storm.driver.folder(name, run["id"]) for name, run in storm.runs.items()]
    for folder in (*runs, settings.outbox, settings.airflow_home / "logs", settings.registry_folder):
        assert storm.canaries.seen_below(folder) == []
    for name, run in storm.runs.items():
        told = json.dumps(list(storm.driver.tasks(name, run["id"]).values())).encode()
        assert storm.canaries.seen_in(told) == [] and RENDERED.encode() not in told
    for log in (settings.airflow_home / "logs").rglob("*.log"):
        assert RENDERED not in log.read_text(errors="replace"), log


def test_the_host_answered_all_the_time(storm: Storm) -> None:
    assert storm.unanswered == 0


def test_pages_show_every_run(storm: Storm) -> None:
    for name, run in storm.runs.items():
        answer = storm.driver.api._send("GET", "/pushtune/run/data", params={"dag_id": name, "run_id": run["id"]})
        assert answer.status_code == 200 and answer.content.isascii(), name
        assert storm.canaries.seen_in(answer.content) == []
