"""A Git LFS server: the batch API and the basic way of transfer, beside the git repositories of the same folder."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.serving import answering
from tests.watching.git_http_server import GitHandler

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class LfsServer:
    """What a server holds and how it behaves.

    Attributes:
        objects: oid -> content. asked: method, path and headers of each request about LFS.
        place: oid -> address that the batch API gives; None: of this server.
        headers: that go with it. batch, download: answers to give instead, by number of the request; the last stays.
    """

    folder: Path
    protected: bool = False
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    place: Callable[[str], str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    batch: list[Answer | None] = field(default_factory=list)
    download: list[Answer | None] = field(default_factory=list)
    address: str = ""

    def downloads(self) -> list[str]:
        return [path for method, path, _ in self.asked if method == "GET"]

    def describe(self, item: dict[str, Any]) -> dict[str, Any]:
        oid = item["oid"]
        if oid not in self.objects and self.place is None:
            return {**item, "error": {"code": 404, "message": "Object does not exist"}}
        place = self.place(oid) if self.place else f"{self.address}/objects/{oid}"
        return {**item, "actions": {"download": {"href": place, "header": self.headers}}}

    def answer_batch(self, body: bytes) -> Answer:
        given = _next(self.batch)
        if given:
            return given
        wanted = json.loads(body)
        assert wanted["operation"] == "download" and len(wanted["objects"]) <= 100
        document = {"transfer": "basic", "objects": [self.describe(item) for item in wanted["objects"]]}
        return 200, {"Content-Type": "application/vnd.git-lfs+json"}, json.dumps(document).encode()

    def answer_object(self, path: str) -> Answer:
        content = self.objects.get(path.rpartition("/")[2])
        return _next(self.download) or ((200, {}, content) if content is not None else (404, {}, b"gone"))


def _next(answers: list[Answer | None]) -> Answer | None:
    return (answers.pop(0) if len(answers) > 1 else answers[0]) if answers else None


class LfsHandler(GitHandler):
    """One request about git, or about LFS."""

    server_state: LfsServer

    def do_GET(self) -> None:
        if not self.path.startswith("/objects/"):
            super().do_GET()
            return
        self._note()
        self._send(*self.server_state.answer_object(self.path))

    def do_POST(self) -> None:
        if not self.path.endswith("/info/lfs/objects/batch"):
            super().do_POST()
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._note()
        if self.protected and "Authorization" not in self.headers:
            self._send(401, {"LFS-Authenticate": "Basic"}, json.dumps({"message": "Credentials needed"}).encode())
            return
        self._send(*self.server_state.answer_batch(body))

    def _note(self) -> None:
        self.server_state.asked.append((self.command, self.path, dict(self.headers)))

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True


@contextmanager
def serve_lfs(state: LfsServer) -> Iterator[str]:
    """Serve on 127.0.0.1; yield the address of the folder."""
    known = {"folder": state.folder, "protected": state.protected, "server_state": state}
    handler = type("Handler", (LfsHandler,), known)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield state.address
