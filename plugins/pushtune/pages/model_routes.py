"""The routes of the models that are served: what answers, and its predictions."""

import json
from typing import Any, Protocol

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool


class Models(Protocol):
    """The models that are served; each answer is a status and a document."""

    limit_bytes: int

    def describe(self, dag_id: str) -> tuple[int, dict[str, Any]]: ...
    def predict(self, dag_id: str, body: bytes) -> tuple[int, dict[str, Any]]: ...


class NoModels:
    """Stands for them where there are none."""

    limit_bytes = 0

    def describe(self, dag_id: str) -> tuple[int, dict[str, Any]]:
        """Return that nothing is served."""
        return 404, {"error": "No model is served."}

    def predict(self, dag_id: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Return that nothing is served."""
        return self.describe(dag_id)


NO_MODELS = NoModels()


def add_model_routes(app: FastAPI, models: Models) -> None:
    """Add the routes to ``app``, whose dependencies guard them: the DAG is named in their path."""

    @app.get("/models/{dag_id}")
    def model(dag_id: str) -> Response:
        return as_json(*models.describe(dag_id))

    @app.post("/models/{dag_id}/predict")
    async def predict(dag_id: str, request: Request) -> Response:
        body = await _body(request, models.limit_bytes)
        # The container answers when it likes: nobody else shall wait for it.
        return as_json(*await run_in_threadpool(models.predict, dag_id, body))


async def _body(request: Request, limit_bytes: int) -> bytes:
    """Return the body, or its beginning where it is too large: more than the limit is never held."""
    received = bytearray()
    async for part in request.stream():
        received += part[: limit_bytes + 1 - len(received)]
        if len(received) > limit_bytes:
            break
    return bytes(received)


def as_json(status: int, document: dict[str, Any]) -> Response:
    """Return an answer in plain ASCII: a script can put half a character into a text, which has no form in UTF-8."""
    content = json.dumps(document, ensure_ascii=True, allow_nan=False)
    return Response(content, status, media_type="application/json", headers={"Cache-Control": "no-store"})
