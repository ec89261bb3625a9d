"""What cannot be repeated bit for bit is called approximate, with the reason, and resumes all the same."""

from pathlib import Path

import pytest
from tests.training import resume_runs as runs
from tests.training.runtime_runs import run_text

REASONS = (
    "the model draws random numbers with tf.random (RandomStandardNormal)",
    "the callback Log keeps a TextIOWrapper in file",
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


GENERATOR = """
import numpy as np, tensorflow as tf
from tensorflow import keras
generator = tf.random.Generator.from_seed(1)
class Noise(keras.layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        ATTRIBUTE
    def call(self, inputs, training=False):
        return inputs + generator.normal(tf.shape(inputs)) if training else inputs
model = keras.Sequential([keras.Input((3,)), Noise(), keras.layers.Dropout(0.1), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((40, 3)), np.ones((40, 1)), verbose=0)
"""
OUT_OF_REACH = "the model draws from a tf.random.Generator that is in no attribute of a layer or callback"


@pytest.mark.parametrize(("attribute", "reason"), [("self.held = [generator]", ""), ("pass", OUT_OF_REACH)])
def test_a_generator_of_tensorflow_counts_where_its_state_can_be_restored(
    attribute: str, reason: str, tmp_path: Path
) -> None:
    done = run_text(tmp_path, GENERATOR.replace("ATTRIBUTE", attribute), mode="retrain")
    assert (done.exit_code, done.result.exactness_reason) == (0, reason)


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
