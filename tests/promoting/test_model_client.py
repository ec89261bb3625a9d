"""What pushed code could answer on its socket: the caller gets a bounded JSON object in bounded time, or an error."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pushtune.errors import ModelUnreachable
from pushtune.moments import NEVER
from pushtune.promoting.model_client import ask
from pushtune.promoting.served_model import ServedModels
from pushtune.promoting.serving_state import Effort, ServedModel, ServingState, read_state, write_state

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"status":"x"}'


def read_request(connection: socket.socket) -> None:
    """Read to the end: whoever closes before that tears the other side off."""
    with connection.makefile("rb") as stream:
        lines = list(iter(lambda: stream.readline().strip().lower(), b""))
        stream.read(sum(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length")))


@contextmanager
def answering(path: Path, *parts: bytes, pause_seconds: float = 0.0, keep_open: bool = False) -> Iterator[None]:
    """Answer each connection at ``path`` with these parts, whatever it asks."""
    folder = os.open(path.parent, os.O_RDONLY)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"/proc/self/fd/{folder}/{path.name}")
    listening.listen()
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    read_request(connection)
                    for part in parts:
                        connection.sendall(part)
                        ended.wait(pause_seconds)
                    if keep_open:
                        ended.wait(20)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        listening.close()
        os.close(folder)


def test_an_answer_is_passed_on_even_where_the_path_is_long(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with answering(folder / "s", GOOD):
        assert ask(folder / "s", "/health", None, 5.0, 1000) == (200, {"status": "x"})


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "RemoteDisconnected"), (b"nonsense\r\n\r\n", "BadStatusLine"),
        (GOOD[:-5], "IncompleteRead|no JSON"), (GOOD.replace(b'"x"', b"NaN"), "no JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "no JSON object"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 900, "no JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 2000, "more than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n{}", "more than 100 headers"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000, "header"),
    ],
)
def test_nonsense_is_an_error(tmp_path: Path, answer: bytes, says: str) -> None:
    with answering(tmp_path / "s", answer), pytest.raises(ModelUnreachable, match=says):
        ask(tmp_path / "s", "/predict", b"{}", 5.0, 1000)


def test_neither_silence_nor_a_drop_now_and_then_holds_the_caller(tmp_path: Path) -> None:
    drops = [GOOD[:1]] + [b"H"] * 400
    for parts in ((), drops):
        (tmp_path / "s").unlink(missing_ok=True)
        with answering(tmp_path / "s", *parts, pause_seconds=0.05, keep_open=True):
            started = time.monotonic()
            with pytest.raises(ModelUnreachable):
                ask(tmp_path / "s", "/health", None, 0.5, 1000)
            assert time.monotonic() - started < 15, "the parts together would take 20 s"


def test_a_link_to_another_socket_is_not_followed(tmp_path: Path) -> None:
    """The container owns the folder: it could name the engine's socket, which the web server may use."""
    with answering(tmp_path / "engine", GOOD):
        (tmp_path / "s").symlink_to(tmp_path / "engine")
        with pytest.raises(ModelUnreachable, match="no socket"):
            ask(tmp_path / "s", "/health", None, 5.0, 1000)


@pytest.mark.parametrize("kind", ["file", "folder", "pipe", "nothing"])
def test_anything_else_in_its_place_is_an_error(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "s"
    {"file": place.touch, "folder": place.mkdir, "pipe": lambda: os.mkfifo(place), "nothing": lambda: None}[kind]()
    with pytest.raises(ModelUnreachable):
        ask(place, "/health", None, 5.0, 1000)


@pytest.fixture
def models(tmp_path: Path) -> ServedModels:
    folder = tmp_path / "digits"
    state = ServingState(ServedModel("digits", 4, "i", "/f", "accuracy", 0.9), "c", "4-abc", NEVER)
    state.efforts = {"4": Effort("k"), "5": Effort("k", reason="it is too large")}
    write_state(folder, state)
    assert read_state(folder) == state
    (folder / "4-abc").mkdir()
    return ServedModels(tmp_path, 1.0, 1000)


def respond(status: int, document: object) -> bytes:
    content = json.dumps(document).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(content)) + content


def test_of_what_a_container_says_about_itself_little_is_taken(tmp_path: Path, models: ServedModels) -> None:
    said = {"version": 99, "metric": "forged", "kind": "keras", "inputs": [], "html": "<script>"}
    with answering(tmp_path / "digits" / "4-abc" / "model.sock", respond(200, said)):
        status, known = models.describe("digits")
    assert status == 200 and (known["version"], known["metric"], known["kind"]) == (4, "accuracy", "keras")
    assert "html" not in known and known["not_served"] == {"5": "it is too large"}


@pytest.mark.parametrize(("said", "passed"), [(200, 200), (400, 400), (500, 500), (503, 503), (302, 502), (401, 502)])
def test_a_container_chooses_among_few_answers(tmp_path: Path, models: ServedModels, said: int, passed: int) -> None:
    with answering(tmp_path / "digits" / "4-abc" / "model.sock", respond(said, {"predictions": [1]})):
        assert models.predict("digits", b"{}")[0] == passed


def test_why_an_answer_is_too_long_arrives_also_where_the_limit_is_small(tmp_path: Path, models: ServedModels) -> None:
    said = {"error": "Send fewer instances at once. " * 50}
    with answering(tmp_path / "digits" / "4-abc" / "model.sock", respond(413, said)):
        assert models.limit_bytes < 1500 and models.predict("digits", b"{}") == (413, said)


def test_what_is_not_served_is_said_in_one_sentence(models: ServedModels) -> None:
    for name in ("other", "..", "~", "a/b", "", "x" * 100, "\ud800"):
        status, document = models.predict(name, b"{}")
        assert status == 404 and "serve: true" in document["error"], name
    assert models.predict("digits", b"x" * 1001)[0] == 413
    status, document = models.describe("digits")
    assert status == 503 and "within 5 s" in document["error"]


def test_no_more_calls_than_a_few_wait_for_a_model(tmp_path: Path, models: ServedModels) -> None:
    found: list[int] = []
    with answering(tmp_path / "digits" / "4-abc" / "model.sock", keep_open=True):
        calls = [threading.Thread(target=lambda: found.append(models.predict("digits", b"{}")[0])) for _ in range(12)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
    assert found.count(503) == 12
    assert models._free.acquire(blocking=False), "each has given its place back"
