"""``python -m pushtune_runtime.serving`` with real models, over a real socket."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.training.runtime_runs import TRAINING, needs_sklearn, needs_tensorflow

from pushtune_contract.serving import Refusal, read_refusal

ORDER = '{"version": 7, "metric": "accuracy", "value": 0.9, "body_limit_bytes": 5000}'
START_SECONDS = 120
KERAS = """
import keras
from keras import layers
{build}
model.save("model.keras")
"""
SKLEARN = """
import joblib
{build}
joblib.dump(model, "model.joblib")
"""


def save(folder: Path, template: str, build: str) -> Path:
    """Run a script that saves a model, in a process of its own: its classes are not known to the server."""
    program = template.format(build=build)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True, timeout=START_SECONDS)
    return folder


class Server:
    """A running server; ``ended`` is its exit code where it has ended instead."""

    def __init__(self, model_folder: Path, place: Path) -> None:
        self.place = place
        environment = {**os.environ, "PYTHONPATH": str(TRAINING), "CUDA_VISIBLE_DEVICES": ""}
        command = [sys.executable, "-m", "pushtune_runtime.serving", str(model_folder), str(place / "s"), ORDER]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not (place / "s").exists() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        self.ended = self.process.poll()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("model", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.place / "s"))
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        with contextlib.suppress(BrokenPipeError):  # it was refused before all of it was read: the answer is there
            connection.request(method, path, content, headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        connection.close()
        return answer.status, document

    def predict(self, instances: Any, **more: Any) -> Any:
        status, document = self.ask("POST", "/predict", {"instances": instances, **more})
        return document["predictions"] if status == 200 else document["error"]


@contextmanager
def serving(model_folder: Path) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="serving-") as place:  # the path of a socket has to be short
        server = Server(model_folder, Path(place))
        try:
            yield server
        finally:
            server.process.kill()
            server.process.wait()


@needs_tensorflow
def test_a_keras_model_answers_and_refuses(tmp_path: Path) -> None:
    build = (
        "a = keras.Input((2,), name='a'); b = keras.Input((1,), name='b', dtype='int32')\n"
        "x = layers.Concatenate()([a, layers.Flatten()(layers.Embedding(4, 2, embeddings_initializer='ones')(b))])\n"
        "model = keras.Model({'a': a, 'b': b}, {'sum': layers.Dense(1, kernel_initializer='ones', name='sum')(x)})"
    )
    with serving(save(tmp_path, KERAS, build)) as server:
        status, known = server.ask("GET", "/health")
        assert (status, known["status"], known["version"], known["metric"], known["value"]) == (
            200, "ok", 7, "accuracy", 0.9
        )
        assert known["inputs"] == [
            {"name": "a", "dtype": "float32", "shape": [2]}, {"name": "b", "dtype": "int32", "shape": [1]}
        ]
        rows = [{"a": [number, 1], "b": [3]} for number in range(90)]
        assert server.predict(rows) == [{"sum": [number + 3.0]} for number in range(90)]
        assert "shape [1]" in server.predict([{"a": [1], "b": [3]}])
        assert "signature_name" in server.predict(rows[:1], signature_name="other")
        assert server.ask("POST", "/predict", b"x" * 5001)[0] == 413
        assert server.ask("POST", "/other", b"{}")[0] == 404 and server.ask("GET", "/")[0] == 404
        status, document = server.ask("POST", "/predict", **{"Content-Length": "nonsense"})
        assert status in (400, 411) and "Content-Length" in document["error"]
        assert server.predict(rows[:1]) == [{"sum": [3.0]}], "it answers as before"
        assert (server.place / "s").stat().st_mode & 0o077 == 0


@needs_tensorflow
def test_more_rows_than_a_batch_and_a_model_for_texts(tmp_path: Path) -> None:
    build = (
        "model = keras.Sequential([keras.Input((1,), dtype='string'),\n"
        "  layers.TextVectorization(vocabulary=['good', 'bad'], output_sequence_length=2)])"
    )
    with serving(save(tmp_path, KERAS, build)) as server:
        assert server.predict([["good bad"], ["bad"]]) == [[2, 3], [3, 0]]
        assert len(server.predict([["bad"]] * 400)) == 400
        assert "something else than text" in server.predict([[1]])


@needs_tensorflow
@pytest.mark.parametrize(
    "layer",
    ["layers.LSTM(2, stateful=True)", "layers.Bidirectional(layers.GRU(2, stateful=True))",
     "keras.Sequential([layers.GRU(2, stateful=True)])"],
)  # fmt: skip
def test_a_stateful_model_starts_anew_for_each_request_and_takes_any_number_of_rows(tmp_path: Path, layer: str) -> None:
    build = f"model = keras.Sequential([keras.Input((3, 1), batch_size=4), {layer}])"
    rows = [[[number], [1], [2]] for number in range(6)]
    with serving(save(tmp_path, KERAS, build)) as server:
        together = server.predict(rows)
        assert len(together) == 6 and together[0] != together[1] and server.predict(rows) == together
        alone = [server.predict([row])[0] for row in rows]
        assert [value for row in alone for value in row] == pytest.approx(
            [value for row in together for value in row], abs=1e-6
        )


@needs_tensorflow
def test_a_model_that_cannot_predict_says_so_instead_of_being_started_again(tmp_path: Path) -> None:
    build = (
        "x = keras.Input((6,), batch_size=4)\n"
        "model = keras.Model(x, layers.Dense(1)(keras.ops.reshape(x, (2, 12))))"
    )  # fmt: skip
    with serving(save(tmp_path, KERAS, build)) as server:
        refusal = read_refusal(server.place)
        assert server.ended == 81 and refusal is not None
        assert "predict once" in refusal.rule and "reshape" in refusal.received.lower()


@needs_tensorflow
@pytest.mark.parametrize(
    ("build", "says"),
    [
        ("model = keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: x * 2)])", "a Lambda layer"),
        ("class Own(layers.Dense):\n    pass\nmodel = keras.Sequential([keras.Input((2,)), Own(1)])", "of the script"),
    ],
)
def test_a_model_with_code_of_its_script_says_why_it_cannot_be_served(tmp_path: Path, build: str, says: str) -> None:
    with serving(save(tmp_path, KERAS, build)) as server:
        assert server.ended == 81
        refusal = read_refusal(server.place)
        assert isinstance(refusal, Refusal) and says in refusal.received and "push again" in refusal.remedy
        assert "safe mode" in refusal.rule


@pytest.mark.parametrize(
    ("name", "says"), [("model.weights.h5", "without the model's structure"), ("other.txt", "other.txt"), ("", "empty")]
)
def test_a_folder_without_a_whole_model_says_so(tmp_path: Path, name: str, says: str) -> None:
    if name:
        (tmp_path / name).write_text("x")
    with serving(tmp_path) as server:
        refusal = read_refusal(server.place)
        assert server.ended == 81 and refusal is not None and says in refusal.received


@needs_sklearn
def test_an_estimator_answers_with_classes_and_probabilities(tmp_path: Path) -> None:
    build = (
        "from sklearn.linear_model import LogisticRegression\n"
        "model = LogisticRegression().fit([[0, 0], [0, 1], [5, 5], [5, 6]], ['low', 'low', 'high', 'high'])"
    )
    with serving(save(tmp_path, SKLEARN, build)) as server:
        assert server.predict([[0, 0], [5, 5]]) == ["low", "high"]
        ((high, low),) = server.predict([[5, 5]], signature_name="predict_proba")
        assert high > 0.9 and abs(high + low - 1) < 1e-6
        assert "a list of 2 values" in server.predict([[1, 2, 3]])
        assert "serving_default" in server.predict([[1, 2]], signature_name="x")


@needs_sklearn
def test_an_estimator_takes_columns_by_name_and_texts(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    build = (
        "import pandas\nfrom sklearn.linear_model import LinearRegression\n"
        "model = LinearRegression().fit(pandas.DataFrame({'age': [1, 2, 3], 'size': [0, 0, 1]}), [1, 2, 4])"
    )
    with serving(save(tmp_path, SKLEARN, build)) as server:
        assert [round(value) for value in server.predict([{"size": 1, "age": 3}, [1, 0]])] == [4, 1]
        assert "age, size" in server.predict([{"age": 1}]) and "age, size" in server.predict([[1]])
    texts = tmp_path / "texts"
    texts.mkdir()
    build = (
        "from sklearn.feature_extraction.text import CountVectorizer\nfrom sklearn.naive_bayes import MultinomialNB\n"
        "from sklearn.pipeline import make_pipeline\n"
        "model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(['good film', 'bad film'], [1, 0])"
    )
    with serving(save(texts, SKLEARN, build)) as server:
        assert server.predict(["a good one", "bad bad"]) == [1, 0]


@needs_sklearn
def test_an_estimator_of_a_class_of_the_script_says_why(tmp_path: Path) -> None:
    build = "class Own:\n    def predict(self, x): return x\nmodel = Own()"
    with serving(save(tmp_path, SKLEARN, build)) as server:
        refusal = read_refusal(server.place)
        assert server.ended == 81 and refusal is not None and "installed libraries" in refusal.rule
