"""A saved estimator of scikit-learn, XGBoost or LightGBM. Its file is a pickle: it is loaded in a container only."""

from pathlib import Path
from typing import Any, List, Optional

import numpy as np

from pushtune_runtime.serving.model import Model
from pushtune_runtime.serving.predict_request import DEFAULT_SIGNATURE, PredictRequest
from pushtune_runtime.serving.refused import Refused, shortened
from pushtune_runtime.serving.tensors import NUMBERS, InputSpec, to_array, to_json

PROBABILITIES = "predict_proba"


class SklearnModel(Model):
    """The estimator in ``path``.

    Raises:
        Refused: it cannot be loaded.
    """

    kind = "scikit-learn"

    def __init__(self, path: Path) -> None:
        import joblib  # type: ignore[import-not-found,unused-ignore]

        try:
            self._model = joblib.load(path)
        except Exception as error:  # whatever a pickle raises
            raise Refused(
                "The saved estimator must be made of classes of installed libraries.",
                f"{type(error).__name__}: {shortened(error)}",
                "A pickle holds no code of its script: use classes of the libraries alone, and push again.",
            ) from error
        if not hasattr(self._model, "predict"):
            raise Refused(
                "Only an estimator that predicts can be served.", type(self._model).__name__,
                "Let the script train a classifier, a regressor, or a pipeline that ends in one.",
            )
        self._columns = [str(name) for name in getattr(self._model, "feature_names_in_", [])]
        self._features = _feature_count(self._model)
        self.inputs = self._specs()
        self.signatures = (DEFAULT_SIGNATURE,) + ((PROBABILITIES,) if hasattr(self._model, PROBABILITIES) else ())

    def _specs(self) -> List[InputSpec]:
        if self._columns:
            return [InputSpec(name, "any", ()) for name in self._columns]
        if self._features is None:
            return [InputSpec("features", "number", None)]
        return [InputSpec("features", "any", (self._features,))]

    def predict(self, request: PredictRequest) -> List[Any]:
        """Return one prediction per instance; with the signature ``predict_proba`` the probability of each class.

        Raises:
            Refused: input that does not fit, also in the estimator's own words, or a function that it does not have.
        """
        if request.signature not in self.signatures:
            raise Refused(
                f"The model has the functions {', '.join(self.signatures)}.", request.signature,
                "Correct signature_name, or leave it out.",
            )
        function = self._model.predict if request.signature == DEFAULT_SIGNATURE else self._model.predict_proba
        try:
            answer = function(self._table(request.instances))
        except (ValueError, TypeError, OverflowError) as error:  # about texts, gaps, categories and numbers they refuse
            raise Refused(
                "The values must be of the kinds that the estimator takes.",
                f"{type(error).__name__}: {error}".rstrip("."), "Compare them with what the script trains on.",
            ) from None
        return _rows(answer)

    def _table(self, instances: List[Any]) -> Any:
        if self._columns:
            return self._frame([self._row(instance, number) for number, instance in enumerate(instances)])
        if self._features is not None:
            return _array([self._row(_only_value(instance), number) for number, instance in enumerate(instances)])
        if all(isinstance(instance, str) for instance in instances):
            return instances  # a pipeline that begins with a vectorizer
        return to_array(instances, self.inputs[0])

    def _frame(self, rows: List[List[Any]]) -> Any:
        """Return a table with the columns that the estimator was trained on."""
        try:
            import pandas  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            return _array(rows)
        return pandas.DataFrame(rows, columns=self._columns)

    def _row(self, instance: Any, number: int) -> List[Any]:
        """Return one value for each column; which kinds of values fit is known to the estimator alone."""
        columns = self._columns
        if columns and isinstance(instance, dict) and set(instance) == set(columns):
            values = [instance[name] for name in columns]
        elif isinstance(instance, list) and len(instance) == (len(columns) or self._features):
            values = instance
        else:
            raise Refused(self._wanted(), f"{_counted(instance)} in instance {number}", "GET /health shows them.")
        if any(isinstance(value, (list, dict)) for value in values):
            raise Refused("Each column takes one value.", f"a list or an object in instance {number}", "Flatten it.")
        return [np.nan if value is None else value for value in values]

    def _wanted(self) -> str:
        columns = self._columns
        if not columns:
            return f"Each instance must be a list of {self._features} values."
        return (
            f"Each instance must hold the {len(columns)} columns {', '.join(columns[:8])}"
            f"{', ...' if len(columns) > 8 else ''}, by name or in this order."
        )


def _array(rows: List[List[Any]]) -> Any:
    """Return rows as numbers where all values are, else each value as it is: NumPy would make texts of numbers."""
    if any(type(value) not in NUMBERS for row in rows for value in row):
        return np.array(rows, dtype=object)
    array = np.array(rows)
    return array.astype(np.float64) if array.dtype.kind == "b" else array


def _feature_count(model: Any) -> Optional[int]:
    count = getattr(model, "n_features_in_", None)
    return int(count) if isinstance(count, (int, np.integer)) else None


def _only_value(instance: Any) -> Any:
    return instance["features"] if isinstance(instance, dict) and set(instance) == {"features"} else instance


def _counted(instance: Any) -> str:
    if isinstance(instance, dict):
        return f"the keys {sorted(instance)[:8]}"
    return f"a list of {len(instance)}" if isinstance(instance, list) else "a single value"


def _rows(answer: Any) -> List[Any]:
    """Return one entry per instance. An estimator of several targets has a list of probabilities for each."""
    if isinstance(answer, list):
        return [list(parts) for parts in zip(*[to_json(part) for part in answer])]  # noqa: B905
    if hasattr(answer, "toarray"):
        answer = answer.toarray()
    values: List[Any] = to_json(answer)
    return values
