"""Where the objective comes from, for each way of giving data to ``fit``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.training.runtime_runs import Run, needs_tensorflow, run, run_text

pytestmark = [needs_tensorflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield run(tmp_path_factory.mktemp("pipeline"), "pipeline")


def test_a_data_set_of_arrays_is_split_at_its_source(pipeline: Run) -> None:
    assert pipeline.stdout.startswith("batches 13 ['accuracy', 'loss', 'val_accuracy', 'val_loss']")
    first = [line for line in pipeline.progress if line.kind == "epoch"][0]
    share = first.metrics["val_accuracy"] * 40
    assert share == pytest.approx(round(share), abs=1e-3)  # 40 of 200 samples, not the 50 of the test set


def test_parts_of_one_data_set_are_clean_unless_they_are_shuffled_first(pipeline: Run) -> None:
    guards = [item.message for item in pipeline.result.warnings if item.kind == "guard"]
    assert len(guards) == 1
    assert "splits a data set after shuffling it anew in each epoch" in guards[0]


def test_images_of_a_generator_are_split(pipeline: Run) -> None:
    assert pipeline.result.samples == {"train": 48, "validation": 12, "test": 10}
    assert pipeline.result.objective is not None
    assert pipeline.result.objective.guard == "holdout"
    assert pipeline.result.test_reads == 1


def test_batch_sizes_of_training_data_alone_are_offered(pipeline: Run) -> None:
    found = {item.id: (item.line, item.group) for item in pipeline.result.search_space if item.role == "batch_size"}
    constant = "train.py:20:5#0.batch.batch_size"
    assert found == {
        constant: (4, constant),
        "train.py:30:10#0.batch.batch_size": (4, constant),
        "train.py:33:10#0.batch.batch_size": (4, constant),
        "train.py:40:12#0.flow.batch_size": (40, None),
    }


def test_a_trial_of_a_pipeline_takes_its_batch_size(tmp_path: Path) -> None:
    overrides = {"train.py:20:5#0.batch.batch_size": 50, "train.py:26:10#0.fit.epochs": 1}
    done = run(tmp_path, "pipeline", mode="trial", overrides=overrides)
    assert done.result.unapplied == []
    assert done.stdout.startswith("batches 4 ")
    assert (done.result.test_metrics, done.result.test_reads) == ({}, 0)


def test_a_generator_has_no_guard_and_a_trial_still_reads_no_test_data(tmp_path: Path) -> None:
    text = (
        "import keras, numpy as np\n"
        "def batches():\n"
        "    while True:\n"
        "        yield np.ones((4, 2)), np.ones((4, 1))\n"
        "model = keras.Sequential([keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse', metrics=['mae'])\n"
        "model.fit(batches(), steps_per_epoch=3, epochs=2, verbose=0)\n"
        "print(len(model.evaluate(np.full((5, 2), np.nan), np.ones((5, 1)), verbose=0)))\n"
        "print(sorted(model.evaluate(np.ones((5, 2)), np.ones((5, 1)), verbose=0, return_dict=True)))\n"
    )
    done = run_text(tmp_path, text, mode="trial")
    assert done.stdout == "2\n['loss', 'mae']\n"
    assert done.result.objective is not None
    assert (done.result.objective.metric, done.result.objective.guard) == ("loss", "none")
    assert "nothing was held out: fit gets its data from a generator" in done.messages("guard")


def test_a_classifier_without_metrics_is_measured(tmp_path: Path) -> None:
    done = run(tmp_path, "subclassed")
    assert done.stdout.startswith("loss is a number: True\n")
    assert done.result.objective is not None
    assert (done.result.objective.metric, done.result.objective.direction) == ("accuracy", "maximize")
    widths = {item.line: (item.tunable, item.group) for item in done.result.search_space if item.role == "units"}
    tied = "train.py:8:21#0.Dense.units"
    assert widths[11] == (True, None)
    assert {item.group for item in done.result.search_space if item.line == 6 and item.value == 16} == {tied}
    head = done.parameter("12:20#0.Dense.units")
    assert (head.tunable, head.reason, head.line) == (False, "sets the shape of the model's output", 6)


def test_a_script_for_keras_2_runs_with_warnings(tmp_path: Path) -> None:
    done = run(tmp_path, "legacy_keras2")
    assert done.result.status == "done"
    assert "acc 2\n" in done.stdout
    assert "classes (3,)\n" in done.stdout
    assert "two numbers 2\n" in done.stdout
    assert done.stdout.endswith("session channels_last True\n")
    for text in (
        "compile: the third argument was taken as metrics",
        "the argument nb_epoch of Keras 1 was taken as epochs",
        "EarlyStopping monitors val_acc, which is called val_accuracy now",
        "the optimizer's argument lr of Keras 2 was taken as learning_rate",
        "the optimizer's decay=0.001 of Keras 2: the rate is divided by 1 + 0.001 * updates",
        "weights were written to weights.weights.h5",
    ):
        assert text in done.messages("keras2")
    rate = done.parameter("25:0#0.compile.learning_rate")
    assert (rate.value, rate.explicit) == (0.001, False)
    assert rate.reason.startswith("Adadelta's default was 1.0")
    assert (done.output / "best.h5").exists()


FOR_KERAS_2_3 = """
import keras, numpy as np
from keras.callbacks import Callback, LearningRateScheduler, ModelCheckpoint
from keras.optimizers import SGD
from keras.preprocessing.image import ImageDataGenerator
x, y = np.random.RandomState(0).rand(100, 4, 4, 1), np.arange(100) % 2
print(ImageDataGenerator().flow(x, y, batch_size=10).next()[0].shape)
class Seen(Callback):
    def on_epoch_end(self, epoch, logs=None):
        print([part.shape for part in self.validation_data], round(float(self.model.optimizer.learning_rate), 4))
rated, variable = SGD(lr=0.5, decay=1.0), keras.Variable(1.0)
for _ in range(3):
    rated.apply([np.float32(1.0)], [variable])
print(round(float(variable), 4))
model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")])
model.compile(SGD(lr=0.1, decay=0.05), "binary_crossentropy", ["accuracy"])
callbacks = [
    LearningRateScheduler(lambda epoch: 0.4 / (epoch + 1)), Seen(), ModelCheckpoint("best-{epoch}-{val_acc:.1f}.h5"),
]
model.fit(x, y, epochs=2, batch_size=8, validation_data=(x[:20], y[:20]), callbacks=callbacks, verbose=0)
"""


def test_callbacks_decay_and_iterators_work_as_in_keras_2_3(tmp_path: Path) -> None:
    done = run_text(tmp_path, FOR_KERAS_2_3)
    assert done.result.error is None and done.result.status == "done"
    assert done.stdout.splitlines() == [
        "(10, 4, 4, 1)",
        "0.0833",  # 1 - 0.5 / 1 - 0.5 / 2 - 0.5 / 3
        "[(20, 4, 4, 1), (20,), (20,)] 0.4",
        "[(20, 4, 4, 1), (20,), (20,)] 0.2",
    ]
    rate = done.parameter(":14#0.SGD.learning_rate")
    assert (rate.value, rate.line, rate.tunable) == (0.1, 16, True)
    assert len(list(done.output.glob("best-*"))) == 2


LISTS = """
import keras, numpy as np
def batches():
    while True:
        yield np.ones((4, 2)), [np.ones((4, 1)), np.zeros((4, 1))]
given = keras.Input((2,))
model = keras.Model(given, [keras.layers.Dense(1)(given), keras.layers.Dense(1)(given)])
model.compile("sgd", ["mse", "mse"])
model.fit_generator(batches(), steps_per_epoch=10 / 4, epochs=2, validation_data=batches(), validation_steps=1)
"""


def test_generators_may_yield_lists_of_outputs(tmp_path: Path) -> None:
    done = run_text(tmp_path, LISTS)
    assert done.result.error is None and done.result.status == "done"


NAMED_ACC = """
import keras, numpy as np
x, y = np.random.RandomState(0).rand(100, 4), np.arange(100) % 2
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
model.compile("sgd", "binary_crossentropy", metrics=[METRIC])
callbacks = [keras.callbacks.ModelCheckpoint("best-{epoch}-{val_acc:.1f}.keras")]
model.fit(x, y, epochs=1, validation_data=(x[:20], y[:20]), callbacks=callbacks, verbose=0)
"""


@pytest.mark.parametrize("metric", ["'acc'", "keras.metrics.BinaryAccuracy(name='acc')"])
def test_files_that_are_named_by_a_metric_called_acc_stay_so(tmp_path: Path, metric: str) -> None:
    done = run_text(tmp_path, NAMED_ACC.replace("METRIC", metric))
    assert done.result.error is None and done.result.status == "done"
    assert len(list(done.output.glob("best-*"))) == 1


BATCHES = """
import keras, numpy as np
class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 10
    def __getitem__(self, number):
        seen.add(number)
        return np.full((4, 2), float(number)), np.ones((4, 1))
class Shuffled(Batches):
    def on_epoch_end(self):
        pass
seen = set()
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(Batches(), epochs=1, verbose=0)
print(sorted(seen) == list(range(10)), model.history.epoch, "val_loss" in model.history.history)
model.fit(Shuffled(), epochs=1, verbose=0)
print("val_loss" in model.history.history)
"""


def test_batches_by_number_are_split_unless_the_class_may_shuffle_them(tmp_path: Path) -> None:
    done = run_text(tmp_path, BATCHES)
    assert done.stdout == "True [0] True\nFalse\n"
    assert "cannot be read in two parts" in done.messages("guard")


def test_parts_of_one_array_that_overlap_are_training_data(tmp_path: Path) -> None:
    text = (
        "import keras, numpy as np\n"
        "data = np.random.default_rng(0).normal(size=(120, 3)); y = (data[:, 0] > 0).astype(int)\n"
        "x, x_test = data[:100], data[100:]\n"
        "m = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, activation='sigmoid')])\n"
        "m.compile('adam', 'binary_crossentropy', metrics=['accuracy'])\n"
        "m.fit(x, y[:100], verbose=0)\n"
        "m.evaluate(x_test, y[100:], verbose=0)\n"
        "m.evaluate(x[:50], y[:50], verbose=0)\n"
    )
    done = run_text(tmp_path, text)
    assert (done.result.test_reads, done.result.samples["test"]) == (1, 20)
    evaluated = [line.message for line in done.progress if line.kind == "evaluate"]
    assert evaluated == ["test", "not test data"]


def test_a_folder_of_images_is_read_in_two_parts(tmp_path: Path) -> None:
    done = run(tmp_path, "folder_of_images")
    assert done.result.samples == {"train": 32, "validation": 8}
    assert done.result.objective is not None
    assert (done.result.objective.guard, done.result.objective.metric) == ("holdout", "accuracy")
    assert set(done.result.test_metrics) == {"loss", "accuracy"}
    assert done.parameter("image_dataset_from_directory.batch_size").value == 5
