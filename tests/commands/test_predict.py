"""``make predict``, against a real HTTP server that answers as the web server does."""

import argparse
import io
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.pretended_instance import running_on
from tests.serving import answering

from pushtune.commands import predict as command
from pushtune.commands.airflow_config import passwords_file
from pushtune.errors import ModelNotServed
from pushtune.settings import Settings


class Server(BaseHTTPRequestHandler):
    """A token for the password, one served model, and 404 for every other."""

    def do_POST(self) -> None:
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            self.answer(201, {"access_token": "t"})
        elif self.headers.get("Authorization") != "Bearer t":
            self.answer(401, {})
        else:
            self.answer(200, {"predictions": [self.path, document]})

    def do_GET(self) -> None:
        known = self.path == "/pushtune/models/digits"
        self.answer(200, {"version": 3}) if known else self.answer(404, {"error": "No model of it is served."})

    def answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


def ask(tmp_path: Path, model: str = "digits", file: str | None = None) -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    settings = Settings(home=tmp_path)
    passwords_file(settings).parent.mkdir(parents=True, exist_ok=True)
    passwords_file(settings).write_text(json.dumps({"admin": "secret"}))
    with answering(server), running_on(settings, server.server_address[1]):
        return command.predict(settings, argparse.Namespace(model=model, file=file))


def test_a_file_or_the_standard_input_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.json").write_text('{"instances": [1]}')
    assert ask(tmp_path, file=str(tmp_path / "in.json")) == 0
    sent = ["/pushtune/models/digits/predict", {"instances": [1]}]
    assert json.loads(capsys.readouterr().out) == {"predictions": sent}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[1]")))
    assert ask(tmp_path, file="-") == 0, "a list alone is the instances"
    assert json.loads(capsys.readouterr().out) == {"predictions": sent}
    assert ask(tmp_path) == 0 and json.loads(capsys.readouterr().out) == {"version": 3}


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelNotServed, match="No model of it is served"):
        ask(tmp_path, "other")
    with pytest.raises(ModelNotServed, match="FILE must hold JSON.*No such file"):
        ask(tmp_path, file=str(tmp_path / "none.json"))
    (tmp_path / "bad.json").write_text("nonsense")
    with pytest.raises(ModelNotServed, match="bad.json must be a JSON document"):
        ask(tmp_path, file=str(tmp_path / "bad.json"))
