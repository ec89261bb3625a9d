"""Estimators that take more than plain numbers answer for every row like those they were trained on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.runtime_runs import needs_sklearn

from pushtune_runtime.serving.predict_request import parse_request
from pushtune_runtime.serving.refused import Refused
from pushtune_runtime.serving.sklearn_model import SklearnModel

pytestmark = needs_sklearn
COLOURS = [["red", "S"], ["blue", "M"], ["red", "L"], ["blue", "S"]]
GAPS = [[1, float("nan")], [2, 3], [float("nan"), 1], [4, 5.0]]
CLASSES = [0, 1, 0, 1]


def served(folder: Path, estimator: Any) -> SklearnModel:
    import joblib

    joblib.dump(estimator, folder / "model.joblib")
    return SklearnModel(folder / "model.joblib")


def classifier(*steps: Any) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*steps, LogisticRegression(C=100))


def ask(model: SklearnModel, *instances: Any) -> list[Any]:
    # As 1e999, which JSON allows, reads.
    body = json.dumps({"instances": instances}).replace("Infinity", "1e999")
    return model.predict(parse_request(body.encode()))


def refused(model: SklearnModel, *instances: Any) -> str:
    with pytest.raises(Refused) as caught:
        ask(model, *instances)
    assert caught.value.status == 400
    return str(caught.value.refusal)


@pytest.mark.parametrize("dtype", [object, str])
def test_categories(tmp_path: Path, dtype: type) -> None:
    from sklearn.preprocessing import OneHotEncoder

    model = served(tmp_path, classifier(OneHotEncoder()).fit(np.array(COLOURS, dtype=dtype), CLASSES))
    assert ask(model, *COLOURS) == CLASSES
    assert model.inputs[0].described() == {"name": "features", "dtype": "any", "shape": [2]}
    assert "unknown categories" in refused(model, ["green", "S"])


def test_columns_of_several_kinds(tmp_path: Path) -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder

    columns = ColumnTransformer([("colour", OneHotEncoder(), [0])], remainder="passthrough")
    rows = [[colour, number] for number, (colour, _) in enumerate(COLOURS)]
    model = served(tmp_path, classifier(columns).fit(np.array(rows, dtype=object), CLASSES))
    assert ask(model, *rows) == CLASSES
    assert "could not convert string" in refused(model, ["red", "many"])


def test_gaps(tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer

    for estimator in (classifier(SimpleImputer()), HistGradientBoostingClassifier(min_samples_leaf=1)):
        estimator.fit(np.array(GAPS), CLASSES)
        found = ask(served(tmp_path, estimator), [1, None], [2, 3], [None, 1], [None, None])
        assert found == estimator.predict(np.array([*GAPS[:3], [np.nan, np.nan]])).tolist()


def test_a_row_has_one_value_for_each_column(tmp_path: Path) -> None:
    model = served(tmp_path, classifier().fit([[0, 0], [0, 1], [5, 5], [5, 6]], [0, 0, 1, 1]))
    assert ask(model, [0, 0], {"features": [5, 5]}, [True, False]) == [0, 1, 0]
    assert ask(model, [True, True]) == [0]
    for row, says in (
        ([1], "a list of 1 in instance 1"), (3, "a single value"), ([1, [2]], "a list or an object"),
        ([1, {"a": 1}], "a list or an object"), ({"a": 1, "b": 2}, "the keys ['a', 'b']"),
    ):  # fmt: skip
        assert says in refused(model, [0, 0], row)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("row", "says"), [(["x", 1], "could not convert"), ([None, 1], "NaN"), ([float("inf"), 1], "infinity")]
)
def test_what_an_estimator_says_about_values_is_the_answer(tmp_path: Path, named: bool, row: Any, says: str) -> None:
    table: Any = [[0, 0], [0, 1], [5, 5], [5, 6]]
    if named:
        table = pytest.importorskip("pandas").DataFrame(table, columns=["a", "b"])
    model = served(tmp_path, classifier().fit(table, CLASSES))
    error = refused(model, row)
    assert says in error and ".." not in error.replace("...", "") and error.isprintable() and len(error) < 500


def test_half_a_character_is_the_callers_fault(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    from sklearn.preprocessing import OneHotEncoder

    model = served(tmp_path, classifier(OneHotEncoder()).fit(pandas.DataFrame(COLOURS, columns=["a", "b"]), CLASSES))
    assert "Compare" in refused(model, ["\ud800", "S"])
