"""HTTP/1.1 over a Unix socket: two paths, bounded in everything that a caller decides."""

import json
import os
import select
import socketserver
import sys
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Dict, Iterator

from pushtune_contract.serving import HEALTH_PATH, PREDICT_PATH, ServingOrder
from pushtune_runtime.serving.model import Model
from pushtune_runtime.serving.predict_request import parse_request
from pushtune_runtime.serving.refused import Refused, shortened

CALLS_AT_ONCE = 16
CONNECTIONS_AT_ONCE = 64  # more than calls: /health is answered while all of those wait
IDLE_SECONDS = 30.0
WAIT_SECONDS = 30.0  # for the predictions of others
LOOK_INTERVAL_SECONDS = 0.1
OWNER_ONLY = 0o177


class ModelServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers for ``model`` on a new socket at ``path``, which the user of this process alone may connect to."""

    daemon_threads = True
    request_queue_size = CONNECTIONS_AT_ONCE

    def __init__(self, path: Path, model: Model, order: ServingOrder) -> None:
        self.model, self.order = model, order
        self.started = time.monotonic()
        self._one_at_a_time = threading.Lock()
        self._calls = threading.BoundedSemaphore(CALLS_AT_ONCE)
        self._connections = threading.BoundedSemaphore(CONNECTIONS_AT_ONCE)
        path.unlink(missing_ok=True)
        mask = os.umask(OWNER_ONLY)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(mask)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give each connection a thread of its own, and refuse it above a limit: who accepts must never wait."""
        if not self._connections.acquire(blocking=False):
            with suppress(OSError):
                request.sendall(_written(_busy(f"{CONNECTIONS_AT_ONCE} connections are open")))
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._connections.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep a caller who has gone away, which is no error of the server, out of the log."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count one prediction, from its body to its answer. Raises Refused above the limit."""
        if not self._calls.acquire(blocking=False):
            raise _busy(f"{CALLS_AT_ONCE} predictions are asked for")
        try:
            yield
        finally:
            self._calls.release()

    @contextmanager
    def _turn(self, connection: Any) -> Iterator[None]:
        """Hold the model. Raises Refused after too long a wait, ConnectionError where nobody waits for the answer."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._one_at_a_time.acquire(timeout=LOOK_INTERVAL_SECONDS):
            _check_that_someone_waits(connection)
            if time.monotonic() > deadline:
                raise _busy(f"predictions of others have taken {WAIT_SECONDS:g} s")
        try:
            _check_that_someone_waits(connection)
            yield
        finally:
            self._one_at_a_time.release()

    def health(self) -> Dict[str, Any]:
        """Return what is served."""
        inputs = self.model.inputs
        return {
            "status": "ok", "version": self.order.version, "kind": self.model.kind,
            "inputs": [spec.described() for spec in inputs], "signatures": list(self.model.signatures),
            "metric": self.order.metric, "value": self.order.value, "body_limit_bytes": self.order.body_limit_bytes,
            "uptime_seconds": round(time.monotonic() - self.started, 3),
        }  # fmt: skip

    def predict(self, body: bytes, connection: Any) -> bytes:
        """Return the answer to a prediction. Raises Refused, or ConnectionError where its caller has gone away."""
        with self._turn(connection):
            content = self._answer(body)
        limit = self.order.body_limit_bytes
        if len(content) > limit:
            raise Refused(
                f"The answer to a request may have {limit} bytes.", f"an answer of {len(content)} bytes",
                "Send fewer instances at once, or raise PUSHTUNE_SERVING_BODY_LIMIT_BYTES.", status=413,
            )
        return content

    def _answer(self, body: bytes) -> bytes:
        try:
            return _encoded({"predictions": self.model.predict(parse_request(body))})
        except Refused:
            raise
        except MemoryError:
            raise Refused(
                "A request must fit into the memory of its container.", f"{len(body)} bytes that need more",
                "Send fewer instances at once.", status=413,
            ) from None
        except Exception as error:  # whatever the model's own code raises about values of the right shape
            traceback.print_exc()
            raise Refused(
                "The model must be able to compute the values.", f"{type(error).__name__}: {shortened(error)}",
                "Compare the values with what the script trains on.", status=500,
            ) from None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: ModelServer

    def do_GET(self) -> None:  # noqa: N802  (a name of the standard library)
        if self.path != HEALTH_PATH:
            self._refuse(_unknown_path(self.path))
            return
        self._send(200, _encoded(self.server.health()))

    def do_POST(self) -> None:  # noqa: N802
        try:
            if self.path != PREDICT_PATH:
                raise _unknown_path(self.path)
            with self.server.call():
                self._send(200, self.server.predict(self._body(), self.connection))
        except Refused as refused:
            self._refuse(refused)

    def _body(self) -> bytes:
        length, limit = self.headers.get("Content-Length", ""), self.server.order.body_limit_bytes
        if not (length.isascii() and length.isdigit()) or len(length) > 15:
            raise Refused(
                "A request must say how long its body is (Content-Length).", length or "nothing",
                "Send the body in one piece.", status=411,
            )
        if int(length) > limit:
            raise Refused(
                f"The body of a request may have {limit} bytes.", f"{int(length)} bytes",
                "Send fewer instances at once.", status=413,
            )
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refused("The body must be as long as announced.", f"{len(body)} of {length} bytes", "Send it whole.")
        return body

    def _refuse(self, refused: Refused) -> None:
        self.close_connection = True  # its body was perhaps not read
        self._send(refused.status, _encoded(refused.document()))

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        """A Unix socket has no address."""
        return "socket"

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Ordinary requests are not logged."""


def _unknown_path(path: str) -> Refused:
    return Refused(
        f"There are GET {HEALTH_PATH} and POST {PREDICT_PATH}.", shortened(path), "Correct the path.", status=404
    )


def _encoded(document: Dict[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()


def _busy(received: str) -> Refused:
    return Refused("The model computes one prediction after another.", received, "Ask again in a moment.", status=503)


def _written(refused: Refused) -> bytes:
    """Return the whole answer, for a connection whose request nobody reads."""
    content = _encoded(refused.document())
    lines = f"HTTP/1.1 {refused.status} Refused", "Content-Type: application/json", f"Content-Length: {len(content)}"
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


def _check_that_someone_waits(connection: Any) -> None:
    """Raise ConnectionError where the other side is closed; one that only has nothing more to send still waits."""
    hang_ups = select.poll()
    hang_ups.register(connection, 0)
    if hang_ups.poll(0):
        raise ConnectionAbortedError("the caller has gone away")


def listen(path: Path, model: Model, order: ServingOrder) -> None:
    """Answer until the process is ended."""
    with ModelServer(path, model, order) as server:
        server.serve_forever()


