"""Scripts with a distribution strategy train as they would without the runtime, also where fit is outside the scope."""

from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow, run_text

pytestmark = needs_tensorflow

SCRIPT = """
import numpy as np, tensorflow as tf
from tensorflow import keras
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
x = np.random.RandomState(0).randn(200, 5).astype("float32")
y = (x.sum(1) > 0).astype("int32")
strategy = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(REPLICAS)])
with strategy.scope():
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(optimizer=OPTIMIZER, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(DATA, epochs=2, verbose=0)
print(strategy.num_replicas_in_sync, "replicas")
"""
DATASET = "tf.data.Dataset.from_tensor_slices((x, y)).shuffle(200).batch(20)"
SCHEDULE = "keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))"
SPLIT = "a distribution strategy splits the data"


@pytest.mark.parametrize(
    ("replicas", "optimizer", "data", "reason"),
    [
        (1, "'adam'", DATASET, SPLIT),
        (1, SCHEDULE, DATASET, SPLIT),
        (2, "keras.optimizers.get('sgd')", "x, y", SPLIT),
        (1, "keras.optimizers.Adam(0.01)", "x, y", ""),
    ],
)
def test_fit_outside_of_the_scope(replicas: int, optimizer: str, data: str, reason: str, tmp_path: Path) -> None:
    script = SCRIPT.replace("REPLICAS", str(replicas)).replace("OPTIMIZER", optimizer).replace("DATA", data)
    done = run_text(tmp_path, script)
    assert done.exit_code == 0, done.result.error
    assert f"{replicas} replicas" in done.stdout
    assert done.result.epochs_trained == 2
    assert done.result.exactness_reason == reason
