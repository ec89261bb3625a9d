"""Airflow's processes on this machine, with one DAG that trains in containers by a stand-in for the runtime."""

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
PROCESSES = ("api-server", "scheduler", "dag-processor")
PATIENCE_SECONDS = 240
LABEL = "{{ 7 * 7 }}.py:31 filters 16"  # a file of a repository may have such a name
DAG = '''
from pathlib import Path

from airflow.sdk import DAG, get_current_context, task

from pushtune.running.training_operator import TrainingOperator, restart_arguments
from pushtune.running.workspace import prepare_trial, run_folder
from pushtune.settings import load_settings
from pushtune_contract.request import TrialRequest

settings = load_settings()

with DAG("training", schedule=None, is_paused_upon_creation=False):

    @task
    def plan():
        folder = run_folder(settings, "training", get_current_context()["dag_run"].run_id)
        request = TrialRequest(mode="trial", entry="run.py", trial_number=3)
        return [prepare_trial(folder, "trials/003", request, settings.home / "checkout", settings, label={label!r})]

    TrainingOperator.partial(
        task_id="trial", image={image!r}, entrypoint=["python3", "-u", "/pushtune/code/run.py"],
        **restart_arguments(settings),
    ).expand(trial=plan())
'''


class TrainingAirflow:
    """Starts and kills an Airflow of its own in ``home``; ``script`` is what each container runs.

    ``service_dags``: names of the project's own DAG files that run beside. ``more``: further environment variables.
    """

    def __init__(self, home: Path, image: str, script: str, service_dags: tuple[str, ...] = (), **more: str) -> None:
        self.home = home
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        password = secrets.token_hex(12)
        for name, text in (
            ("dags/training.py", DAG.format(image=image, label=LABEL)),
            ("checkout/run.py", script),
            ("passwords.json", json.dumps({"admin": password})),
        ):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
        for name in service_dags:
            (home / "dags" / name).symlink_to(PROJECT / "dags" / name)
        self.environment = self._environment() | more
        self._airflow("db", "migrate").wait(PATIENCE_SECONDS)
        for name in PROCESSES:
            self.start(name)
        self.wait(lambda: requests.get(f"{self.address}/api/v2/version", timeout=5).ok, "the API server answers")
        login = {"username": "admin", "password": password}
        answer = requests.post(f"{self.address}/auth/token", json=login, timeout=30)
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self.wait(lambda: self.call("GET", "/dags/training"), "the DAG is known")

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

    def start_run(self, dag_id: str = "training") -> str:
        answer = self.call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None})
        return str(answer["dag_run_id"])

    def trial(self, run_id: str) -> dict[str, Any]:
        """Return what Airflow says about the trial's task; empty before it is mapped."""
        found = self.call("GET", f"/dags/training/dagRuns/{run_id}/taskInstances")["task_instances"]
        return next((task for task in found if task["task_id"] == "trial" and task["map_index"] == 0), {})

    def clear_trial(self, run_id: str) -> None:
        document = {"dry_run": False, "dag_run_id": run_id, "task_ids": [["trial", 0]], "only_failed": False}
        self.call("POST", "/dags/training/clearTaskInstances", json=document)

    def outcome(self, run_id: str) -> dict[str, Any]:
        """Wait for the end of the trial and return what it returned."""
        self.wait(lambda: self.trial(run_id).get("state") in ("success", "failed"), "the trial has ended")
        assert self.trial(run_id)["state"] == "success", f"logs are in {self.home}"
        path = f"/dags/training/dagRuns/{run_id}/taskInstances/trial/xcomEntries/return_value"
        value = self.call("GET", path, params={"map_index": 0, "deserialize": "true"})["value"]
        return dict(json.loads(value) if isinstance(value, str) else value)

    def task_process(self, run_id: str) -> int:
        """Return the process that executes the trial's task; its title ends in the id of the task instance."""
        wanted = f"airflow worker -- {self.trial(run_id)['id']}"
        rows = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        (found,) = [int(pid) for pid, title in (row.split(None, 1) for row in rows.splitlines()) if title == wanted]
        return found

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(requests.RequestException):
                if condition():
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}; logs are in {self.home}")
            time.sleep(0.5)

    def call(self, method: str, path: str, **options: Any) -> Any:
        address = f"{self.address}/api/v2{path}"
        answer = requests.request(method, address, headers=self.headers, timeout=60, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _airflow(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments], env=self.environment, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PUSHTUNE_"))}
        return inherited | {
            "PYTHONPATH": f"{PROJECT / 'plugins'}:{PROJECT / 'training'}",
            "PUSHTUNE_HOME": str(self.home),
            "PUSHTUNE_RESTART_DELAY_SECONDS": "2",
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self.address.rsplit(":", 1)[1],
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "0",
        }
