"""The web application below ``/pushtune-hooks``: takes signed webhooks, whose only effect is that the watcher looks.

Nothing answers without a valid signature: an unknown repository, one without a webhook, a wrong method and a wrong
signature get the same answer. The body is bounded while it is read.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from pushtune.watching.ref_patterns import watched_refs
from pushtune.watching.wakes import ask_for_look
from pushtune.watching.watched_repositories import WatchedRepository
from pushtune.watching.webhook import SECRET_LEAST_CHARACTERS, concerns, verify
from pushtune.watching.webhook_memory import once

BODY_LIMIT_BYTES = 1024 * 1024
BODY_TIMEOUT_SECONDS = 10.0
SECRET_KEPT_SECONDS = 30.0
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

_log = logging.getLogger(__name__)
_NOBODYS_SECRET = secrets.token_hex(32)
_NOBODYS_CONNECTION = "pushtune_nobodys_webhook"


class Secrets:
    """The secrets of the webhooks, each kept for ``SECRET_KEPT_SECONDS``: not every request asks the database."""

    def __init__(self, password_of: Callable[[str], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._password_of = password_of
        self._clock = clock
        self._kept: dict[str, tuple[float, str]] = {}

    def of(self, repository: WatchedRepository | None) -> str:
        """Return the secret of ``repository``; without one, a text that nobody knows, found in about the same time."""
        identity = repository.webhook_connection_id if repository else None
        until, secret = self._kept.get(identity or _NOBODYS_CONNECTION, (0.0, ""))
        if self._clock() >= until:
            secret = self._read(identity or _NOBODYS_CONNECTION, told=identity is not None)
            self._kept[identity or _NOBODYS_CONNECTION] = (self._clock() + SECRET_KEPT_SECONDS, secret)
        return secret or _NOBODYS_SECRET

    def _read(self, identity: str, *, told: bool) -> str:
        try:
            secret = self._password_of(identity)
        except Exception as error:  # of a database, of a secrets backend: the webhook is out of order, nothing else
            if told:
                _log.warning("The webhook connection %s cannot be read: %s", identity, type(error).__name__)
            return ""
        if len(secret) < SECRET_LEAST_CHARACTERS:
            _log.warning(
                "The password of the connection %s must have at least %d characters: its webhook is off.",
                identity,
                SECRET_LEAST_CHARACTERS,
            )
            return ""
        return secret


def create_hook_app(
    repository_of: Callable[[str], WatchedRepository | None],
    password_of: Callable[[str], str],
    home: Path,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """Return the application: ``POST /<name of the entry>``.

    Answers: 202 taken, 401 not authentic, 408 too slow, 409 had this delivery before, 413 too large.

    Args:
        repository_of: name -> entry, or None. password_of: id of an Airflow connection -> its password; may raise.
        home: the installation's home, which the triggerer shares. clock: seconds since 1970, UTC.
    """
    app = FastAPI(title="Pushtune webhooks", docs_url=None, redoc_url=None, openapi_url=None)
    known = Secrets(password_of)

    def take(name: str, headers: dict[str, str], body: bytes) -> Response:
        repository = repository_of(name)
        identity = verify(headers, body, known.of(repository), clock())
        if identity is None or repository is None:
            return _answer(401, "not authentic")
        return _answer(202, "taken") if _take(repository, identity, headers, body) else _answer(409, "seen before")

    def _take(repository: WatchedRepository, identity: str, headers: dict[str, str], body: bytes) -> bool:
        def wake() -> None:
            if concerns(headers, body, watched_refs(repository)):
                ask_for_look(home, repository.name)

        return once(home, repository.name, identity, wake)

    @app.api_route("/{name:path}", methods=list(METHODS))
    async def hook(name: str, request: Request) -> Response:
        if request.method != "POST":
            return _answer(401, "not authentic")
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                body = await _bounded_body(request)
        except TimeoutError:
            return _answer(408, "too slow")
        if body is None:
            return _answer(413, "too large")
        return await run_in_threadpool(take, name, dict(request.headers), body)

    return app


async def _bounded_body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            return None
    return bytes(body)


def _answer(status: int, word: str) -> Response:
    # A connection whose body was not read to its end cannot be used for another request.
    headers = {"Connection": "close"} if status in (408, 413) else {}
    return Response(f'{{"result": "{word}"}}', status_code=status, media_type="application/json", headers=headers)
