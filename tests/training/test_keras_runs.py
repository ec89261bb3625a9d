"""Whole runs of Keras scripts: objective, guard, search space, overrides, stopping."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.training.runtime_runs import SCRIPTS, Run, needs_tensorflow, run, run_text

from pushtune_contract.exit_codes import ExitCode

pytestmark = [needs_tensorflow, pytest.mark.slow]

EXTRAS = ("extra_layers", "added_dropout")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def dense(folder: Path) -> Run:
    return run(folder / "dense", "dense_constants")


def test_a_baseline_reports_objective_and_test_apart(dense: Run) -> None:
    result = dense.result
    assert (dense.exit_code, result.status, result.error) == (ExitCode.DONE, "done", None)
    assert result.objective is not None
    assert (result.objective.metric, result.objective.direction, result.objective.guard) == (
        "accuracy", "maximize", "holdout",
    )  # fmt: skip
    assert result.objective.chance == pytest.approx(0.105, abs=0.01)
    assert set(result.test_metrics) == {"loss", "accuracy"}
    assert result.test_reads == 1
    assert result.samples == {"train": 1151, "validation": 286, "test": 360}
    assert result.epochs_trained == 3
    assert result.versions["keras"].startswith("3.")


def test_progress_has_a_line_for_each_epoch(dense: Run) -> None:
    epochs = [line for line in dense.progress if line.kind == "epoch"]
    assert [(line.fit, line.epoch, line.epochs) for line in epochs] == [(1, 1, 3), (1, 2, 3), (1, 3, 3)]
    assert all(line.objective == line.metrics["val_accuracy"] for line in epochs)
    assert dense.result.objective is not None
    assert max(line.objective or 0 for line in epochs) == dense.result.objective.value


def test_the_script_sees_what_it_expects(dense: Run) -> None:
    assert dense.stdout == "steps 22\ntest 360 <class 'float'>\n"
    assert float((dense.output / "score.txt").read_text()) == pytest.approx(dense.result.test_metrics["accuracy"])
    assert (dense.folder / "model" / "model.keras").stat().st_size > 1000
    assert dense.result.model_files == ["model/model.keras"]
    assert not (SCRIPTS / "dense_constants" / "score.txt").exists()


def test_the_search_space_points_at_literals(dense: Run) -> None:
    space = [item for item in dense.result.search_space if item.argument not in EXTRAS]
    found = {item.id: (item.role, item.value, item.line, item.column, item.explicit) for item in space}
    assert found == {
        "train.py:16:4#0.Dense.units": ("units", 48, 7, 9, True),
        "train.py:16:4#0.Dense.activation": ("activation", "relu", 16, 36, True),
        "train.py:17:4#0.Dropout.rate": ("dropout", 0.2, 17, 19, True),
        "train.py:18:4#0.Dense.units": ("units", 10, 18, 17, True),
        "train.py:18:4#0.Dense.activation": ("activation", "softmax", 18, 32, True),
        "train.py:20:0#0.compile.optimizer": ("optimizer", "sgd", 20, 24, True),
        "train.py:20:0#0.compile.learning_rate": ("learning_rate", 0.01, 20, 0, False),
        "train.py:20:0#0.compile.learning_rate_decay": ("other", "none", 20, 0, False),
        "train.py:21:0#0.fit.epochs": ("epochs", 3, 8, 9, True),
        "train.py:21:0#0.fit.batch_size": ("batch_size", 64, 9, 8, True),
    }


def test_the_output_layer_cannot_be_tuned(dense: Run) -> None:
    units = dense.parameter("18:4#0.Dense.units")
    activation = dense.parameter("18:4#0.Dense.activation")
    assert (units.tunable, units.reason) == (False, "sets the shape of the model's output")
    assert (activation.tunable, activation.reason) == (
        False, "softmax is chosen for its meaning, not for speed of learning",
    )  # fmt: skip
    assert dense.parameter("16:4#0.Dense.units").tunable


def test_a_trial_applies_overrides_and_never_reads_test_data(dense: Run, folder: Path) -> None:
    overrides = {
        "train.py:16:4#0.Dense.units": 128,
        "train.py:17:4#0.Dropout.rate": 0.0,
        "train.py:20:0#0.compile.optimizer": "adam",
        "train.py:20:0#0.compile.learning_rate": 0.003,
        "train.py:21:0#0.fit.batch_size": 32,
        "train.py:99:0#0.Dense.units": 5,
    }
    trial = run(
        folder / "trial", "dense_constants", mode="trial", trial_number=1, overrides=overrides,
        script_sha256=dense.result.script_sha256, epoch_budget=2,
    )  # fmt: skip
    assert trial.exit_code == ExitCode.DONE
    assert trial.result.unapplied == ["train.py:99:0#0.Dense.units"]
    assert len(trial.result.applied) == 5
    assert trial.result.epochs_trained == 2
    assert (trial.result.test_reads, trial.result.test_metrics) == (0, {})
    assert "test" not in trial.result.samples
    assert trial.stdout.startswith("steps 44\n")  # BATCH was replaced where the script uses it a second time
    assert trial.result.objective is not None
    assert trial.result.objective.value > 0.8
    last = [line for line in trial.progress if line.kind == "evaluate"][-1]
    assert last.message == "not test data"
    assert last.metrics["accuracy"] == pytest.approx(_last_val_accuracy(trial))


def _last_val_accuracy(done: Run) -> float:
    return [line for line in done.progress if line.kind == "epoch"][-1].metrics["val_accuracy"]


def test_retraining_uses_all_training_data_and_reads_the_test_data_once(folder: Path) -> None:
    done = run(folder / "retrain", "dense_constants", mode="retrain", epoch_budget=2)
    assert done.result.samples == {"train": 1437, "validation": 286, "test": 360}
    assert done.result.test_reads == 1
    assert done.result.objective is not None
    assert done.result.objective.guard == "none"
    assert "val_accuracy" in [line for line in done.progress if line.kind == "epoch"][0].metrics


def test_a_stop_file_prunes(folder: Path) -> None:
    done = run(folder / "pruned", "dense_constants", mode="trial", stop=True)
    assert (done.exit_code, done.result.status) == (ExitCode.PRUNED, "pruned")
    assert done.result.epochs_trained == 1
    assert done.result.objective is not None
    assert "test" not in done.stdout
    assert done.result.model_files == []


def test_values_are_found_across_files(folder: Path) -> None:
    done = run(folder / "several", "several_files")
    places = {
        item.id.split("#")[1] + f"@{item.line}": (item.file, item.value)
        for item in done.result.search_space
        if item.argument not in EXTRAS
    }
    assert places == {
        "0.Dense.units@8": ("train.py", 8),
        "0.Dense.activation@5": ("lib/network.py", "relu"),
        "1.Dense.units@8": ("train.py", 6),
        "0.Dense.units@2": ("settings.py", 14),
        "0.Dropout.rate@2": ("settings.py", 0.1),
        "0.Dense.units@11": ("lib/network.py", 1),
        "0.Adam.learning_rate@15": ("train.py", 0.001),
        "0.compile.optimizer@15": ("train.py", "adam"),
        "0.compile.learning_rate_decay@15": ("train.py", "none"),
        "0.fit.epochs@6": ("settings.py", 2),
        "0.fit.batch_size@1": ("settings.py", 40),
    }
    assert done.result.objective is not None
    assert (done.result.objective.metric, done.result.objective.direction) == ("loss", "minimize")
    assert set(done.result.test_metrics) == {"loss", "mae"}  # only given as validation_data: read once, by us
    assert done.result.test_reads == 1


def test_a_failure_after_training_is_a_warning(folder: Path) -> None:
    done = run(folder / "several-trial", "several_files", mode="trial", overrides={
        "train.py:16:0#0.fit.batch_size": 20, "train.py:16:0#0.fit.epochs": 1, "lib/network.py:9:14#0.Dense.units": 30,
    })  # fmt: skip
    assert (done.exit_code, done.result.status, done.result.unapplied) == (ExitCode.DONE, "done", [])
    assert done.stdout == "steps 10 epochs 1 width 30\n"
    late = done.result.warnings[-1]
    assert (late.file, late.line) == ("train.py", 18)
    assert "the script failed after its model was trained: SystemExit: 3" in late.message


def test_a_configuration_that_cannot_be_built_is_infeasible(folder: Path) -> None:
    overrides = {"train.py:18:8#0.Conv2D.filters": 9}
    broken = run(folder / "infeasible", "residual", mode="trial", overrides=overrides, arguments=["--epochs", "1"])
    assert broken.exit_code == ExitCode.DONE, "one literal sets both, so the tie holds"
    overrides = {"train.py:32:8#0.Dense.units": 13}
    broken = run(folder / "infeasible2", "residual", mode="trial", overrides=overrides)
    assert (broken.exit_code, broken.result.status) == (ExitCode.INFEASIBLE, "infeasible")
    assert broken.result.error is not None
    assert (broken.result.error.file, broken.result.error.line) == ("train.py", 33)


def test_the_same_failure_in_a_baseline_is_the_scripts_own(folder: Path) -> None:
    text = "import keras\nm = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(-1)])\n"
    done = run_text(folder / "broken", text)
    assert done.exit_code == ExitCode.SCRIPT_ERROR
    assert done.result.error is not None
    assert done.result.error.line == 2


def test_a_loop_of_its_own_is_said_plainly(folder: Path) -> None:
    text = (
        "import keras, numpy as np\n"
        "m = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])\n"
        "optimizer = keras.optimizers.SGD(0.1)\n"
        "optimizer.apply([np.ones((3, 1)), np.ones(1)], m.trainable_variables)\n"
    )
    done = run_text(folder / "loop", text)
    assert done.exit_code == ExitCode.SCRIPT_ERROR
    assert done.result.error is not None
    assert "trains with a loop of its own (GradientTape, train_on_batch or partial_fit)" in done.result.error.message
