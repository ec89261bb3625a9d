"""The web application without Airflow around it: every route is guarded, nothing else is served."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from pushtune.pages.web_app import ASSETS, create_app

RUN = {"dag_id": "train_digits", "run_id": "manual__2026-01-01T00:00:00+00:00"}


def view(dag_id: str, run_id: str) -> dict[str, Any]:
    return {"report": {"subject": "</script><script>alert(1)</script>\ud800"}, "asked": [dag_id, run_id]}


def refuse() -> None:
    raise HTTPException(401)


def routes() -> list[str]:
    app = create_app(view, refuse)
    return [route.path for route in app.routes if isinstance(route, APIRoute)]


def test_nothing_but_guarded_routes_exists() -> None:
    """Documentation pages and static mounts would be open to everybody."""
    app = create_app(view, refuse)
    assert all(isinstance(route, APIRoute) for route in app.routes)
    assert routes() == ["/run", "/pushes", "/run/data", "/containers", "/containers/data", "/assets/{name}"]


@pytest.mark.parametrize("path", routes())
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_no_route_answers_without_a_login(path: str, method: str) -> None:
    client = TestClient(create_app(view, refuse))
    answer = client.request(method, path.replace("{name}", "run.js"), params=RUN)
    assert answer.status_code in (401, 405)
    assert "function" not in answer.text and "report" not in answer.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/", "/assets", "/assets/../web_app.py"])
def test_nothing_else_is_served(path: str) -> None:
    assert TestClient(create_app(view, lambda: None)).get(path).status_code == 404


@pytest.mark.parametrize("name", ["run.html", "..%2Fweb_app.py", "%2e%2e/web_app.py", "run.js%00", "/etc/passwd", "x"])
def test_only_the_files_of_the_page_are_served(name: str) -> None:
    assert TestClient(create_app(view, lambda: None)).get(f"/assets/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/run", "/pushes", "/containers"])
def test_a_page_loads_only_its_own_files(path: str) -> None:
    client = TestClient(create_app(view, lambda: None))
    page = client.get(path, params=RUN)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded and all(client.get(f"/{name}").status_code == 200 for name in loaded)
    assert "<script>" not in page.text and not re.search(r"\son\w+=", page.text)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_no_file_of_the_page_writes_markup_or_leaves_the_machine() -> None:
    for path in ASSETS.iterdir():
        text = path.read_text()
        found = re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?://", text)
        assert found is None, path.name


def test_data_is_plain_json_whatever_a_text_contains() -> None:
    answer = TestClient(create_app(view, lambda: None)).get("/run/data", params=RUN)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    document = json.loads(answer.text)
    assert document["asked"] == ["train_digits", "manual__2026-01-01T00:00:00+00:00"]
    assert document["report"]["subject"].endswith("\ud800")


def test_a_run_has_to_be_named() -> None:
    assert TestClient(create_app(view, lambda: None)).get("/run").status_code == 422


def test_plotly_comes_from_the_installed_package() -> None:
    answer = TestClient(create_app(view, lambda: None)).get("/assets/plotly.min.js")
    assert answer.status_code == 200 and len(answer.content) > 1_000_000
    assert "max-age=86400" in answer.headers["cache-control"]
    assert Path(ASSETS / "plotly.min.js").exists() is False


def test_the_containers_are_those_of_the_dag_in_the_query() -> None:
    """The login guards that DAG, so nothing else may decide what is shown."""
    asked: list[str] = []
    app = create_app(view, lambda: None, lambda dag_id: asked.append(dag_id) or {"containers": ["\ud800"]})
    answer = TestClient(app).get("/containers/data", params={"dag_id": "digits"})
    assert json.loads(answer.text) == {"containers": ["\ud800"]} and asked == ["digits"]
    assert answer.headers["cache-control"] == "no-store"
    assert TestClient(app).get("/containers/data").status_code == 422
