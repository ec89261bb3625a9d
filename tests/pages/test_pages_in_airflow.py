"""The pages in a real API server: who gets in, and that Airflow shows the tab."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from fastapi.routing import APIRoute
from tests.notifying.run_samples import write_tuned_run

from pushtune.pages.web_app import create_app
from pushtune.running.workspace import run_folder
from pushtune.settings import load_settings

PROJECT = Path(__file__).parents[2]
RUN = {"dag_id": "train_digits", "run_id": "manual__2026-01-01T00:00:00+00:00"}
START_LIMIT_SECONDS = 180
pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@dataclass(frozen=True)
class Server:
    """A running API server with two users."""

    address: str
    admin_password: str

    def token(self) -> str:
        answer = requests.post(
            f"{self.address}/auth/token", json={"username": "admin", "password": self.admin_password}, timeout=30
        )
        return str(answer.json()["access_token"])

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(f"{self.address}{path}", timeout=60, allow_redirects=False, **options)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("pages")
    settings = load_settings({"PUSHTUNE_HOME": str(home)})
    write_tuned_run(run_folder(settings, RUN["dag_id"], RUN["run_id"]))
    port, password = _free_port(), secrets.token_hex(12)
    (home / "passwords.json").write_text(json.dumps({"admin": password}))
    environment = {
        **os.environ,
        "PUSHTUNE_HOME": str(home),
        "PYTHONPATH": f"{PROJECT / 'plugins'}:{PROJECT / 'training'}",
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
    }
    airflow = [sys.executable, "-m", "airflow"]
    subprocess.run([*airflow, "db", "migrate"], env=environment, check=True, timeout=300, capture_output=True)
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*airflow, "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", process, home / "server.log")
            yield Server(f"http://127.0.0.1:{port}", password)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def all_routes() -> list[str]:
    app = create_app(lambda dag_id, run_id: {}, lambda: None)
    paths = [route.path for route in app.routes if isinstance(route, APIRoute)]
    return [path.replace("{name}", name) for path in paths for name in ("run.js", "plotly.min.js")]


@pytest.mark.parametrize("path", sorted(set(all_routes())))
def test_no_route_answers_without_a_login(server: Server, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Cookie": "_token=nonsense"}):
        answer = server.get(f"/pushtune{path}", params=RUN, headers=headers)
        assert answer.status_code in (401, 403), headers
        assert len(answer.content) < 200


@pytest.mark.parametrize("path", sorted(set(all_routes())))
def test_every_route_answers_with_a_login(server: Server, path: str) -> None:
    token = server.token()
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"_token={token}"}):
        assert server.get(f"/pushtune{path}", params=RUN, headers=headers).status_code == 200


def test_the_data_of_a_run(server: Server) -> None:
    headers = {"Authorization": f"Bearer {server.token()}"}
    view = server.get("/pushtune/run/data", params=RUN, headers=headers).json()
    assert view["report"]["final"]["objective"] == 0.9312
    other = {**RUN, "dag_id": "another_dag"}
    assert server.get("/pushtune/run/data", params=other, headers=headers).json()["report"]["commit"] is None


def test_airflow_shows_the_tabs(server: Server) -> None:
    headers = {"Authorization": f"Bearer {server.token()}"}
    plugins = server.get("/api/v2/plugins", headers=headers).json()["plugins"]
    [ours] = [plugin for plugin in plugins if plugin["name"] == "pushtune"]
    views = {view["name"]: (view["destination"], view["href"]) for view in ours["external_views"]}
    assert views == {
        "Tuning": ("dag_run", "/pushtune/run?dag_id={DAG_ID}&run_id={RUN_ID}"),
        "Pushes": ("dag", "/pushtune/pushes?dag_id={DAG_ID}"),
        "Containers": ("dag", "/pushtune/containers?dag_id={DAG_ID}"),
    }


def test_nothing_heavy_is_imported_by_the_plugin() -> None:
    program = (
        "import sys, pushtune_plugin\n"
        "heavy = {'plotly', 'mlflow', 'optuna', 'docker', 'sendgrid', 'pushtune.notifying.report'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT / 'plugins'}:{PROJECT / 'training'}"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if requests.get(f"{address}/api/v2/monitor/health", timeout=5).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.5)
    raise AssertionError(log.read_text()[-3000:])
