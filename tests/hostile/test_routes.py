"""Every route of the web server, ours and Airflow's, in a real API server: none answers without login or signature."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fastapi.routing import APIRoute
from tests.pages.test_pages_in_airflow import Server, server

from pushtune_plugin import PushtunePlugin

__all__ = ["server"]
pytestmark = [pytest.mark.airflow, pytest.mark.slow]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
REFUSED = (401, 403, 405)
STRANGERS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": "Bearer nonsense"},
    {"Authorization": "Basic YWRtaW46YWRtaW4="},
    {"Cookie": "_token=nonsense"},
    {"X-Forwarded-User": "admin", "Remote-User": "admin"},
    {"X-Hub-Signature-256": "sha256=" + "0" * 64, "X-GitHub-Event": "push", "X-GitHub-Delivery": "1"},
    {"X-Gitlab-Token": "", "X-Gitlab-Event": "Push Hook"},
    {"X-Gitea-Signature": "0" * 64, "X-Gitea-Event": "push", "X-Gitea-Delivery": "1"},
    {"X-Pushtune-Signature": "0" * 64, "X-Pushtune-Timestamp": "0"},
)
# What Airflow has to show to whoever logs in: whether it lives, its version, the login itself.
PUBLIC = re.compile(
    r"/api/v2/(monitor/health|version)|/auth/(token(/cli)?|login|logout|openapi\.json|docs|redoc).*|/api/v2/auth/(login|logout)"
)
VALUES = {"name": "run.js", "dag_id": "train_digits", "dag_run_id": "x", "run_id": "x", "rest_of_path": "x"}


def own_routes() -> Iterator[tuple[str, Any]]:
    """Yield (prefix, route) of everything that the plugin serves, whatever kind of route it is."""
    for registered in PushtunePlugin.fastapi_apps:
        yield from ((str(registered["url_prefix"]), route) for route in registered["app"]._build().routes)


def filled(path: str) -> str:
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: VALUES.get(found.group(1), "1"), path)


def test_only_ordinary_routes_exist() -> None:
    """A mount or a page of documentation would be open to everybody."""
    routes = [(prefix, route) for prefix, route in own_routes()]
    assert len(routes) >= 4 and all(isinstance(route, APIRoute) for _, route in routes)


def test_none_of_ours_answers_a_stranger(server: Server) -> None:
    paths = sorted({prefix + filled(route.path) for prefix, route in own_routes()})
    for path in paths:
        for method in METHODS:
            for headers in STRANGERS:
                answer = _ask(server, method, path, headers)
                assert answer.status_code in REFUSED, (method, path, headers, answer.status_code)
                assert len(answer.content) < 200, path


@pytest.mark.parametrize("prefix", [str(registered["url_prefix"]) for registered in PushtunePlugin.fastapi_apps])
@pytest.mark.parametrize("path", ["", "/", "/docs", "/redoc", "/openapi.json", "/assets/../run", "/static/x", "//run"])
def test_nothing_else_is_served(server: Server, prefix: str, path: str) -> None:
    answer = _ask(server, "GET", prefix + path, {})
    served_by_airflow = "text/html" in answer.headers.get("content-type", "") and b"root" in answer.content
    assert answer.status_code in (401, 403, 404, 405) or served_by_airflow, (answer.status_code, answer.text[:200])
    assert b"pushtune_plugin" not in answer.content and b"paths" not in answer.content


def test_none_of_airflows_answers_a_stranger(server: Server) -> None:
    documents = server.get("/openapi.json").json()["paths"]
    asked = [(method, path) for path, methods in documents.items() for method in methods if method.upper() in METHODS]
    assert len(asked) > 100
    found = {
        (method, path): _ask(server, method.upper(), filled(path), {}).status_code
        for method, path in asked
        if not PUBLIC.fullmatch(path)
    }
    assert {place: status for place, status in found.items() if status not in REFUSED} == {}


def _ask(server: Server, method: str, path: str, headers: dict[str, str]) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    return session.request(
        method, server.address + path, headers=headers, params={"dag_id": "train_digits", "run_id": "x"},
        data=b"{}" if method in ("POST", "PUT", "PATCH") else None, timeout=60, allow_redirects=False,
    )  # fmt: skip
