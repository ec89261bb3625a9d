"""A local HTTP server that stands for SendGrid's API and answers as a test wants."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import answering

HANG, DROP, GARBAGE = "hang", "drop", "garbage"
# The mail is taken, and whoever sent it does not hear so.
ACCEPT_AND_HANG, ACCEPT_AND_RESET = "accept and hang", "accept and reset"
ACCEPTING = (202, ACCEPT_AND_HANG, ACCEPT_AND_RESET)


@dataclass
class SendGridServer:
    """What the server answers next, and what it received.

    Attributes:
        answers: one per call, the last one for ever: a status, or (status, body), or HANG, DROP, GARBAGE,
            ACCEPT_AND_HANG, ACCEPT_AND_RESET, or a function that returns one of these.
        requests: (path, Authorization header, parsed body) of each call.
        accepted: the bodies of the calls whose mail is delivered: those that are answered by 202, or would have been.
        released: ends all calls that hang.
    """

    address: str = ""
    answers: list[Any] = field(default_factory=lambda: [202])
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def next_answer(self, body: dict[str, Any]) -> Any:
        """Return what a call with this body is answered."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = answer() if callable(answer) else answer
        if answer in ACCEPTING:
            self.accepted.append(body)
        return answer

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.requests]


@contextmanager
def running_sendgrid() -> Iterator[SendGridServer]:
    """Yield a server on a free port of this machine; it ends with the block."""
    state = SendGridServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, self.headers["Authorization"], body))
            answer = state.next_answer(body)
            if answer in (HANG, ACCEPT_AND_HANG):
                state.released.wait(30)
            elif answer in (DROP, ACCEPT_AND_RESET):
                _hang_up(self.connection, answer)
            elif answer == GARBAGE:
                self.wfile.write(b"this is not HTTP\r\n\r\n")
            else:
                self._answer(*answer) if isinstance(answer, tuple) else self._answer(answer, b"")

        def do_GET(self) -> None:
            """What a client that follows a redirection meets."""
            state.requests.append((self.path, self.headers["Authorization"], {}))
            self._answer(200, b"<html>log in</html>")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 202:
                self.send_header("X-Message-Id", "id-1")
            if status == 302:
                self.send_header("Location", "/login")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        try:
            yield state
        finally:
            state.released.set()


def _hang_up(connection: socket.socket, answer: str) -> None:
    if answer == DROP:
        connection.shutdown(socket.SHUT_RDWR)
    else:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def refusal(message: str) -> bytes:
    """Return the error document that SendGrid sends."""
    return json.dumps({"errors": [{"message": message, "field": None, "help": None}]}).encode()
