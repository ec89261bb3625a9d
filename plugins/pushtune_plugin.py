"""Registers Pushtune's pages and webhooks with Airflow.

Every Airflow process imports this file, so it imports nothing heavy.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin

PREFIX = "/pushtune"
HOOKS_PREFIX = "/pushtune-hooks"


class LazyApplication:
    """An ASGI application that is built by its first request: only the API server ever needs it."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if self._app is None:
            self._app = self._build()
        await self._app(scope, receive, send)


def build_application() -> Any:
    """Return the web application, joined with the stages whose results it shows."""
    from pushtune.healing.container_view import container_view
    from pushtune.notifying.report import build_report
    from pushtune.pages.airflow_login import may_read_runs
    from pushtune.pages.run_view import run_view
    from pushtune.pages.web_app import create_app
    from pushtune.promoting.served_model import ServedModels
    from pushtune.running.workspace import run_folder
    from pushtune.settings import load_settings

    settings = load_settings()

    def view(dag_id: str, run_id: str, over: bool | None) -> dict[str, Any]:
        return run_view(run_folder(settings, dag_id, run_id), build_report, over)

    models = ServedModels(settings.serving, settings.serving_answer_seconds, settings.serving_body_limit_bytes)
    return create_app(view, may_read_runs(), partial(container_view, settings), models)


def build_hooks() -> Any:
    """Return the application that takes webhooks. Unlike the pages it asks for a signature, not for a login."""
    from airflow.sdk import BaseHook

    from pushtune.settings import load_settings
    from pushtune.watching.configuration_files import RepositoryBook
    from pushtune.watching.webhook_app import create_hook_app

    settings = load_settings()

    def password_of(connection_id: str) -> str:
        return BaseHook.get_connection(connection_id).password or ""

    return create_hook_app(RepositoryBook(settings).find, password_of, settings.home)


class PushtunePlugin(AirflowPlugin):
    """The tabs of every run and every DAG, the application that serves them, and the webhooks."""

    name = "pushtune"
    fastapi_apps = [  # noqa: RUF012
        {"app": LazyApplication(build_application), "url_prefix": PREFIX, "name": "Pushtune"},
        {"app": LazyApplication(build_hooks), "url_prefix": HOOKS_PREFIX, "name": "Pushtune webhooks"},
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "Tuning",
            "href": f"{PREFIX}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "tuning",
        },
        {
            "name": "Pushes",
            "href": f"{PREFIX}/pushes?dag_id={{DAG_ID}}",
            "destination": "dag",
            "url_route": "pushes",
        },
        {
            "name": "Containers",
            "href": f"{PREFIX}/containers?dag_id={{DAG_ID}}",
            "destination": "dag",
            "url_route": "containers",
        },
    ]
