"""What holds a function of scikit-learn that is followed can be saved, sent to other processes and loaded elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_sklearn, run_text

pytestmark = [needs_sklearn, pytest.mark.slow]

SEARCH = """
import joblib
from joblib import Parallel, delayed
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.svm import SVC
X, y = load_iris(return_X_y=True)
own = GridSearchCV(SVC(), {"C": [0.1, 1]}, scoring=make_scorer(f1_score, average="macro"), cv=3, n_jobs=2)
own.fit(X[::2], y[::2])
named = GridSearchCV(SVC(), {"C": [0.1, 1]}, scoring="accuracy", cv=3)
joblib.dump([own, named.fit(X[::2], y[::2]), f1_score, cross_val_score], "model.pkl")
print(Parallel(n_jobs=2)(delayed(cross_val_score)(SVC(), X, y) for _ in range(2))[1].mean().round(2))
print(Parallel(n_jobs=2)(delayed(accuracy_score)(y, y) for _ in range(2)))
"""
LOADED = """
import joblib, sys
from sklearn.metrics import f1_score
for file in sys.argv[1:]:
    found = joblib.load(file)
    print(found[2] is f1_score if isinstance(found, list) else found.scorer_)
"""


def test_a_search_with_a_scorer_of_its_own_is_saved_and_loads_without_the_runtime(tmp_path: Path) -> None:
    done = run_text(tmp_path, SEARCH)
    assert done.result.model_files == ["model/model.joblib"]
    assert (done.messages("PicklingError"), done.stdout) == ("", "0.97\n[1.0, 1.0]\n")
    files = [done.output / "model.pkl", done.folder / "model" / "model.joblib"]
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, files)], capture_output=True, text=True, env={}, cwd="/", check=True
    )
    assert loaded.stdout.startswith("True\nmake_scorer(")
