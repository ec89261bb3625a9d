"""Optimizers are exchanged however the script gives them; output layers and tied shapes are known in all styles."""

from pathlib import Path
from typing import Any

import pytest
from tests.training.runtime_runs import Run, needs_tensorflow, run, run_text

pytestmark = [needs_tensorflow, pytest.mark.slow]

OPTIMIZERS = """
import keras, numpy as np
from keras.optimizers import SGD, Adam
from keras.optimizers.schedules import ExponentialDecay
x, y = np.ones((40, 3)), np.ones((40, 1))
def train(optimizer):
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(x, y, epochs=1, batch_size=10, verbose=0)
    rate = model.optimizer._learning_rate
    steps = [round(float(rate(step)), 6) for step in (0, 10)] if callable(rate) else round(float(rate.value), 6)
    print(type(model.optimizer).__name__, steps)
train("sgd")
train(SGD(0.5, momentum=0.9))
train(Adam(ExponentialDecay(0.2, decay_steps=10, decay_rate=0.5)))
"""
SGD_TEXT, SGD_OBJECT, ADAM_SCHEDULE = (f"train.py:8:4#{number}.compile.optimizer" for number in range(3))
RATE, FIRST_RATE = "train.py:14:6#0.SGD.learning_rate", "train.py:15:11#0.ExponentialDecay.initial_learning_rate"


@pytest.mark.parametrize(
    ("overrides", "printed"),
    [
        ({}, ["SGD 0.01", "SGD 0.5", "Adam [0.2, 0.1]"]),
        ({SGD_TEXT: "adam"}, ["Adam 0.001", "SGD 0.5", "Adam [0.2, 0.1]"]),
        ({SGD_OBJECT: "rmsprop", RATE: 0.25}, ["SGD 0.01", "RMSprop 0.25", "Adam [0.2, 0.1]"]),
        ({ADAM_SCHEDULE: "nadam"}, ["SGD 0.01", "SGD 0.5", "Nadam [0.2, 0.1]"]),
        ({FIRST_RATE: 0.8}, ["SGD 0.01", "SGD 0.5", "Adam [0.8, 0.4]"]),
        ({ADAM_SCHEDULE: "sgd", FIRST_RATE: 0.8}, ["SGD 0.01", "SGD 0.5", "SGD [0.8, 0.4]"]),
    ],
)
def test_an_optimizer_is_exchanged_and_a_schedule_keeps_its_shape(
    overrides: dict[str, Any], printed: list[str], tmp_path: Path
) -> None:
    done = run_text(tmp_path, OPTIMIZERS, mode="trial", overrides=overrides)
    assert done.result.unapplied == []
    assert done.stdout.splitlines() == printed


OUTPUTS = """
import keras, numpy as np
from keras import layers
x, y = np.random.default_rng(0).normal(size=(60, 6, 4)), np.random.default_rng(1).integers(0, 3, 60)
def train(model, target=y, loss="sparse_categorical_crossentropy"):
    model.compile("sgd", loss)
    model.fit(x, target, epochs=1, verbose=0)
train(keras.Sequential([layers.Flatten(), layers.Dense(21), layers.Dense(3), layers.Softmax()]))
train(keras.Sequential([layers.Conv1D(22, 2), layers.Conv1D(3, 2), layers.GlobalAveragePooling1D(), layers.Softmax()]))
i = layers.Input((6, 4))
h = layers.Dense(23)(layers.Flatten()(i))
train(keras.Model(i, [layers.Dense(3)(h), layers.Dense(2)(h)]), [np.ones((60, 3)), np.ones((60, 2))], ["mse", "mse"])
class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.hidden, self.last = layers.Flatten(), layers.Dense(24), layers.Dense(3)
    def call(self, data):
        return keras.ops.softmax(self.last(self.hidden(self.flat(data))))
train(Own())
"""


def test_the_layer_that_makes_the_output_is_known_in_all_styles(tmp_path: Path) -> None:
    done = run_text(tmp_path, OUTPUTS)
    assert done.result.status == "done", done.result.error
    widths = [
        (item.value, item.tunable) for item in done.result.search_space if item.argument in ("units", "filters")
    ]
    assert widths == [
        (21, True), (3, False), (22, True), (3, False), (23, True), (3, False), (2, False), (24, True), (3, False),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("residual"), "residual")


def test_what_is_added_is_tied_and_what_is_joined_is_free(residual: Run) -> None:
    convolutions = {
        (item.line, item.value): (item.tunable, item.group)
        for item in residual.result.search_space if item.argument == "filters"
    }  # fmt: skip
    # The stem and the last convolution of both blocks share FILTERS and are added; the inner one is free.
    assert set(convolutions) == {(12, 8), (16, 16)}
    tied, free = convolutions[12, 8], convolutions[16, 16]
    assert tied[0] and tied[1] is not None and free == (True, None)
    joined = residual.parameter("28:12#1.Dense.units")
    assert (joined.value, joined.tunable, joined.group) == (24, True, None)  # Concatenate takes any width
    raw = [item for item in residual.result.search_space if item.argument == "units" and item.line in (32, 33)]
    assert len(raw) == 2
    assert not any(item.tunable and item.group is None for item in raw), "x + Dense(x) must stay equal"
    assert not residual.parameter("34:8#0.Dense.units").tunable


@pytest.mark.parametrize(
    ("schedule", "counts"), [("lambda epoch: 0.01", False), ("lambda epoch, lr: lr * 0.9", True)],
    ids=["by the epoch alone", "from the rate"],
)  # fmt: skip
@pytest.mark.parametrize("optimizer", ["keras.optimizers.Adam(learning_rate=0.5)", "'adam'"])
def test_a_rate_that_a_schedule_replaces_is_not_offered(
    tmp_path: Path, optimizer: str, schedule: str, counts: bool
) -> None:
    text = f"""
import keras, numpy as np
model = keras.Sequential([keras.layers.Dense(1)])
model.compile({optimizer}, "mse")
scheduler = keras.callbacks.LearningRateScheduler({schedule})
model.fit(np.ones((20, 2)), np.ones(20), epochs=2, verbose=0, callbacks=[scheduler])
"""
    done = run_text(tmp_path, text)
    (rate,) = [item for item in done.result.search_space if item.role == "learning_rate"]
    assert rate.tunable is counts and ("in each epoch" in rate.reason) is not counts
