"""Airflow's four processes on this machine, with DAGs that do nothing but take pushes."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

PROJECT = Path(__file__).resolve().parents[2]
PROCESSES = ("api-server", "scheduler", "dag-processor", "triggerer")
PATIENCE_SECONDS = 180
DAGS = """
import time
from pathlib import Path

from airflow.sdk import DAG, get_current_context, task

from pushtune.settings import load_settings
from pushtune.watching.check_out import check_out
from pushtune.watching.git_sensor import GitSensor
from pushtune.watching.push_ledger import close_push
from pushtune.watching.push_trigger import watched_asset
from pushtune.watching.watched_repositories import load_watched_repositories

settings = load_settings()


def build(repository):
    asset = watched_asset(repository)
    schedule = [asset] if repository.watch else None
    with DAG(repository.name, schedule=schedule, max_active_runs=1, is_paused_upon_creation=False) as dag:
        push = GitSensor(task_id="wait_for_push", repository=repository)

        @task
        def train(push):
            folder = settings.workspaces / get_current_context()["dag_run"].run_id
            facts = check_out(repository.url, repository.branch, push["commit"], folder)
            while (settings.home / f"hold-{repository.name}").exists():
                time.sleep(0.1)
            return facts["commit"]

        @task(trigger_rule="all_done", inlets=[asset])
        def finish(push, commit):
            context = get_current_context()
            outcome = "trained" if commit else "failed"
            close_push(context["asset_state_store"][asset], push, outcome, "", context["dag_run"].run_id)

        finish(push.output, train(push.output))
    return dag


for repository in load_watched_repositories(settings.watched_repositories)[0]:
    globals()[repository.name] = build(repository)
"""


class AirflowInstance:
    """Starts, kills and asks an Airflow of its own in ``home``."""

    def __init__(self, home: Path, watched: list[dict[str, Any]]) -> None:
        self.home = home
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        password = secrets.token_hex(12)
        (home / "dags").mkdir(parents=True)
        (home / "dags" / "pushes.py").write_text(DAGS)
        self.watched = watched
        self.watch(watched)
        (home / "passwords.json").write_text(json.dumps({"admin": password}))
        self.environment = self._environment()
        self._airflow("db", "migrate").wait(PATIENCE_SECONDS)
        for name in PROCESSES:
            self.start(name)
        self.wait(lambda: requests.get(f"{self.address}/api/v2/version", timeout=5).ok, "the API server answers")
        answer = requests.post(
            f"{self.address}/auth/token", json={"username": "admin", "password": password}, timeout=30
        )
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self.wait(lambda: self.get("/dags")["total_entries"] == len(watched), "the DAGs are known")

    def start(self, name: str) -> None:
        self.running[name] = self._airflow(name)

    def kill(self, name: str) -> None:
        """End a process and its children as a power cut does."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def get(self, path: str, **options: Any) -> Any:
        return self._call("GET", path, params=options)

    def watch(self, watched: list[dict[str, Any]]) -> None:
        """Write the list of watched repositories; Airflow notices within seconds."""
        aside = self.home / "watched.new"
        aside.write_text(json.dumps({"repositories": watched}))
        aside.rename(self.home / "watched.yaml")

    def knows(self, dag_id: str) -> bool:
        """Return whether the DAG is there and not stale."""
        return any(dag["dag_id"] == dag_id and not dag["is_stale"] for dag in self.get("/dags", limit=100)["dags"])

    def pause(self, dag_id: str, paused: bool) -> None:
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

    def start_run(self, dag_id: str, **conf: Any) -> str:
        answer = self._call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        return str(answer["dag_run_id"])

    def add_connection(self, connection_id: str, password: str) -> None:
        self._call(
            "POST", "/connections", json={"connection_id": connection_id, "conn_type": "generic", "password": password}
        )

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """End a run by hand and delete it; Airflow refuses to delete one that runs."""
        self._call("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed"})
        self._call("DELETE", f"/dags/{dag_id}/dagRuns/{run_id}")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, the oldest first."""
        return list(self.get(f"/dags/{dag_id}/dagRuns", order_by="id", limit=100)["dag_runs"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        tasks = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in tasks}

    def ledger(self, dag_id: str) -> dict[str, dict[str, Any]]:
        """Return commit -> record, as anybody can read it over REST."""
        (asset,) = self.get("/assets", name_pattern=f"push-to-{dag_id}")["assets"]
        entries = self.get(f"/assets/{asset['id']}/state-store", limit=100)["asset_state_store"]
        return {entry["key"][7:]: entry["value"] for entry in entries if entry["key"].startswith("commit:")}

    def wait_for(self, dag_id: str, commit: str, state: str) -> dict[str, Any]:
        """Wait until the ledger says ``state`` of ``commit``; return the record."""
        self.wait(lambda: self.ledger(dag_id).get(commit, {}).get("state") == state, f"{commit[:8]} is {state}")
        return self.ledger(dag_id)[commit]

    def quiet(self, dag_id: str) -> list[dict[str, Any]]:
        """Wait until no run is active and the watcher had time for several more looks; return the runs."""
        self.wait(lambda: not self._active(dag_id), "all runs have ended")
        time.sleep(8)
        self.wait(lambda: not self._active(dag_id), "all runs have ended")
        return self.runs(dag_id)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(requests.RequestException):
                if condition():
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}; logs are in {self.home}")
            time.sleep(0.5)

    def _active(self, dag_id: str) -> bool:
        return any(run["state"] in ("queued", "running") for run in self.runs(dag_id))

    def _call(self, method: str, path: str, **options: Any) -> Any:
        address = f"{self.address}/api/v2{path}"
        answer = requests.request(method, address, headers=self.headers, timeout=60, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _airflow(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PUSHTUNE_"))}
        return inherited | {
            "PYTHONPATH": f"{PROJECT / 'plugins'}:{PROJECT / 'training'}",
            "PUSHTUNE_HOME": str(self.home),
            "PUSHTUNE_WATCHED_REPOSITORIES": str(self.home / "watched.yaml"),
            "PUSHTUNE_POLL_INTERVAL_SECONDS": "1",
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self.address.rsplit(":", 1)[1],
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "5",
            "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "5",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "0",
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": "0",
        }
