"""What cannot be repeated bit for bit is called approximate, with the reason, and resumes all the same."""

from pathlib import Path

import numpy as np
import pytest
from tests.training import resume_runs as runs
from tests.training.runtime_runs import run_text

REASONS = (
    "the model draws random numbers with tf.random (RandomStandardNormal)",
    "file of the callback Log is a TextIOWrapper, which no checkpoint can hold",
    "the tf.data pipeline draws random numbers without a seed (tf.random.set_seed in the script gives one)",
    "Keras reads ahead in the generator of the validation data, depending on timing",
    "a generator serves several fits, and Keras reads ahead in it, depending on timing",
)
EPOCHS = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3)]


@pytest.mark.slow
def test_reasons_are_named_and_kept_over_a_resume(tmp_path: Path) -> None:
    runs.ask(tmp_path, "inexact/all_reasons.py")
    runs.run(tmp_path, "after_write:8")
    killed = runs.ending(tmp_path, runs.run(tmp_path).stdout)
    assert killed.result.resumed_from_epochs == [2]
    assert killed.result.exactness == "approximate"
    assert tuple(killed.result.exactness_reason.split("; ")) == REASONS
    assert [epoch[:2] for epoch in killed.epochs] == EPOCHS


OWN_STATE = """
import functools
import numpy as np, tensorflow as tf
from tensorflow import keras
def closed():
    generator, count = tf.random.Generator.from_seed(1), tf.Variable(0.0, trainable=False)
    return lambda: (generator, count)
@functools.lru_cache
def hidden(number):
    return tf.random.Generator.from_seed(1), tf.Variable(0.0, trainable=False)
hidden(1)
kept = KEPT
class Noise(keras.layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        ATTRIBUTE
    def call(self, inputs, training=False):
        generator, count = kept()
        if not training:
            return inputs
        CHANGE
        return inputs + count
NAMES
model = keras.Sequential([keras.Input((3,)), Noise(), keras.layers.Dropout(0.1), keras.layers.Dense(1)])
model.compile("sgd", "mse")
data = DATA
model.fit(data, epochs=2, steps_per_epoch=5, verbose=0)
"""
DATA = "tf.data.Dataset.from_tensor_slices((np.ones((40, 3)), np.ones((40, 1)))).repeat().batch(4)"
DRAWN = DATA.replace(".batch(4)", ".map(lambda x, y: (x + kept()[0].normal((3,), dtype='float64'), y)).batch(4)")
GENERATED = "((np.ones((4, 3)), np.ones((4, 1))) for _ in range(10))"
LOOKING = GENERATED.replace("range(10)", "range(10) if other.numpy() >= 0")
DRAW, COUNT = "inputs = inputs + generator.normal(tf.shape(inputs))", "count.assign_add(1.0)"
OUT_OF_REACH = (
    "the model draws from a tf.random.Generator, or changes a tf.Variable, that no name, attribute or closure of the "
    "script leads to"
)
AHEAD = "the tf.data pipeline changes variables of the model, ahead of the training"
BY_PYTHON = "Python code that reads the data can reach variables that change, ahead of the training"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"CHANGE": DRAW, "KEPT": "lambda: hidden(1)"}, OUT_OF_REACH),
        ({"CHANGE": COUNT, "KEPT": "lambda: hidden(1)"}, OUT_OF_REACH),
        ({"CHANGE": "pass", "KEPT": "lambda: hidden(1)"}, ""),
        ({"CHANGE": DRAW}, ""),
        ({"CHANGE": COUNT}, ""),
        ({"CHANGE": DRAW, "ATTRIBUTE": "self.held = [kept()[0]]"}, ""),
        ({"CHANGE": DRAW, "NAMES": "generator, other = kept()"}, ""),
        ({"CHANGE": COUNT, "NAMES": "generator, other = kept()"}, ""),
        ({"CHANGE": "pass", "NAMES": "generator, other = kept()", "DATA": DRAWN}, ""),
        ({"CHANGE": DRAW, "NAMES": "generator, other = kept()", "DATA": DRAWN}, AHEAD),
        ({"CHANGE": DRAW, "ATTRIBUTE": "self.held = [kept()[0]]", "DATA": DRAWN}, AHEAD),
        ({"CHANGE": COUNT, "NAMES": "other = kept()[1]", "DATA": GENERATED}, ""),
        ({"CHANGE": COUNT, "NAMES": "generator, other = kept()", "DATA": GENERATED}, ""),
        ({"CHANGE": COUNT, "NAMES": "generator, other = kept()", "DATA": LOOKING}, BY_PYTHON),
    ],
)
def test_a_variable_outside_the_model_counts_where_its_value_can_be_restored(
    parts: dict[str, str], reason: str, tmp_path: Path
) -> None:
    text = OWN_STATE
    for name, part in {"ATTRIBUTE": "pass", "NAMES": "", "KEPT": "closed()", "DATA": DATA, **parts}.items():
        text = text.replace(name, part)
    done = run_text(tmp_path, text, mode="retrain")
    assert (done.exit_code, done.result.exactness_reason) == (0, reason)


CONSTANT = """
import numpy as np, tensorflow as tf
from tensorflow import keras
large = tf.Variable(tf.ones([2_000_000]), trainable=False)
with tf.Graph().as_default():
    elsewhere = tf.compat.v1.Variable(1.0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
rate = model.optimizer.learning_rate
model.fit(((np.ones((4, 3)), np.ones((4, 1))) for _ in range(4)), epochs=1, steps_per_epoch=4, verbose=0)
"""


def test_what_training_leaves_alone_is_in_no_checkpoint(tmp_path: Path) -> None:
    done = run_text(tmp_path, CONSTANT.replace("large =", "large = None #"), mode="retrain")
    assert (done.exit_code, done.result.exactness_reason) == (0, "")
    done = run_text(tmp_path / "large", CONSTANT, mode="retrain")
    assert (done.exit_code, done.result.exactness_reason) == (0, "")
    assert {warning.kind for warning in done.result.warnings} == {"guard"}
    written = sum(path.stat().st_size for path in (done.folder / "checkpoint").rglob("*"))
    assert 0 < written < 200_000


IN_A_GRAPH = """
import numpy as np, tensorflow as tf
from tensorflow import keras
x = tf.function(lambda: tf.random.normal((40, 3)))().numpy()
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, np.ones((40, 1)), verbose=0)
"""


def test_data_that_a_graph_has_drawn_without_a_seed_is_not_the_same_again(tmp_path: Path) -> None:
    done = run_text(tmp_path, IN_A_GRAPH, mode="retrain")
    assert done.result.exactness_reason.startswith("TensorFlow draws random numbers without a seed")


def test_seeds_from_a_clock_are_those_of_the_first_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCK", "17.25")
    whole = runs.run_through(tmp_path / "whole", "changing/seeds.py")
    runs.ask(tmp_path / "killed", "changing/seeds.py")
    runs.run(tmp_path / "killed", "after_write:1")
    monkeypatch.setenv("CLOCK", "1234.5")
    killed = runs.ending(tmp_path / "killed", runs.run(tmp_path / "killed").stdout)
    runs.assert_same(killed, whole)
    assert (killed.result.exactness, killed.result.resumed_from_epochs) == ("exact", [1])


@pytest.mark.parametrize("kind", ["arrays", "tf.data"])
def test_other_data_than_before_the_kill_is_told(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(1).random((200, 4))
    monkeypatch.setenv("KIND", kind)
    monkeypatch.setenv("DATA", str(tmp_path / "rows.npy"))
    np.save(tmp_path / "rows.npy", rows)
    runs.ask(tmp_path / "run", "changing/data.py")
    runs.run(tmp_path / "run", "after_write:1")
    np.save(tmp_path / "rows.npy", np.concatenate([rows[:199], rows[199:] + 0.5, rows[: 10 * (kind == "tf.data")]]))
    killed = runs.ending(tmp_path / "run", runs.run(tmp_path / "run").stdout)
    assert killed.result.resumed_from_epochs == [1]
    assert killed.result.exactness_reason == "the data is not what an earlier process trained on"


CHANGED = """
import numpy as np
from tensorflow import keras
x = np.ones((40, 3), "float32")
class Noise(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        x[-1] += epoch
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, np.ones((40, 1)), epochs=3, verbose=0, callbacks=[Noise()])
"""


def test_data_that_a_callback_changes_is_not_restored(tmp_path: Path) -> None:
    done = run_text(tmp_path, CHANGED, mode="retrain")
    assert done.result.exactness_reason == "the data is changed while training goes on"


CHANGING = (
    "Patience.on_train_begin reads the clock, or random numbers of the system",
    "Python code that reads the data can look at the model, ahead of the training",
    "clipnorm of adam changes, but TensorFlow's graph has an earlier value",
    "copy of the callback Patience is a Sequential, which no checkpoint can hold",
    "harder draws random numbers that Python code which reads the data may draw too",
    "level of Batches changes, and Python code that reads the data may look at it",
    "rate of drop changes, but TensorFlow's graph has an earlier value",
    "seen of sequential changes, but TensorFlow's graph has an earlier value",
    "the global rate is a generator, which no checkpoint can hold",
    "the module counting is imported only while training, and may remember something",
)


def test_state_that_changes_and_cannot_be_restored_truly_is_named(tmp_path: Path) -> None:
    whole = runs.run_through(tmp_path, "inexact/changing_state.py")
    assert tuple(sorted(whole.result.exactness_reason.split("; "))) == CHANGING


TIMED = """
import time
import numpy as np
from tensorflow import keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
start = time.time()
while time.time() - start < 1000 and model.optimizer.iterations < 8:
    model.fit(np.ones((40, 3)), np.ones((40, 1)), verbose=0)
"""


def test_a_loop_that_a_clock_ends_is_named(tmp_path: Path) -> None:
    done = run_text(tmp_path, TIMED, mode="retrain")
    assert done.result.exactness_reason == "train.py:8: what is trained ends when a time is over"
