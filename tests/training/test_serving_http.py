"""The server itself, around models that do odd things, over a real socket."""

import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pushtune.promoting.model_client import ask
from pushtune_contract.serving import ServingOrder
from pushtune_runtime.serving import http_server
from pushtune_runtime.serving.http_server import CALLS_AT_ONCE, CONNECTIONS_AT_ONCE, ModelServer
from pushtune_runtime.serving.model import Model
from pushtune_runtime.serving.predict_request import PredictRequest
from pushtune_runtime.serving.tensors import InputSpec

ANSWER_SECONDS = 20.0
LIMIT_BYTES = 2**20


class Odd(Model):
    """Predicts what ``answer`` returns of the instances."""

    kind, signatures = "odd", ("serving_default",)

    def __init__(self, answer: Callable[[list[Any]], Any]) -> None:
        self.inputs = [InputSpec("x", "number", None)]
        self._answer = answer

    def predict(self, request: PredictRequest) -> list[Any]:
        answer: list[Any] = self._answer(request.instances)
        return answer


@contextmanager
def listening(answer: Callable[[list[Any]], Any], **order: Any) -> Iterator[Path]:
    """Serve such a model; yields the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="serving-") as place:  # the path of a socket has to be short
        path = Path(place) / "s"
        with ModelServer(path, Odd(answer), ServingOrder(1, **order)) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield path
            finally:
                server.shutdown()
                thread.join()


def predict(path: Path, *instances: Any, seconds: float = ANSWER_SECONDS) -> tuple[int, dict[str, Any]]:
    return ask(path, "/predict", json.dumps({"instances": instances}).encode(), seconds, LIMIT_BYTES)


def test_what_finds_no_memory_is_too_much_for_one_request() -> None:
    def answer(instances: list[Any]) -> Any:
        raise MemoryError

    with listening(answer) as path:
        status, document = predict(path, 1)
        assert status == 413 and "fewer instances" in document["remedy"]


class Held:
    """A model that computes once ``go`` is set."""

    def __init__(self) -> None:
        self.go, self.begun, self.computed = threading.Event(), threading.Event(), 0

    def __call__(self, instances: list[Any]) -> list[Any]:
        self.computed += 1
        self.begun.set()
        self.go.wait(ANSWER_SECONDS)
        return instances


@contextmanager
def waiting_calls(path: Path, model: Held, count: int) -> Iterator[list[Future[Any]]]:
    """Ask ``count`` times; one call is being computed, the others wait."""
    with ThreadPoolExecutor(count) as pool:
        try:
            calls = [pool.submit(predict, path, 1)]
            assert model.begun.wait(ANSWER_SECONDS)
            calls += [pool.submit(predict, path, 1) for _ in range(count - 1)]
            yield calls
        finally:
            model.go.set()


def connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def eventually(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_is_computed_for_callers_who_have_gone_away() -> None:
    model = Held()
    with listening(model) as path:
        with waiting_calls(path, model, 1) as calls:
            for _ in range(5):
                with connected(path) as connection:
                    connection.sendall(b'POST /predict HTTP/1.1\r\nContent-Length: 18\r\n\r\n{"instances": [1]}')
        assert calls[0].result()[0] == 200 and predict(path, 1)[0] == 200
        assert model.computed == 2


def test_a_caller_who_has_nothing_more_to_send_is_answered() -> None:
    with listening(list) as path, connected(path) as connection:
        connection.sendall(b'POST /predict HTTP/1.0\r\nContent-Length: 18\r\n\r\n{"instances": [1]}')
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").read().endswith(b'{"predictions":[1]}')


def test_while_all_calls_wait_more_are_refused_and_health_is_answered() -> None:
    model = Held()
    with listening(model) as path, waiting_calls(path, model, CALLS_AT_ONCE + 3) as calls:
        eventually(lambda: sum(call.done() for call in calls) == 3)
        for status, document in [call.result() for call in calls if call.done()]:
            assert status == 503 and "in a moment" in document["remedy"]
        assert ask(path, "/health", None, ANSWER_SECONDS / 2, LIMIT_BYTES)[0] == 200
        model.go.set()
        assert sorted(call.result()[0] for call in calls) == [200] * CALLS_AT_ONCE + [503] * 3


def test_a_wait_for_others_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "WAIT_SECONDS", 0.3)
    model = Held()
    with listening(model) as path, waiting_calls(path, model, 1):
        status, document = predict(path, 1)
        assert status == 503 and "0.3 s" in document["received"] and model.computed == 1


def test_connections_without_a_request_are_bounded_and_nobody_waits_behind_them() -> None:
    with listening(list) as path:
        with ExitStack() as slow:
            for _ in range(CONNECTIONS_AT_ONCE):
                slow.enter_context(connected(path))
            status, document = predict(path, 1)
            assert status == 503 and f"{CONNECTIONS_AT_ONCE} connections" in document["received"]
        eventually(lambda: predict(path, 1)[0] == 200)


def test_an_answer_that_is_too_long_says_so_and_a_shorter_one_arrives() -> None:
    with listening(lambda instances: [["x" * 1000]] * len(instances), body_limit_bytes=10_000) as path:
        status, document = predict(path, *range(10))
        assert status == 413 and "10000 bytes" in document["rule"] and "fewer instances" in document["remedy"]
        assert predict(path, *range(9)) == (200, {"predictions": [["x" * 1000]] * 9})


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_what_has_no_form_in_json_is_a_fault_of_the_model(value: object) -> None:
    with listening(lambda instances: [value]) as path:
        status, document = predict(path, 1)
        assert status == 500 and "JSON" in document["received"]
