"""Estimators that a script trains step by step, through the runtime."""

from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow, run_text

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.progress import learning_curve

pytestmark = [needs_tensorflow, pytest.mark.slow]

SCRIPT = """
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 6)); y = (X.sum(axis=1) > 0).astype(int)
X_val, y_val = X[200:], y[200:]
model = SGDClassifier(alpha=0.5, loss="log_loss", random_state=0, verbose=1)
for epoch in range(3):
    for rows in np.array_split(np.arange(200), 10):
        model.partial_fit(X[rows], y[rows], classes=[0, 1])
    print(f"epoch {epoch}: {model.score(X_val, y_val):.3f}")
"""
SOURCE = "evaluate train.py:12 accuracy"
EPOCHS_ID = "train.py:9:13#0.range.epochs"
ALPHA_ID = "train.py:8:8#0.SGDClassifier.alpha"


def test_the_score_gives_the_curve_and_the_estimator_is_saved(tmp_path: Path) -> None:
    done = run_text(tmp_path, SCRIPT)
    assert (done.exit_code, done.result.status) == (ExitCode.DONE, "done")
    objective = done.result.objective
    assert objective is not None
    assert (objective.metric, objective.direction, objective.guard) == ("accuracy", "maximize", "none")
    assert done.result.objective_source == SOURCE
    curve = [value for _, value in learning_curve(done.folder)]
    assert (len(curve), max(curve)) == (3, objective.value)
    assert done.result.model_files == ["model/model.joblib"]
    assert {item.id for item in done.result.search_space if item.tunable} >= {EPOCHS_ID, ALPHA_ID}


def test_overrides_arrive(tmp_path: Path) -> None:
    overrides = {EPOCHS_ID: 5, ALPHA_ID: 0.0001}
    done = run_text(tmp_path, SCRIPT, mode="trial", overrides=overrides, epoch_budget=5, objective_source=SOURCE)
    assert done.result.unapplied == []
    assert len(learning_curve(done.folder)) == 5


def test_a_metric_function_counts_as_well(tmp_path: Path) -> None:
    text = SCRIPT.replace("model.score(X_val, y_val)", "accuracy_score(y_val, model.predict(X_val))")
    done = run_text(tmp_path, text)
    assert done.result.objective is not None
    assert (done.result.objective_source, len(learning_curve(done.folder))) == (SOURCE, 3)


def test_what_is_fitted_as_a_whole_counts_first(tmp_path: Path) -> None:
    text = SCRIPT + "whole = SGDClassifier(random_state=0).fit(X, y)\nprint(whole.score(X_val, y_val))\n"
    done = run_text(tmp_path, text)
    assert done.result.objective is not None
    assert (done.result.objective.guard, done.result.objective_source) == ("cross_validation", "")
    assert done.result.model_files == ["model/model.joblib"]


def test_a_step_that_only_transforms_is_no_training(tmp_path: Path) -> None:
    text = (
        "import numpy as np\nfrom sklearn.preprocessing import StandardScaler\nscaler = StandardScaler()\n"
        "for epoch in range(3):\n    scaler.partial_fit(np.eye(4))\n    print('val_accuracy: 0.5')\n"
    )
    done = run_text(tmp_path, text)
    assert done.exit_code == ExitCode.SCRIPT_ERROR
    assert done.result.error is not None and "without training a model" in done.result.error.message


def test_a_trial_stops_where_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "stop").touch()
    done = run_text(tmp_path, SCRIPT, mode="trial", objective_source=SOURCE)
    assert (done.exit_code, done.result.status) == (ExitCode.PRUNED, "pruned")
    assert done.result.model_files == []


def test_without_a_number_it_says_what_to_do(tmp_path: Path) -> None:
    text = SCRIPT.replace('print(f"epoch {epoch}: {model.score(X_val, y_val):.3f}")', "pass")
    done = run_text(tmp_path, text)
    assert done.exit_code == ExitCode.SCRIPT_ERROR
    assert done.result.error is not None and "an estimator for its score" in done.result.error.message
