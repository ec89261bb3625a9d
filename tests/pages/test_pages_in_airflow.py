"""The pages in a real API server: who gets in, and that Airflow shows the tab."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fastapi.routing import APIRoute
from tests.airflow_processes import PROJECT, AirflowProcesses
from tests.notifying.run_samples import write_tuned_run

from pushtune.pages.web_app import create_app
from pushtune.running.workspace import run_folder
from pushtune.settings import load_settings

RUN = {"dag_id": "train_digits", "run_id": "manual__2026-01-01T00:00:00+00:00"}
pytestmark = [pytest.mark.airflow, pytest.mark.slow]


class Server(AirflowProcesses):
    """A running API server."""

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(f"{self.address}{path}", timeout=60, allow_redirects=False, **options)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("pages")
    settings = load_settings({"PUSHTUNE_HOME": str(home)})
    write_tuned_run(run_folder(settings, RUN["dag_id"], RUN["run_id"]))
    server = Server(home, ["api-server"])
    try:
        yield server
    finally:
        server.stop()


def all_routes() -> list[str]:
    app = create_app(lambda dag_id, run_id, over: {}, lambda: None)
    paths = [route.path for route in app.routes if isinstance(route, APIRoute)]
    paths = [path.replace("{dag_id}", RUN["dag_id"]) for path in paths]
    return [path.replace("{name}", name) for path in paths for name in ("run.js", "plotly.min.js")]


@pytest.mark.parametrize("path", sorted(set(all_routes())))
def test_no_route_answers_without_a_login(server: Server, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Cookie": "_token=nonsense"}):
        answer = server.get(f"/pushtune{path}", params=RUN, headers=headers)
        assert answer.status_code in ((405,) if path.endswith("/predict") else (401, 403)), path
        assert len(answer.content) < 200


@pytest.mark.parametrize("path", sorted(set(all_routes())))
def test_every_route_answers_with_a_login(server: Server, path: str) -> None:
    token = server.token()
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"_token={token}"}):
        answer = server.get(f"/pushtune{path}", params=RUN, headers=headers)
        expected = {f"/models/{RUN['dag_id']}": 404, f"/models/{RUN['dag_id']}/predict": 405}  # nothing is served here
        assert answer.status_code == expected.get(path, 200)


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
