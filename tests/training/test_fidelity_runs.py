"""A script under the runtime computes what it computes without, and nothing but its own values is offered."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.training.runtime_runs import SCRIPTS, needs_tensorflow, run, run_text

pytestmark = [needs_tensorflow, pytest.mark.slow]


def test_a_retraining_computes_what_a_plain_run_computes(tmp_path: Path) -> None:
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}
    plain = subprocess.run(
        [sys.executable, str(SCRIPTS / "plain_equal" / "train.py"), "0.5"], capture_output=True, text=True, check=True,
        env={**os.environ, **threads, "TF_CPP_MIN_LOG_LEVEL": "3"}, timeout=300,
    )  # fmt: skip
    done = run(tmp_path, "plain_equal", mode="retrain", arguments=["0.5"])
    assert _without_times(done.stdout) == _without_times(plain.stdout)
    assert len(done.stdout.splitlines()) > 6


def _without_times(text: str) -> list[str]:
    return [line.split("step - ")[-1] for line in text.splitlines()]


def test_the_test_data_changes_nothing_but_the_test_metrics(tmp_path: Path) -> None:
    one = run(tmp_path / "one", "plain_equal", arguments=["0.5"])
    other = run(tmp_path / "other", "plain_equal", arguments=["-2.5"])
    assert one.result.objective == other.result.objective
    metrics = [[line.metrics for line in done.progress if line.kind == "epoch"] for done in (one, other)]
    assert metrics[0] == metrics[1]
    assert one.result.test_metrics != other.result.test_metrics


def test_the_choice_between_two_trials_does_not_see_the_test_data(tmp_path: Path) -> None:
    """The labels of the test data are random, so a tuner that saw them would follow them."""
    objectives, tested = [], []
    for shift in ("0.5", "-2.5"):
        space = run(tmp_path / shift / "0", "plain_equal", arguments=[shift])
        filters = space.parameter("Conv2D.filters").id
        trials = [
            run(tmp_path / shift / str(wide), "plain_equal", mode="trial", arguments=[shift], overrides={filters: wide})
            for wide in (1, 12)
        ]
        assert [trial.result.applied for trial in trials] == [[filters], [filters]]
        assert [(trial.result.test_reads, trial.result.test_metrics) for trial in trials] == [(0, {}), (0, {})]
        tested.append(space.result.test_metrics)
        objectives.append([trial.result.objective for trial in trials])
    assert tested[0] != tested[1]
    assert objectives[0] == objectives[1]
    assert objectives[0][0] != objectives[0][1]


FILES = """
import json, pathlib
import keras, numpy as np
keras.utils.set_random_seed(5)
x = np.random.default_rng(1).normal(size=(90, 4)); y = (x[:, 0] > 0).astype(int)
model = keras.Sequential([keras.layers.Dense(6, activation="relu"), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
pathlib.Path("out/deep").mkdir(parents=True)
model.fit(x, y, epochs=2, shuffle=False, verbose=0, callbacks=[keras.callbacks.CSVLogger("out/log.csv")])
np.savetxt("out/deep/weights.txt", model.get_weights()[0])
json.dump(model.evaluate(x, y, verbose=0), open("score.json", "w"))
"""


def test_a_retraining_writes_the_files_that_a_plain_run_writes(tmp_path: Path) -> None:
    code = tmp_path / "plain"
    code.mkdir()
    (code / "train.py").write_text(FILES)
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}
    environment = {**os.environ, **threads, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "train.py"], cwd=code, check=True, env=environment, timeout=300)
    done = run_text(tmp_path / "run", FILES, mode="retrain")
    assert done.result.status == "done"
    files = sorted(path.relative_to(code) for path in code.rglob("*") if path.is_file())
    assert len(files) == 4
    assert files == sorted(path.relative_to(done.output) for path in done.output.rglob("*") if path.is_file())
    for name in files:
        assert (done.output / name).read_bytes() == (code / name).read_bytes(), name


def test_two_runs_with_one_seed_are_the_same_where_the_script_sets_none(tmp_path: Path) -> None:
    text = FILES.replace("keras.utils.set_random_seed(5)", "").replace("shuffle=False, ", "")
    first, second, other = (
        run_text(tmp_path / name, text, seed=seed) for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    curves = [[line.metrics for line in done.progress if line.kind == "epoch"] for done in (first, second, other)]
    assert curves[0] == curves[1] != curves[2]


def test_all_styles_of_import_are_seen_and_no_library_inside_another(tmp_path: Path) -> None:
    done = run(tmp_path, "import_styles")
    assert (done.result.status, done.result.test_reads) == ("done", 1), done.messages()  # the copy is compiled
    units = [(item.value, item.line, item.tunable) for item in done.result.search_space if item.role == "units"]
    assert sorted(units) == [
        (1, 31, False), (5, 17, True), (11, 20, True), (12, 21, True), (13, 22, True), (14, 23, True), (15, 24, True),
        (16, 25, True), (17, 27, False), (18, 29, True), (21, 36, False), (22, 38, True),
    ]  # fmt: skip
    implicit = {(item.owner, item.argument, item.value) for item in done.result.search_space if not item.explicit}
    assert ("compile", "optimizer", "rmsprop") in implicit
    assert ("fit", "epochs", 1) in implicit
    assert ("fit", "batch_size", 32) in implicit


def test_modules_of_keras_2_are_found_under_all_names(tmp_path: Path) -> None:
    assert run(tmp_path, "legacy_modules").stdout == "all found\n"


def test_spellings_of_keras_2_mean_what_they_meant(tmp_path: Path) -> None:
    done = run(tmp_path, "legacy_spellings")
    assert done.result.status == "done", done.result.error
    assert done.stdout == "rate 0.0625 0.0625\nrate 0.125\n"
    said = done.messages("keras2")
    for text in (
        "set_session has no effect", "the loss logcosh is called log_cosh now", "lr of Keras 2",
        "compile: the argument sample_weight_mode", "TensorBoard: the argument write_grads",
    ):  # fmt: skip
        assert text in said
    rate = done.parameter("SGD.learning_rate")
    assert (rate.value, rate.line, rate.tunable) == (0.25, 31, True)


def test_a_named_constant_may_change_where_shapes_are_not_known(tmp_path: Path) -> None:
    baseline = run(tmp_path / "baseline", "token_blocks")
    width = [item for item in baseline.result.search_space if (item.role, item.line, item.column) == ("units", 35, 12)]
    assert [item.owner for item in width] == ["Embedding", "Embedding", "MultiHeadAttention", "Dense"]
    assert all(item.tunable for item in width)
    assert len({item.group for item in width}) == 1
    assert not baseline.parameter("43:10#0.Dense.units").tunable
    trial = run(tmp_path / "trial", "token_blocks", mode="trial", overrides={item.id: 16 for item in width})
    assert (trial.result.status, trial.result.unapplied) == ("done", [])
