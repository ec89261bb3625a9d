"""Serves bare repositories over smart HTTP with git's own ``http-backend``, with a password if asked."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.serving import answering
from tests.watching.git_origin import IDENTITY

PASSWORD = "corr3ct-horse"


class GitHandler(BaseHTTPRequestHandler):
    """One request: the CGI protocol, as ``git help http-backend`` describes it."""

    folder: Path
    protected: bool

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        expected = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
        if self.protected and self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = IDENTITY | {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH": "/usr/bin:/bin",
        }
        answer = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serve(folder: Path, *, protected: bool = False, port: int = 0) -> Iterator[str]:
    """Serve the repositories in ``folder`` on 127.0.0.1; yield the address of the folder."""
    handler = type("Handler", (GitHandler,), {"folder": folder, "protected": protected})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    with answering(server):
        yield f"http://127.0.0.1:{server.server_port}"
