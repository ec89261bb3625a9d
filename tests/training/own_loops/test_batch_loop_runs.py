"""Scripts that train batch by batch, and those that print numbers without words, through the runtime."""

from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow, run_text

from pushtune_contract.progress import learning_curve

pytestmark = [needs_tensorflow, pytest.mark.slow]

BATCHES = """
import keras
import numpy as np
rng = np.random.default_rng(32)
x = rng.normal(size=(128, 4)); y = (x.sum(axis=1) > 0).astype("int64")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
def batches():
    return [slice(start, start + 32) for start in range(0, 128, 32)]
means = []
for epoch in range(3):
    seen = []
    for part in batches():
        loss, accuracy = model.train_on_batch(x[part], y[part])
        seen.append(accuracy)
    means.append(float(np.mean(seen)))
    pass
print(means)
"""
TESTED = BATCHES.replace(
    "    pass\n", "    for part in batches():\n        logs = model.test_on_batch(x[part], y[part], return_dict=True)\n"
)
TWO_MODELS = BATCHES.replace("    pass\n", "    other.train_on_batch(x, y)\n").replace(
    "means = []", 'other = keras.models.clone_model(model)\nother.compile("adam", "binary_crossentropy")\nmeans = []'
)
# One number on the standard output for each way to print a variable without a word about it.
WITHOUT_WORDS = {
    "print(epoch, validation_accuracy)": 0.75,
    'print(f"{epoch} {validation_accuracy:.1f}")': 0.75,
    'print("%d %.1f" % (epoch, validation_accuracy))': 0.75,
    'print("epoch {}: {:.1f}".format(epoch, validation_accuracy))': 0.75,
    "print(epoch, round(100 * validation_accuracy))": 0.75,
    "print(epoch, validation_accuracy / 2)": None,
    "print('class', 3, validation_accuracy)": None,
    "print(epoch, best_validation_accuracy)": None,
    "print(epoch, validation_accuracies)": None,
    "print(epoch, len(validation_accuracies))": None,
}
PRINTS = """
import keras
import numpy as np
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
optimizer.build(model.trainable_variables)
def train(validation_accuracy, validation_accuracies):
    best_validation_accuracy = validation_accuracy
    optimizer.apply([np.ones_like(variable) for variable in model.trainable_variables])
    PRINT
for epoch in range(2):
    train(np.float32(0.75), [0.1, 0.2])
"""


def test_the_mean_over_the_batches_of_an_epoch_is_the_curve(tmp_path: Path) -> None:
    done = run_text(tmp_path, BATCHES)
    objective = done.result.objective
    assert objective is not None
    assert (objective.metric, objective.guard) == ("accuracy", "none")
    assert done.result.objective_source == "batches train.py:14 accuracy"
    curve = [value for _, value in learning_curve(done.folder)]
    assert curve == pytest.approx(eval(done.stdout))
    assert "which the script calls training" in done.messages("guard")
    assert done.result.model_files == ["model/model.keras"]


def test_batches_of_the_test_data_are_preferred(tmp_path: Path) -> None:
    done = run_text(tmp_path, TESTED)
    assert done.result.objective_source == "evaluate train.py:18 accuracy"
    assert "this is test data" in done.messages("guard")
    assert len(learning_curve(done.folder)) == 3


def test_of_models_that_train_each_other_no_metric_tells_the_better(tmp_path: Path) -> None:
    done = run_text(tmp_path, TWO_MODELS + 'print("loss:", float(loss))\n')
    assert (done.result.status, done.result.objective) == ("script_error", None)
    assert done.result.error is not None
    assert "trains several models" in done.result.error.message


def test_a_loss_that_is_no_number_ends_a_trial(tmp_path: Path) -> None:
    broken = "    y[:] = np.nan if epoch else y\n    seen = []\n"
    text = BATCHES.replace("int64", "float32").replace("    seen = []\n", broken)
    trial = run_text(tmp_path, text, mode="trial", objective_source="batches train.py:15 accuracy")
    assert (trial.result.status, trial.result.error is not None) == ("infeasible", True)


def test_models_that_are_trained_one_after_the_other_are_no_rivals(tmp_path: Path) -> None:
    loop = BATCHES[BATCHES.index("model = ") : BATCHES.index("print(means)")].replace("def batches", "def others")
    done = run_text(tmp_path, BATCHES + loop.replace("means = []\n", ""))
    assert done.result.status == "done"
    assert done.result.objective_source.endswith("accuracy")


def test_a_held_out_number_tells_the_better_of_them(tmp_path: Path) -> None:
    done = run_text(tmp_path, TWO_MODELS + 'print("val_loss:", float(loss))\n')
    assert done.result.objective_source == "printed train.py:21 val_loss"


def test_so_does_a_metric_that_the_entry_names(tmp_path: Path) -> None:
    done = run_text(tmp_path, TWO_MODELS + 'print("loss:", float(loss))\n', objective="loss")
    assert done.result.objective_source == "printed train.py:21 loss"


@pytest.mark.parametrize("way", WITHOUT_WORDS)
def test_a_number_without_words_is_known_by_its_variable(way: str, tmp_path: Path) -> None:
    done = run_text(tmp_path, PRINTS.replace("PRINT", way))
    objective = done.result.objective
    assert (objective and objective.value) == WITHOUT_WORDS[way]
    if objective:
        assert done.result.objective_source == "printed train.py:10 validation_accuracy"
