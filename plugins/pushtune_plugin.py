"""Registers Pushtune's pages with Airflow. Every Airflow process imports this file, so it imports nothing heavy."""

from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin

PREFIX = "/pushtune"


class LazyApplication:
    """An ASGI application that is built by its first request: only the API server ever needs it."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if self._app is None:
            self._app = build_application()
        await self._app(scope, receive, send)


def build_application() -> Any:
    """Return the web application, joined with the stages whose results it shows."""
    from pushtune.notifying.report import build_report
    from pushtune.pages.airflow_login import may_read_runs
    from pushtune.pages.run_view import run_view
    from pushtune.pages.web_app import create_app
    from pushtune.running.workspace import run_folder
    from pushtune.settings import load_settings

    settings = load_settings()

    def view(dag_id: str, run_id: str) -> dict[str, Any]:
        return run_view(run_folder(settings, dag_id, run_id), build_report)

    return create_app(view, may_read_runs())


class PushtunePlugin(AirflowPlugin):
    """The tab "Tuning" of every DAG run, and the application that serves it."""

    name = "pushtune"
    fastapi_apps = [{"app": LazyApplication(), "url_prefix": PREFIX, "name": "Pushtune"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Tuning",
            "href": f"{PREFIX}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "tuning",
        }
    ]
