"""The web application below ``/pushtune``: the pages of a run and of a DAG, their files, and the models that answer.

The page stands in a frame inside Airflow and acts with the rights of whoever looks at it, so nothing from a repository
may ever become markup: the server sends plain JSON, the page's script writes it as text, and the policy below forbids
every script that is not one of our files.
"""

import importlib.util
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse

from pushtune.pages.model_routes import NO_MODELS, Models, add_model_routes, as_json

ASSETS = Path(__file__).resolve().parent / "assets"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
PLOTLY = "plotly.min.js"
DAY_SECONDS = 86_400

RunView = Callable[[str, str, bool | None], dict[str, Any]]
DagView = Callable[[str], dict[str, Any]]
NOTHING_SEEN: dict[str, Any] = {"checked_unix_time": 0.0, "containers": [], "actions": []}


def create_app(
    view: RunView, may_read: Any, containers: DagView = lambda dag_id: NOTHING_SEEN, models: Models = NO_MODELS
) -> FastAPI:
    """Return the application.

    Args:
        view: dag id, run id, and whether the run is over (None: not known) -> the document that the page is drawn from.
        containers: dag id -> the document that the page of its containers is drawn from.
        models: what answers predictions.
        may_read: dependency that refuses whoever may not see the DAG in the path or query; it guards every route.
    """
    app = FastAPI(
        title="Pushtune", dependencies=[Depends(may_read)], docs_url=None, redoc_url=None, openapi_url=None
    )

    @app.middleware("http")
    async def add_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.get("/run")
    def page(dag_id: str, run_id: str) -> Response:
        return FileResponse(ASSETS / "run.html", headers={"Cache-Control": "no-cache"})

    @app.get("/pushes")
    def pushes(dag_id: str) -> Response:
        return FileResponse(ASSETS / "pushes.html", headers={"Cache-Control": "no-cache"})

    @app.get("/run/data")
    def data(dag_id: str, run_id: str, over: bool | None = None) -> Response:
        # Whoever looks has asked Airflow, with their own rights. The answer decides what is shown, and nothing else.
        return as_json(200, view(dag_id, run_id, over))

    @app.get("/containers")
    def containers_page(dag_id: str) -> Response:
        return FileResponse(ASSETS / "containers.html", headers={"Cache-Control": "no-cache"})

    @app.get("/containers/data")
    def containers_data(dag_id: str) -> Response:
        return as_json(200, containers(dag_id))

    add_model_routes(app, models)

    @app.get("/assets/{name}")
    def asset(name: str) -> Response:
        path = _assets().get(name)
        if path is None:
            return Response(status_code=404)
        return FileResponse(path, headers={"Cache-Control": f"private, max-age={DAY_SECONDS if name == PLOTLY else 0}"})

    return app


def _assets() -> dict[str, Path]:
    """Name -> file of everything that the page loads; nothing else is served, whatever the name."""
    own = ("text.js", "run.js", "charts.js", "pushes.js", "containers.js", "run.css")
    return {name: ASSETS / name for name in own} | {PLOTLY: _plotly()}


def _plotly() -> Path:
    """Plotly's browser bundle out of the Python package, found without importing it."""
    found = importlib.util.find_spec("plotly")
    locations = found.submodule_search_locations if found is not None else None
    if not locations:
        raise ModuleNotFoundError("plotly")
    return Path(locations[0]) / "package_data" / PLOTLY
