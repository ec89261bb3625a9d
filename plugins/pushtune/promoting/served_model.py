"""Answers for served models: what is known about one, and its predictions, over the socket of its container."""

import re
import threading
from pathlib import Path
from typing import Any

from pushtune.errors import ModelUnreachable
from pushtune.promoting.model_client import Answer, ask
from pushtune.promoting.serving_state import NOTHING, ServingState, read_state, socket_path
from pushtune_contract.serving import HEALTH_PATH, PREDICT_PATH

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
CALLS_AT_ONCE = 8
HEALTH_SECONDS = 5.0
ROOM_BYTES = 2**20  # beyond the limit that a container keeps to itself: what it says about it has to arrive
PASSED_ON = (200, 400, 413, 500, 503)  # what a container may say about a prediction
TOLD = ("kind", "inputs", "signatures", "uptime_seconds")  # what is taken from its word


class ServedModels:
    """The models below ``root``, as the web server asks for them.

    Args:
        answer_seconds: limit of one prediction. limit_bytes: of a request, and of its predictions.
    """

    def __init__(self, root: Path, answer_seconds: float, limit_bytes: int) -> None:
        self._root, self._answer_seconds, self.limit_bytes = root, answer_seconds, limit_bytes
        self._free = threading.BoundedSemaphore(CALLS_AT_ONCE)

    def describe(self, dag_id: str) -> Answer:
        """Return 200 with what is served, 404 where nothing is, 503 where it does not answer."""
        state = self._state(dag_id)
        if state.model == NOTHING or not state.socket_folder:
            return _not_served(dag_id, state)
        status, said = self._ask(dag_id, state, HEALTH_PATH, None, HEALTH_SECONDS)
        if status != 200:
            return status, said
        model = state.model
        known = {"model": dag_id, "version": model.version, "metric": model.metric, "value": model.value}
        told = {name: said[name] for name in TOLD if name in said}
        return 200, {"status": "ok", **known, **told, "body_limit_bytes": self.limit_bytes, **_waiting(state)}

    def predict(self, dag_id: str, body: bytes) -> Answer:
        """Return what the container answers, or why there is no answer."""
        state = self._state(dag_id)
        if state.model == NOTHING or not state.socket_folder:
            return _not_served(dag_id, state)
        if len(body) > self.limit_bytes:
            return 413, _error(f"A request may have {self.limit_bytes} bytes. Send fewer instances at once.")
        if not self._free.acquire(blocking=False):
            return 503, _error(f"{CALLS_AT_ONCE} predictions are being computed. Try again in a moment.")
        try:
            return self._ask(dag_id, state, PREDICT_PATH, body, self._answer_seconds)
        finally:
            self._free.release()

    def _state(self, dag_id: str) -> ServingState:
        return read_state(self._root / dag_id) if NAME.fullmatch(dag_id) else ServingState()

    def _ask(self, dag_id: str, state: ServingState, request: str, body: bytes | None, seconds: float) -> Answer:
        path = socket_path(self._root / dag_id, state)
        try:
            status, document = ask(path, request, body, seconds, self.limit_bytes + ROOM_BYTES)
        except ModelUnreachable as error:
            return 503, _error(str(error))
        if status not in PASSED_ON:
            return 502, _error(f"The container of {dag_id} answered with the status {status}, which it must not.")
        return status, document


def _not_served(dag_id: str, state: ServingState) -> Answer:
    reasons = [effort.reason for effort in state.efforts.values() if effort.reason]
    if reasons:
        return 404, _error(f"No model of {dag_id!r:.80} can be served: {reasons[-1]}")
    return 404, _error(
        f"No model of {dag_id!r:.80} is served: that needs 'serve: true' in its entry and a champion in the registry."
    )


def _waiting(state: ServingState) -> dict[str, Any]:
    """Why a newer version does not answer yet, where that is so."""
    others = {version: effort for version, effort in state.efforts.items() if version != str(state.model.version)}
    return {"not_served": {version: effort.reason or "it is being started" for version, effort in others.items()}} if (
        others
    ) else {}


def _error(text: str) -> dict[str, Any]:
    return {"error": text}
