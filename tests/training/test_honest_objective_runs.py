"""Scripts whose data or losses make the obvious hold-out, or the obvious metric, a wrong one."""

from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow, run_text

pytestmark = [needs_tensorflow, pytest.mark.slow]
START = "import numpy as np, tensorflow as tf, keras\nfrom keras import layers\nkeras.utils.set_random_seed(1)\n"
SERIES = """
def pair(window):
    gapless = tf.reduce_all(window[1:] - window[:-1] == 1)
    with tf.control_dependencies([tf.debugging.Assert(gapless, [window])]):
        return tf.identity(window[:-1]), window[-1]
data = tf.data.Dataset.from_tensor_slices(np.arange(400, dtype="float32"))
"""
WINDOWS = "data = data.window(13, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(13)).map(pair)\n"
PIECES = "data = data.batch(13, drop_remainder=True).map(pair)\n"
SERIES_FIT = """
model = keras.Sequential([keras.Input((12,)), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(data.shuffle(100).batch(8, drop_remainder=True), epochs=1, verbose=0)
"""


@pytest.mark.parametrize("steps", [WINDOWS, PIECES], ids=["windows", "batches of batches"])
def test_no_sample_is_held_out_from_the_middle_of_a_series(tmp_path: Path, steps: str) -> None:
    done = run_text(tmp_path, START + SERIES + steps + SERIES_FIT)
    assert done.result.objective is not None, done.result.error
    assert (done.result.objective.metric, done.result.objective.guard) == ("loss", "holdout")
    assert done.result.samples == {"train": 320, "validation": 80}


def test_a_held_out_part_that_is_smaller_than_a_batch_is_still_measured(tmp_path: Path) -> None:
    text = """
x = np.random.default_rng(0).normal(size=(300, 5)).astype("float32")
data = tf.data.Dataset.from_tensor_slices((x, (x.sum(1) > 0).astype("int32"))).batch(64, drop_remainder=True)
model = keras.Sequential([keras.Input((5,)), layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(data, epochs=1, verbose=0)
"""
    done = run_text(tmp_path, START + text)
    assert done.result.objective is not None and done.result.objective.guard == "holdout"
    assert done.result.samples["validation"] == 60


def test_a_model_for_batches_of_one_size_gets_whole_batches(tmp_path: Path) -> None:
    text = """
x, y = np.zeros((448, 10, 1), "float32"), np.zeros(448, "float32")
model = keras.Sequential([keras.Input(batch_shape=(32, 10, 1)), layers.LSTM(2, stateful=True), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y, batch_size=32, epochs=1, shuffle=False, verbose=0)
"""
    done = run_text(tmp_path, START + text)
    assert done.result.status == "done" and done.result.samples == {"train": 352, "validation": 96}


ADVERSARIES = """
class Adversaries(keras.Model):
    def __init__(self):
        super().__init__()
        self.one, self.other = keras.metrics.Mean(name="d_loss"), keras.metrics.Mean(name="g_loss")
        self.weight = self.add_weight(shape=(1,), name="w")
    @property
    def metrics(self):
        return [self.one, self.other]
    def train_step(self, data):
        self.one.update_state(1.0)
        self.other.update_state(2.0)
        return {"d_loss": self.one.result(), "g_loss": self.other.result()}
"""
VALIDATES = """
    def call(self, x):
        return x * self.weight
    def test_step(self, data):
        return self.train_step(data)
"""
ADVERSARIES_FIT = """
model = Adversaries()
model.compile("adam")
model.fit(tf.data.Dataset.from_tensor_slices(np.zeros((64, 2), "float32")).batch(8), epochs=2, verbose=0)
print("trained")
"""


@pytest.mark.parametrize("methods", ["", VALIDATES], ids=["a train_step alone", "a test_step too"])
def test_losses_that_work_against_each_other_give_no_objective(tmp_path: Path, methods: str) -> None:
    done = run_text(tmp_path, START + ADVERSARIES + methods + ADVERSARIES_FIT)
    assert done.stdout == "trained\n" and done.result.status == "done", done.result.error
    assert done.result.objective is None and "work against each other" in done.messages("objective")
    assert ("neither a test_step nor a call" in done.messages("guard")) is not bool(methods)


@pytest.mark.parametrize(
    ("y", "loss", "metric"),
    [
        ("x @ np.arange(5)", "mse", "loss"),
        ("np.round(1000 * x @ np.arange(5))", "huber", "loss"),
        ("x[:, 0] > 0", "mse", "accuracy"),
        ("np.eye(2)[(x[:, 0] > 0).astype(int)]", "mse", "accuracy"),
    ],
    ids=["numbers", "whole numbers", "classes", "one-hot classes"],
)
def test_accuracy_counts_where_there_are_classes(tmp_path: Path, y: str, loss: str, metric: str) -> None:
    text = f"""
x = np.random.default_rng(0).normal(size=(300, 5)).astype("float32")
y = np.asarray({y}, "float32")
model = keras.Sequential([keras.Input((5,)), layers.Dense(1 if y.ndim == 1 else 2)])
model.compile("adam", {loss!r}, metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)
"""
    done = run_text(tmp_path, START + text)
    assert done.result.objective is not None and done.result.objective.metric == metric


def test_an_autoencoder_over_a_data_set_is_no_classifier(tmp_path: Path) -> None:
    text = """
x = np.random.default_rng(0).random((200, 6), dtype="float32")
data = tf.data.Dataset.from_tensor_slices(x).map(lambda sample: (sample, sample)).batch(16)
model = keras.Sequential([keras.Input((6,)), layers.Dense(6, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
model.fit(data, epochs=1, verbose=0)
"""
    done = run_text(tmp_path, START + text)
    assert done.result.objective is not None and done.result.objective.metric == "loss"


def test_training_data_that_is_evaluated_in_other_batches_is_no_test(tmp_path: Path) -> None:
    text = """
rng = np.random.default_rng(0)
def made(samples, label):
    return tf.data.Dataset.from_tensor_slices((rng.random((samples, 3), dtype="float32"), np.full(samples, label)))
train, test = made(100, 1), made(50, 0)
model = keras.Sequential([keras.Input((3,)), layers.Dense(2, activation="softmax")])
model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train.shuffle(100).batch(10), epochs=5, verbose=0)
model.evaluate(test.batch(25), verbose=0)
model.evaluate(train.batch(25), verbose=0)
"""
    done = run_text(tmp_path, START + text)
    assert done.result.test_metrics["accuracy"] < 0.1 and done.result.test_reads == 1


def test_copies_that_balance_the_classes_gain_nothing(tmp_path: Path) -> None:
    text = """
rng = np.random.default_rng(0)
x, y = rng.normal(size=(450, 20)).astype("float32"), (rng.random(450) < 0.1).astype(int)
rare = rng.choice(np.flatnonzero(y), (y == 0).sum())
x, y = np.vstack([x[y == 0], x[rare]]), np.r_[np.zeros((y == 0).sum()), np.ones(len(rare))]
model = keras.Sequential([keras.Input((20,)), layers.Dense(64, activation="relu"), layers.Dense(1, "sigmoid")])
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["AUC"])
model.fit(x, y, epochs=15, verbose=0)
"""
    done = run_text(tmp_path, START + text)
    last = [line for line in done.progress if line.kind == "epoch"][-1].metrics
    assert last["AUC"] > 0.95 and last["val_AUC"] < 0.8, "the labels are random: what is learned is learned by heart"
    assert "have an equal one: these are in one part alone" in done.messages("guard")
