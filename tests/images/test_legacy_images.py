"""Repositories written for an older Keras, from the inspection to the result: in the image that the route chooses."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.running.repository_runs import Prepared, prepare, repository, train

from pushtune.errors import ScriptFailed
from pushtune.running.container_engine import connect
from pushtune.settings import Settings
from pushtune_contract.result import TrialResult

pytestmark = [pytest.mark.docker, pytest.mark.slow]

DATA = """\
import numpy as np
generator = np.random.RandomState(7)
x = generator.rand(400, 8, 8, 1).astype("float32")
labels = (x[:, :4].mean(axis=(1, 2, 3)) > x[:, 4:].mean(axis=(1, 2, 3))).astype("int32")
"""
# 2.11 to 2.15 ignore lr= and refuse decay=, unless it is one of the older optimizers, which 2.12 has beside the others.
RATED = """\
import keras
import tensorflow as tf
next(iter(tf.data.Dataset.range(9).shuffle(9)))
for optimizers in (keras.optimizers, tf.keras.optimizers):
    rated, variable = optimizers.SGD(**{"lr": 0.5, "decay": 1.0}), tf.Variable(1.0)
    rated.minimize(lambda: variable, [variable])
    rated.minimize(lambda: variable, [variable])
    assert abs(float(variable) - (1 - 0.5 - 0.25)) < 1e-6 and float(rated.lr) == 0.5
"""
RESTORED_ON_KERAS_3 = f"""{DATA}
from keras.models import Sequential
from keras.layers.core import Dense, Flatten
from keras.layers.convolutional import Conv2D
from keras.optimizers import SGD
from keras.utils import np_utils
y = np_utils.to_categorical(labels, 2)
model = Sequential([Conv2D(4, (3, 3), activation="relu", input_shape=(8, 8, 1)), Flatten()])
model.add(Dense(2, activation="softmax"))
model.compile(SGD(lr=0.1, decay=1e-6), "categorical_crossentropy", ["accuracy"])
model.fit(x, y, batch_size=20, nb_epoch=3, verbose=0)
print("classes", model.predict_classes(x[:5]).shape)
"""
ONLY_ON_2_15 = f"""{DATA}
import tensorflow as tf
model = tf.keras.Sequential([
    tf.keras.layers.LocallyConnected2D(4, (3, 3), activation="relu", input_shape=(8, 8, 1)),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(12, activation="relu"),
    tf.keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(tf.keras.optimizers.legacy.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
model.fit(x[:300], labels[:300], batch_size=20, epochs=3, verbose=0)
{RATED}print("test", model.evaluate(x[300:], labels[300:], verbose=0))
"""
ONLY_ON_2_12 = f"""{DATA}
from keras.models import Sequential
from keras.layers import Conv2D, Dense, Flatten
from keras.wrappers.scikit_learn import KerasClassifier
def build():
    model = Sequential([Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)), Flatten()])
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
model = KerasClassifier(build_fn=build, epochs=3, batch_size=20, verbose=0)
model.fit(x, labels)
{RATED}"""
BROKEN_ON_2_15 = f"""{DATA}
import tensorflow as tf
layer = tf.keras.layers.LocallyConnected2D(4, (3, 3))
model = tf.keras.Sequential([layer, tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, no_such_name)
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], tuple[Prepared, TrialResult]]]:
    """Return what inspects, prepares and trains a script."""
    engine = connect("unix:///var/run/docker.sock", 300)
    settings = Settings(home=tmp_path / "home", trial_memory_bytes=2**31)

    def of(script: str) -> tuple[Prepared, Any]:
        prepared = prepare(repository(tmp_path / "code", {"train.py": script}), settings)
        return prepared, train(prepared, settings, engine, [])

    yield of
    engine.close()


def image_of(prepared: Prepared) -> str:
    return str(prepared.image["image_tag"]).partition(":")[0]


def test_keras_2_names_train_on_keras_3(run: Any) -> None:
    prepared, result = run(RESTORED_ON_KERAS_3)
    assert (prepared.inspection["keras_generation"], image_of(prepared)) == ("1", "pushtune/cnn")
    assert result.versions["keras"].startswith("3.")
    assert (result.status, result.epochs_trained, result.objective.metric) == ("done", 3, "accuracy")
    assert prepared.image["warnings"] == []


def test_code_that_needs_keras_2_15_trains_there_and_can_be_tuned(run: Any) -> None:
    prepared, result = run(ONLY_ON_2_15)
    assert (prepared.inspection["keras_generation"], image_of(prepared)) == ("2.15", "pushtune/keras_2_15")
    assert prepared.image["warnings"][0].startswith("train.py:")
    assert result.versions["tensorflow"] == "2.15.1"
    assert (result.status, result.epochs_trained, result.objective.guard) == ("done", 3, "holdout")
    assert set(result.test_metrics) == {"loss", "accuracy"}
    assert result.model_files == ["model/model.keras"]
    tunable = {(item.owner, item.argument) for item in result.search_space if item.tunable}
    assert {("fit", "epochs"), ("fit", "batch_size"), ("Dense", "units")} <= tunable


def test_code_that_needs_keras_2_12_trains_there(run: Any) -> None:
    prepared, result = run(ONLY_ON_2_12)
    assert (prepared.inspection["keras_generation"], image_of(prepared)) == ("2.12", "pushtune/keras_2_12")
    assert result.versions["tensorflow"] == "2.12.1"
    assert (result.status, result.epochs_trained) == ("done", 3)
    assert result.objective is not None


def test_an_error_in_an_older_image_names_the_line_of_the_script(run: Any) -> None:
    with pytest.raises(ScriptFailed, match=r"train.py:10: NameError: .*no_such_name"):
        run(BROKEN_ON_2_15)
