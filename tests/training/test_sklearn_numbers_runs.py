"""Which numbers of a script are test metrics, and of which of its estimators."""

from pathlib import Path

import pytest
from tests.training.runtime_runs import Run, needs_sklearn, needs_tensorflow, run_text

pytestmark = [needs_sklearn, pytest.mark.slow]

DATA = """
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, f1_score, make_scorer, mean_squared_error, roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.tree import DecisionTreeClassifier
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(n_estimators=30, random_state=0)
tree = DecisionTreeClassifier(max_depth=1, random_state=0)
"""
BEST_IS_FOREST = "the objective is that of the best, RandomForestClassifier"
FIT_ALL = DATA + "forest.fit(X_train, y_train)\ntree.fit(X_train, y_train)\n"


def numbers(done: Run) -> dict[str, float]:
    """Return the test metrics; the script has done."""
    assert done.result.status == "done"
    return {name: round(value, 3) for name, value in done.result.test_metrics.items()}


def test_each_number_belongs_to_the_estimator_that_made_the_predictions(tmp_path: Path) -> None:
    scored = """
of_forest = forest.predict(X_test)
of_tree = tree.predict(X_test)
print(accuracy_score(y_test, of_forest), accuracy_score(y_pred=of_tree, y_true=y_test))
"""
    done = run_text(tmp_path, FIT_ALL + scored)
    assert numbers(done) == {"accuracy": 0.958}
    assert done.stdout.startswith("0.958")
    assert BEST_IS_FOREST in done.messages()
    assert done.result.objective is not None
    assert done.result.objective.value > 0.93


def test_columns_and_classes_of_probabilities_belong_to_who_predicted_them(tmp_path: Path) -> None:
    scored = """
of_forest = forest.predict_proba(X_test)[:, 1]
of_tree = tree.predict_proba(X_test)[:, 1]
print(roc_auc_score(y_test, of_forest), roc_auc_score(y_test, of_tree))
print(accuracy_score(y_test, forest.predict_proba(X_test).argmax(axis=1)))
"""
    done = run_text(tmp_path, FIT_ALL + scored)
    assert numbers(done) == {"auc": 0.997, "accuracy": 0.958}
    assert BEST_IS_FOREST in done.messages()


def test_a_number_of_unknown_predictions_decides_nothing(tmp_path: Path) -> None:
    scored = """
print(accuracy_score(y_test, forest.predict(X_test)), accuracy_score(y_test, [1] * len(y_test)))
"""
    done = run_text(tmp_path, FIT_ALL + scored)
    assert numbers(done) == {"accuracy": 0.958}
    assert BEST_IS_FOREST in done.messages()


def test_scores_of_the_training_data_are_no_test_metrics(tmp_path: Path) -> None:
    scored = """
y_train = np.array(y_train)[:, None]
forest.fit(X_train, y_train.ravel())
print(accuracy_score(y_train, forest.predict(X_train)), f1_score(y_train, forest.predict_proba(X_train).argmax(1)))
print(forest.score(X_train.copy(), y_train))
print(accuracy_score(y_test, forest.predict(X_test)))
"""
    done = run_text(tmp_path, DATA + scored)
    assert numbers(done) == {"accuracy": 0.958}
    assert done.result.samples["test"] == 143


def test_the_last_test_number_counts(tmp_path: Path) -> None:
    scored = """
forest.fit(X_train[:300], y_train[:300])
for part, truth in ((X_train[300:], y_train[300:]), (X_test, y_test)):
    print(accuracy_score(truth, forest.predict(part)))
"""
    done = run_text(tmp_path, DATA + scored)
    assert [numbers(done)["accuracy"]] == [round(float(done.stdout.split()[-1]), 3)]


def test_a_score_is_named_by_the_scoring_of_the_search(tmp_path: Path) -> None:
    errors = """
a, b = load_diabetes(return_X_y=True)
search = GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, scoring="neg_mean_squared_error", cv=3)
print(search.fit(a[:300], b[:300]).score(a[300:], b[300:]))
"""
    done = run_text(tmp_path / "errors", DATA + errors)
    assert numbers(done) == {"mse": round(-float(done.stdout), 3)}
    shares = """
scoring = {"own": make_scorer(f1_score, average="macro"), "other": "accuracy"}
search = GridSearchCV(tree, {"max_depth": [1, 2]}, scoring=scoring, refit="own", cv=3).fit(X_train, y_train)
print(search.score(X_test, y_test), accuracy_score(y_test, search.best_estimator_.predict(X_test)))
"""
    done = run_text(tmp_path / "shares", DATA + shares)
    macro, accuracy = (round(float(value), 3) for value in done.stdout.split())
    assert numbers(done) == {"f1": macro, "accuracy": accuracy}
    regularised = """
from sklearn.linear_model import LogisticRegressionCV
model = LogisticRegressionCV(Cs=2, cv=3, scoring="neg_log_loss", max_iter=50).fit(X_train, y_train)
print(model.score(X_test, y_test))
"""
    done = run_text(tmp_path / "regularised", DATA + regularised)
    assert numbers(done) == {"loss": round(-float(done.stdout.split()[-1]), 3)}


NETWORK = """
import keras, numpy as np
from sklearn.metrics import f1_score, mean_squared_error
generator = np.random.RandomState(0)
X = generator.randn(300, 5).astype("float32")
y = X.sum(1) + np.r_[np.zeros(200), 100 * np.ones(100)]
network = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
network.compile("adam", "mse")
"""


@needs_tensorflow
def test_errors_of_a_network_on_its_training_data_are_no_test_metrics(tmp_path: Path) -> None:
    scored = """
network.fit(X[:200], y[:200] / 10, epochs=1, verbose=0)
predicted = network.predict(X, verbose=0) * 10
print(mean_squared_error(y[:200], predicted[:200]), mean_squared_error(y[:200] / 10, predicted[:200] / 10))
print(mean_squared_error(y[200:], predicted[200:]))
print(mean_squared_error(y[:200], predicted[:200]))
"""
    done = run_text(tmp_path, NETWORK + scored)
    assert list(numbers(done)) == ["mse"]
    assert done.result.test_metrics["mse"] == pytest.approx(float(done.stdout.split()[2]))


@needs_tensorflow
def test_what_a_callback_computes_during_fit_is_no_test_metric(tmp_path: Path) -> None:
    scored = """
class Watch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(f1_score(y[200:] > 99, self.model.predict(X[200:], verbose=0) > 99))
network.fit(X[:200], y[:200], epochs=2, verbose=0, callbacks=[Watch()])
print(f1_score(y[200:] > 0, np.ones(100)))
"""
    done = run_text(tmp_path, NETWORK + scored)
    assert numbers(done) == {"f1": 1.0}


@needs_tensorflow
def test_it_is_said_that_an_estimator_behind_a_network_does_not_count(tmp_path: Path) -> None:
    scored = """
network.fit(X[:200], X[:200, :1], epochs=1, verbose=0)
ridge = Ridge().fit(network.predict(X[:200], verbose=0), y[:200])
print(mean_squared_error(y[200:], ridge.predict(network.predict(X[200:], verbose=0))))
"""
    done = run_text(tmp_path, "from sklearn.linear_model import Ridge" + NETWORK + scored)
    assert numbers(done) == {}
    assert done.result.objective is not None
    assert done.result.objective.metric == "loss"
    assert "the Keras network; the script trains Ridge as well, which is neither tuned for nor saved" in done.messages()
    assert f"the script's own test of it gave mse {float(done.stdout):.4g}" in done.messages()
