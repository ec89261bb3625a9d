"""HTTP/1.1 over a Unix socket: two paths, bounded in everything that a caller decides."""

import json
import os
import socketserver
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Dict

from pushtune_contract.serving import HEALTH_PATH, PREDICT_PATH, ServingOrder
from pushtune_runtime.serving.model import Model
from pushtune_runtime.serving.predict_request import parse_request
from pushtune_runtime.serving.refused import Refused, shortened

CALLS_AT_ONCE = 16
IDLE_SECONDS = 30.0
OWNER_ONLY = 0o177


class ModelServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers for ``model`` on a new socket at ``path``, which the user of this process alone may connect to."""

    daemon_threads = True
    request_queue_size = CALLS_AT_ONCE

    def __init__(self, path: Path, model: Model, order: ServingOrder) -> None:
        self.model, self.order = model, order
        self.started = time.monotonic()
        self._one_at_a_time = threading.Lock()
        self._free = threading.BoundedSemaphore(CALLS_AT_ONCE)
        path.unlink(missing_ok=True)
        mask = os.umask(OWNER_ONLY)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(mask)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give each call a thread of its own, up to a limit; further ones wait in the queue of the socket."""
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def health(self) -> Dict[str, Any]:
        """Return what is served."""
        inputs = self.model.inputs
        return {
            "status": "ok", "version": self.order.version, "kind": self.model.kind,
            "inputs": [spec.described() for spec in inputs], "signatures": list(self.model.signatures),
            "metric": self.order.metric, "value": self.order.value, "body_limit_bytes": self.order.body_limit_bytes,
            "uptime_seconds": round(time.monotonic() - self.started, 3),
        }  # fmt: skip

    def predict(self, body: bytes) -> Dict[str, Any]:
        """Return the answer to a prediction. Raises Refused."""
        try:
            request = parse_request(body)
            with self._one_at_a_time:
                return {"predictions": self.model.predict(request)}
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
        self._send(200, self.server.health())

    def do_POST(self) -> None:  # noqa: N802
        try:
            if self.path != PREDICT_PATH:
                raise _unknown_path(self.path)
            document = self.server.predict(self._body())
        except Refused as refused:
            self._refuse(refused)
            return
        self._send(200, document)

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
        self._send(refused.status, refused.document())

    def _send(self, status: int, document: Dict[str, Any]) -> None:
        content = json.dumps(document, allow_nan=False).encode()
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


def listen(path: Path, model: Model, order: ServingOrder) -> None:
    """Answer until the process is ended."""
    with ModelServer(path, model, order) as server:
        server.serve_forever()


