"""Drives a running instance as a developer and an operator would: pushes, waits, looks, and breaks things."""

import email
import email.policy
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import git
import psutil

from pushtune.commands import instance
from pushtune.commands.added_repositories import add_repository
from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.airflow_config import environment
from pushtune.errors import AirflowNotReady, AirflowRefused, ModelNotServed
from pushtune.running.container_labels import INSTALLATION, installation_id
from pushtune.running.workspace import run_folder
from pushtune.settings import PROJECT_FOLDER, Settings

AUTHOR = git.Actor("Test Developer", "developer@localhost")
WAIT_SECONDS = 900
POLL_INTERVAL_SECONDS = 2


class Driver:
    """One instance and the repositories that it watches."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.api = AirflowApi(settings)
        self.engine = docker.from_env()

    def start(self) -> None:
        """Start Airflow in the environment of this instance's settings."""
        names = ("home", "port", "watched_repositories", "restart_delay_seconds")
        for name in names:
            os.environ[f"PUSHTUNE_{name.upper()}"] = str(getattr(self.settings, name))
        instance.up(self.settings)

    def watch(self, name: str, **entry: Any) -> None:
        """Create an empty repository, where there is none, and watch it; a second call replaces its entry."""
        git.Repo.init(self.bare(name), bare=True, mkdir=True, initial_branch="main").close()
        add_repository(
            self.settings,
            {
                "name": name,
                "url": str(self.bare(name)),
                "branch": "main",
                "poll_interval_seconds": POLL_INTERVAL_SECONDS,
                **entry,
            },
        )

    def bare(self, name: str) -> Path:
        return self.settings.home / "remotes" / f"{name}.git"

    def push(self, name: str, files: dict[str, str], subject: str) -> str:
        """Commit ``files`` on top of the branch and push; return the commit."""
        folder = self.settings.home / "work" / name
        if not folder.exists():
            git.Repo.clone_from(str(self.bare(name)), folder).close()
        with git.Repo(folder) as work:
            for path, content in files.items():
                (folder / path).write_text(content)
            work.git.add(all=True)
            commit = work.index.commit(subject, author=AUTHOR, committer=AUTHOR)
            work.remotes.origin.push("HEAD:refs/heads/main").raise_if_error()
        return str(commit.hexsha)

    def wait(self, what: str, look: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
        """Return the first true answer of ``look``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                found = look()
            except (AirflowNotReady, AirflowRefused, ModelNotServed, FileNotFoundError):
                found = None
            if found:
                return found
            time.sleep(0.3)
        raise AssertionError(f"{what} did not happen within {seconds} s")

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, the oldest first."""
        return list(self.api.get(f"/dags/{name}/dagRuns", order_by="run_after", limit=100)["dag_runs"])

    def tasks(self, name: str, run_id: str) -> dict[tuple[str, int], dict[str, Any]]:
        """Return (task id, map index) -> task instance."""
        found = self.api.get(f"/dags/{name}/dagRuns/{run_id}/taskInstances", limit=200)["task_instances"]
        return {(task["task_id"], task["map_index"]): task for task in found}

    def finished_run(self, name: str, position: int) -> dict[str, Any]:
        """Wait until the run at ``position`` (from 0) has ended; return it."""

        def look() -> dict[str, Any] | None:
            runs = self.runs(name)
            done = len(runs) > position and runs[position]["state"] in ("success", "failed")
            return runs[position] if done else None

        run: dict[str, Any] = self.wait(f"run {position} of {name} ending", look)
        return run

    def trigger(self, name: str, **conf: Any) -> str:
        """Start a run by ``airflow dags trigger``, as people do; return its id."""
        run_id = f"manual_{time.time_ns()}"
        command = [
            sys.executable,
            "-m",
            "airflow",
            "dags",
            "trigger",
            name,
            "--run-id",
            run_id,
            "--conf",
            json.dumps(conf),
        ]
        self.wait(f"the DAG {name}", lambda: self.api.get(f"/dags/{name}"), 60)
        subprocess.run(command, env=environment(self.settings), cwd=PROJECT_FOLDER, check=True, capture_output=True)
        return run_id

    def folder(self, name: str, run_id: str) -> Path:
        return run_folder(self.settings, name, run_id)

    def containers(self, everything: bool = False) -> list[Any]:
        """Return this instance's containers, the running ones by default."""
        label = f"{INSTALLATION}={installation_id(self.settings)}"
        return list(self.engine.containers.list(all=everything, filters={"label": label}))

    def mails(self, address: str) -> list[str]:
        """Return subject and text of each mail to ``address`` in the outbox."""
        found = []
        for path in sorted(self.settings.outbox.glob("*.eml")):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if address in str(mail["To"]):
                body = mail.get_body(("plain",))
                assert body is not None
                found.append(f"{mail['Subject']}\n{body.get_content()}")
        return found

    def kill_task_process(self, task_instance_id: str) -> None:
        """SIGKILL the process that runs this task instance."""
        title = f"airflow worker -- {task_instance_id}"
        victims = [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if " ".join(process.info["cmdline"] or []).strip() == title
        ]
        assert len(victims) == 1, f"expected one process {title!r}, found {victims}"
        os.kill(victims[0], signal.SIGKILL)
