"""Scripts that train with a loop of their own, through the runtime."""

import json
from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow, run_text

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.progress import learning_curve

pytestmark = [needs_tensorflow, pytest.mark.slow]

SCRIPT = """
import numpy as np
import tensorflow as tf
from tensorflow import keras
EPOCHS = 3
rng = np.random.default_rng(0)
x = rng.normal(size=(96, 4)).astype("float32"); y = (x.sum(axis=1) > 0).astype("int64")
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)])
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(0.01)
val_acc = keras.metrics.SparseCategoricalAccuracy()
@tf.function
def step(a, b):
    with tf.GradientTape() as tape:
        loss = loss_fn(b, model(a, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
for epoch in range(EPOCHS):
    for a, b in data:
        step(a, b)
    try:
        val_acc.reset_state(); val_acc.update_state(y, model(x))
        accuracy = float(val_acc.result())
    except Exception:
        pass
print(f"epochs {epoch + 1} of {EPOCHS}")
"""
PRINTED = SCRIPT.replace("accuracy = float(val_acc.result())", "pass") + (
    'print(f"Test accuracy: {np.mean(np.argmax(model(x), axis=1) == y):.4f}")\n'
)
EPOCHS_ID = "train.py:19:13#0.range.epochs"


def test_a_metric_object_gives_the_curve_and_the_model_is_saved(tmp_path: Path) -> None:
    done = run_text(tmp_path, SCRIPT)
    assert (done.exit_code, done.result.status) == (ExitCode.DONE, "done")
    objective = done.result.objective
    assert objective is not None
    assert (objective.metric, objective.direction, objective.guard) == ("accuracy", "maximize", "none")
    curve = [value for _, value in learning_curve(done.folder)]
    assert len(curve) == 3
    assert objective.value == max(curve)
    assert done.result.objective_source == "metric train.py:24 val_acc"
    assert done.result.model_files == ["model/model.keras"]
    assert "nothing was held out" in done.messages("guard")
    assert "restart" not in done.result.exactness_reason and "starts again" in done.result.exactness_reason
    assert {item.role for item in done.result.search_space if item.tunable} >= {
        "epochs", "batch_size", "units", "learning_rate",
    }  # fmt: skip


def test_a_function_of_sklearn_gives_the_curve_as_well(tmp_path: Path) -> None:
    text = SCRIPT.replace("val_acc.reset_state(); val_acc.update_state(y, model(x))", "pass").replace(
        "float(val_acc.result())", "accuracy_score(y, np.argmax(model(x), axis=1))"
    )
    done = run_text(tmp_path, "from sklearn.metrics import accuracy_score\n" + text)
    assert done.result.objective is not None
    assert done.result.objective_source == "evaluate train.py:25 accuracy"
    assert len(learning_curve(done.folder)) == 3


def test_overrides_arrive(tmp_path: Path) -> None:
    overrides = {
        EPOCHS_ID: 5, "train.py:8:7#0.batch.batch_size": 16, "train.py:9:26#0.Dense.units": 12,
        "train.py:11:12#0.Adam.learning_rate": 0.05,
    }  # fmt: skip
    source = "metric train.py:24 val_acc"
    done = run_text(tmp_path, SCRIPT, mode="trial", overrides=overrides, epoch_budget=5, objective_source=source)
    assert done.result.unapplied == []
    assert done.stdout == "epochs 5 of 5\n"
    assert len(learning_curve(done.folder)) == 5


def test_a_printed_number_is_the_last_resort(tmp_path: Path) -> None:
    done = run_text(tmp_path, PRINTED)
    assert done.result.objective is not None
    assert done.result.objective_source == "printed train.py:28 Test accuracy"
    assert done.result.test_metrics == {"accuracy": done.result.objective.value}
    assert "this is test data" in done.messages("guard")


def test_a_printed_number_is_not_preferred_to_that_of_fit(tmp_path: Path) -> None:
    text = SCRIPT.split("for epoch in")[0] + (
        'model.compile("adam", loss_fn, metrics=["accuracy"])\n'
        'model.fit(x, y, epochs=2, verbose=0)\nprint("val_accuracy: 0.9999")\n'
    )
    done = run_text(tmp_path, text)
    assert done.result.objective is not None
    assert (done.result.objective.guard, done.result.objective_source) == ("holdout", "")


def test_a_trial_stops_where_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "stop").touch()
    done = run_text(tmp_path, SCRIPT, mode="trial", objective_source="metric train.py:24 val_acc")
    assert (done.exit_code, done.result.status) == (ExitCode.PRUNED, "pruned")
    assert done.stdout == ""
    assert done.result.model_files == []


def test_the_time_limit_ends_the_loop_and_the_script_goes_on(tmp_path: Path) -> None:
    done = run_text(tmp_path, SCRIPT, time_limit_seconds=0.1)
    assert (done.exit_code, done.stdout) == (ExitCode.DONE, "epochs 1 of 3\n")
    assert "training was stopped after epoch 1 of 3" in done.messages()


def test_a_second_process_does_not_report_an_epoch_twice(tmp_path: Path) -> None:
    first = run_text(tmp_path, SCRIPT)
    again = run_text(tmp_path, SCRIPT)
    epochs = [json.dumps([line.fit, line.epoch]) for line in again.progress if line.kind == "epoch"]
    assert len(first.progress) < len(again.progress)
    assert len(epochs) == len(set(epochs)) == 3
