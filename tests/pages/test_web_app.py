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


def view(dag_id: str, run_id: str, over: bool | None) -> dict[str, Any]:
    return {"report": {"subject": "</script><script>alert(1)</script>\ud800"}, "asked": [dag_id, run_id, over]}


def refuse() -> None:
    raise HTTPException(401)


def routes() -> list[str]:
    app = create_app(view, refuse)
    return [route.path for route in app.routes if isinstance(route, APIRoute)]


def test_nothing_but_guarded_routes_exists() -> None:
    """Documentation pages and static mounts would be open to everybody."""
    app = create_app(view, refuse)
    assert all(isinstance(route, APIRoute) for route in app.routes)
    pages = ["/run", "/pushes", "/run/data", "/containers", "/containers/data"]
    assert routes() == [*pages, "/models/{dag_id}", "/models/{dag_id}/predict", "/assets/{name}"]


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
    assert document["asked"] == ["train_digits", "manual__2026-01-01T00:00:00+00:00", None]
    assert document["report"]["subject"].endswith("\ud800")


@pytest.mark.parametrize(("text", "over"), [("true", True), ("false", False)])
def test_whoever_looks_says_whether_the_run_is_over(text: str, over: bool) -> None:
    client = TestClient(create_app(view, lambda: None))
    assert client.get("/run/data", params={**RUN, "over": text}).json()["asked"][2] is over
    assert client.get("/run/data", params={**RUN, "over": "perhaps"}).status_code == 422


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


class Models:
    """Answers as the served models do, and keeps what it was asked."""

    limit_bytes = 100

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []

    def describe(self, dag_id: str) -> tuple[int, dict[str, Any]]:
        return (200, {"version": 3}) if dag_id == "digits" else (404, {"error": "\ud800"})

    def predict(self, dag_id: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.asked.append((dag_id, body))
        return 413 if len(body) > self.limit_bytes else 200, {"predictions": ["</script>"]}


def test_a_model_is_asked_by_the_dag_in_the_path_alone() -> None:
    models = Models()
    client = TestClient(create_app(view, lambda: None, models=models))
    assert client.get("/models/digits", params={"dag_id": "other"}).json() == {"version": 3}
    assert client.get("/models/other").status_code == 404
    answer = client.post("/models/digits/predict", content=b'{"instances": [1]}', params={"dag_id": "other"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert models.asked == [("digits", b'{"instances": [1]}')]


def test_of_a_body_that_is_too_large_no_more_than_the_limit_is_held() -> None:
    models = Models()
    client = TestClient(create_app(view, lambda: None, models=models))
    answer = client.post("/models/digits/predict", content=(b"x" * 64 for _ in range(1000)))
    assert answer.status_code == 413 and len(models.asked[0][1]) == models.limit_bytes + 1


def test_without_models_each_answer_is_one_sentence() -> None:
    client = TestClient(create_app(view, lambda: None))
    for answer in (client.get("/models/digits"), client.post("/models/digits/predict", json={})):
        assert (answer.status_code, answer.json()) == (404, {"error": "No model is served."})
