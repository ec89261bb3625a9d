"""Whole runs of scikit-learn scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.training.runtime_runs import Run, needs_sklearn, run, run_text

from pushtune_contract.exit_codes import ExitCode

pytestmark = [needs_sklearn, pytest.mark.slow]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield run(tmp_path_factory.mktemp("sklearn"), "sklearn_two")


def test_the_best_tested_estimator_counts(baseline: Run) -> None:
    result = baseline.result
    assert (baseline.exit_code, result.status) == (ExitCode.DONE, "done")
    assert result.objective is not None
    assert (result.objective.metric, result.objective.guard, result.objective.best_epoch) == (
        "accuracy", "cross_validation", 0,
    )  # fmt: skip
    assert 0.7 < result.objective.value < 0.95
    assert result.objective.chance == pytest.approx(0.103, abs=0.005)
    assert baseline.stdout.startswith(f"forest {result.test_metrics['accuracy']} 10 10\n")
    assert (result.test_reads, result.samples) == (1, {"train": 1437, "test": 360})
    assert result.model_files == ["model/model.joblib"]
    assert "trains 3 estimators; the objective is that of the best, RandomForestClassifier" in baseline.messages()
    first = next(line for line in baseline.progress if line.kind == "epoch")
    assert first.metrics == {"val_accuracy": result.objective.value}


def test_constructors_are_found_with_their_literals(baseline: Run) -> None:
    found = {(item.owner, item.argument, item.value, item.line, item.explicit) for item in baseline.result.search_space}
    assert found == {
        ("RandomForestClassifier", "n_estimators", 10, 9, True),
        ("RandomForestClassifier", "max_depth", 4, 12, True),
        ("RandomForestClassifier", "min_samples_leaf", 1, 12, False),
        ("SVC", "C", 0.01, 15, True),
        ("SVC", "kernel", "rbf", 15, False),
        ("SVC", "kernel", "linear", 19, True),
        ("SVC", "C", 1.0, 19, False),
    }


def test_a_trial_answers_with_cross_validation(baseline: Run, tmp_path: Path) -> None:
    overrides = {
        "train.py:12:9#0.RandomForestClassifier.n_estimators": 30,
        "train.py:12:9#0.RandomForestClassifier.max_depth": 9,
        "train.py:15:39#0.SVC.C": 10.0,
    }
    trial = run(tmp_path, "sklearn_two", mode="trial", overrides=overrides)
    assert (trial.result.status, trial.result.unapplied) == ("done", [])
    assert (trial.result.test_metrics, trial.result.test_reads) == ({}, 0)
    assert trial.result.objective is not None
    assert baseline.result.objective is not None
    assert trial.result.objective.value > baseline.result.objective.value + 0.05
    pipe = [line for line in trial.progress if line.kind == "epoch"][1]
    assert trial.stdout.startswith("forest ")
    assert " 30 30\n" in trial.stdout
    assert f"pipe {round(pipe.metrics['val_accuracy'], 4)}\n" in trial.stdout


def test_a_value_out_of_range_is_infeasible(tmp_path: Path) -> None:
    overrides = {"train.py:12:9#0.RandomForestClassifier.max_depth": -3}
    trial = run(tmp_path, "sklearn_two", mode="trial", overrides=overrides)
    assert (trial.exit_code, trial.result.status) == (ExitCode.INFEASIBLE, "infeasible")
    assert trial.result.error is not None
    assert trial.result.error.line == 13


def test_a_regression_is_scored_by_r2_or_by_what_is_asked(tmp_path: Path) -> None:
    text = (
        "from sklearn.datasets import make_regression\n"
        "from sklearn.linear_model import Ridge\n"
        "import sklearn.metrics\n"
        "x, y = make_regression(200, 5, noise=1.0, random_state=0)\n"
        "model = Ridge()\n"
        "model.fit(x[:150], y[:150])\n"
        "print(sklearn.metrics.mean_absolute_error(y[150:], model.predict(x[150:])))\n"
    )
    plain = run_text(tmp_path / "plain", text).result
    asked = run_text(tmp_path / "asked", text, objective="mae").result
    assert plain.objective is not None
    assert asked.objective is not None
    assert (plain.objective.metric, plain.objective.direction) == ("r2", "maximize")
    assert (asked.objective.metric, asked.objective.direction) == ("mae", "minimize")
    assert asked.objective.value > 0
    assert set(plain.test_metrics) == {"mae"}


def test_transformers_alone_train_nothing(tmp_path: Path) -> None:
    text = "from sklearn.preprocessing import StandardScaler\nStandardScaler().fit([[1.0], [2.0]])\n"
    done = run_text(tmp_path, text)
    assert done.exit_code == ExitCode.SCRIPT_ERROR


def test_a_search_of_the_scripts_own_is_taken_as_it_is(tmp_path: Path) -> None:
    text = (
        "from sklearn.datasets import make_regression\n"
        "from sklearn.linear_model import Ridge\n"
        "from sklearn.model_selection import GridSearchCV\n"
        "x, y = make_regression(90, 4, noise=2.0, random_state=0)\n"
        "search = GridSearchCV(Ridge(), {'alpha': [0.1, 1.0]}, scoring='neg_mean_absolute_error', cv=4)\n"
        "search.fit(x, y)\n"
        "print(-search.best_score_)\n"
    )
    done = run_text(tmp_path, text)
    assert done.result.objective is not None
    assert (done.result.objective.metric, done.result.objective.direction) == ("mae", "minimize")
    assert done.stdout == f"{done.result.objective.value}\n"


CROSS_VALIDATED = """
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
X, y = load_iris(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=1, random_state=0)
print(cross_val_score(tree, X, y, cv=5).mean().round(3))
near = KNeighborsClassifier(n_neighbors=9)
print(cross_validate(near, X, y, cv=5)["test_score"].mean().round(3))
"""


def test_an_estimator_that_is_only_cross_validated_is_trained_and_measured(tmp_path: Path) -> None:
    done = run_text(tmp_path, CROSS_VALIDATED)
    assert (done.result.status, done.stdout) == ("done", "0.667\n0.973\n")
    assert done.result.objective is not None
    assert (done.result.objective.metric, done.result.objective.guard) == ("accuracy", "cross_validation")
    assert done.result.objective.value > 0.95
    assert "the objective is that of the best, KNeighborsClassifier" in done.messages()
    assert done.result.model_files == ["model/model.joblib"]


def test_what_the_script_fits_counts_before_what_it_cross_validates(tmp_path: Path) -> None:
    done = run_text(tmp_path, CROSS_VALIDATED + "tree.fit(X, y)\n")
    assert done.result.objective is not None
    assert done.result.objective.value < 0.7
    assert "estimators" not in done.messages()


def test_a_trial_of_what_is_cross_validated_takes_the_override(tmp_path: Path) -> None:
    overrides = {"train.py:8:7#0.DecisionTreeClassifier.max_depth": 3}
    done = run_text(tmp_path, CROSS_VALIDATED, mode="trial", overrides=overrides)
    assert done.stdout.startswith("0.9")
    assert done.result.unapplied == []


def test_values_that_are_set_between_cross_validations_count_each(tmp_path: Path) -> None:
    loop = "for depth in (1, 2):\n    cross_val_score(tree.set_params(max_depth=depth), X, y)\n"
    done = run_text(tmp_path, CROSS_VALIDATED.split("print(cross_val")[0] + loop + "tree.set_params(max_depth=1)\n")
    assert done.result.objective is not None
    assert done.result.objective.value > 0.9


def test_what_cannot_be_trained_as_a_whole_leaves_the_others(tmp_path: Path) -> None:
    broken = """
class Broken(DecisionTreeClassifier):
    def fit(self, X, y):
        if len(X) == 150:
            raise ValueError("too much")
        return super().fit(X, y)
cross_val_score(Broken(), X, y)
"""
    done = run_text(tmp_path, CROSS_VALIDATED + broken)
    assert done.result.objective is not None
    assert "could not be trained: ValueError: too much" in done.messages()


def test_what_a_search_within_a_cross_validation_sets_is_not_offered(tmp_path: Path) -> None:
    nested = """
from sklearn.model_selection import GridSearchCV
cross_val_score(GridSearchCV(KNeighborsClassifier(n_neighbors=3), {"n_neighbors": [1, 5]}), X, y, cv=2)
"""
    done = run_text(tmp_path, CROSS_VALIDATED.split("tree =")[0] + nested)
    searched = done.parameter("KNeighborsClassifier.n_neighbors")
    assert (searched.tunable, searched.reason) == (False, "GridSearchCV of the script searches it")


OVERSAMPLED = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import resample
generator = np.random.RandomState(0)
X, y = generator.randn(450, 8), (generator.rand(450) < 0.1).astype(int)
many, few = X[y == 0], resample(X[y == 1], n_samples=sum(y == 0), random_state=0)
X, y = np.vstack([many, few]), np.repeat([0, 1], [len(many), len(few)])
tree = DecisionTreeClassifier(random_state=0, max_depth=20)
"""


@pytest.mark.parametrize("last", ["tree.fit(X, y)", "GridSearchCV(tree, {'max_depth': [19, 20]}, cv=3).fit(X, y)"])
def test_copies_of_a_row_are_never_in_two_folds(tmp_path: Path, last: str) -> None:
    done = run_text(tmp_path, OVERSAMPLED + last + "\n")
    objective = done.result.objective
    assert objective is not None
    assert (objective.metric, objective.chance) == ("accuracy", 0.5)
    assert objective.value < 0.6  # the labels are random: a copy in another fold would be known by heart
    assert "50% of the training rows have an equal row, as after oversampling" in done.messages("guard")


SET_LATER = """
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
X, y = load_iris(return_X_y=True)
machine = SVC(C=1.0)
"""
PARAMETER_C = "train.py:8:10#0.SVC.C"


@pytest.mark.parametrize(
    "last",
    [
        "machine.set_params(C=0.05).fit(X, y)",
        "machine.C = 0.05\nmake_pipeline(StandardScaler(), machine).fit(X, y)",
        "machine.C = 0.05\ncross_val_score(machine, X, y)",
    ],
)
def test_a_value_that_is_set_after_the_constructor_is_what_counts(tmp_path: Path, last: str) -> None:
    code = SET_LATER + last + "\n"
    trial = run_text(tmp_path / "trial", code, mode="trial", overrides={PARAMETER_C: 50.0}).result
    assert (trial.applied, trial.unapplied) == ([], [PARAMETER_C])
    assert "sets SVC.C after the constructor: it was trained with 0.05" in trial.warnings[0].message
    found = run_text(tmp_path / "baseline", code).parameter("SVC.C")
    assert (found.tunable, found.reason) == (False, "the script sets it to 0.05 before it trains")


def test_a_value_that_is_trained_before_another_is_set_was_applied(tmp_path: Path) -> None:
    code = SET_LATER + "machine.fit(X, y)\nmachine.set_params(C=0.05).fit(X, y)\n"
    trial = run_text(tmp_path, code, mode="trial", overrides={PARAMETER_C: 50.0})
    assert (trial.result.applied, trial.result.unapplied) == ([PARAMETER_C], [])
    assert trial.parameter("SVC.C").tunable
