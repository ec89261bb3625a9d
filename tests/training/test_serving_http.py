"""The server itself, around models that do odd things, over a real socket."""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pushtune.promoting.model_client import ask
from pushtune_contract.serving import ServingOrder
from pushtune_runtime.serving.http_server import ModelServer
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
