"""Airflow's real processes on this machine, as tests start, kill and ask them."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import requests

from pushtune.commands.airflow_config import LOCK_WAIT_SECONDS

PROJECT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 240


class AirflowProcesses:
    """An Airflow of its own in ``home``, whose DAGs lie in ``home/dags``.

    Attributes:
        address: of its API server. headers: prove the login of its administrator. running: name -> process.

    Args:
        names: of the processes. environment: variables besides the usual ones, or instead of them.
    """

    def __init__(self, home: Path, names: Sequence[str], **environment: str) -> None:
        self.home = home
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.password = secrets.token_hex(12)
        (home / "passwords.json").write_text(json.dumps({"admin": self.password}))
        self.environment = self._environment() | environment
        config = Path(self.environment["AIRFLOW_HOME"]) / "config"
        config.parent.mkdir(parents=True, exist_ok=True)
        if not config.exists():
            config.symlink_to(PROJECT / "config")
        assert self._airflow("db", "migrate").wait(PATIENCE_SECONDS) == 0, f"logs are in {home}"
        for name in names:
            self.start(name)
        self.wait(lambda: requests.get(f"{self.address}/api/v2/version", timeout=5).ok, "the API server answers")
        self.headers = {"Authorization": f"Bearer {self.token()}"}

    def token(self) -> str:
        """Log in and return the token."""
        login = {"username": "admin", "password": self.password}
        return str(requests.post(f"{self.address}/auth/token", json=login, timeout=30).json()["access_token"])

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

    def start_run(self, dag_id: str, **conf: Any) -> str:
        answer = self.call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        return str(answer["dag_run_id"])

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return what the REST API answers; raises requests.HTTPError where it refuses."""
        address = f"{self.address}/api/v2{path}"
        answer = requests.request(method, address, headers=self.headers, timeout=60, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(requests.RequestException):
                if condition():
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}; logs are in {self.home}")
            time.sleep(0.5)

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
            "AIRFLOW_HOME": str(self.home / "airflow"),
            # As in the product: a writer waits for the others, where SQLite's own patience is 5 s.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow/airflow.db?timeout={LOCK_WAIT_SECONDS}",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self.address.rsplit(":", 1)[1],
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "0",
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": "0",
        }
