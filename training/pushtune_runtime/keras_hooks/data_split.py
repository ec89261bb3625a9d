"""Keeps the script's test data out of tuning: the objective comes from samples held out of the training data.

baseline, trial: a part of the training data is held out and takes the place of the script's ``validation_data``.
trial: ``evaluate`` answers with the hold-out, whatever data it is given. baseline, retrain: test data is read once.
retrain: the script trains on everything; where it asks for validation it gets the same part, now in-sample.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from pushtune_runtime.holdout import class_labels, count_samples, majority_share, split_indices, take
from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.keras_hooks.fit_hooks import is_array_like
from pushtune_runtime.objective_choice import finite
from pushtune_runtime.session import Session

Triple = Tuple[Any, Any, Any]  # x, y, sample_weight
SMALLEST_SPLIT_SAMPLES = 10


@dataclass
class Split:
    """What became of the data of one ``fit``: the held-out samples, and where they come from."""

    guard: str = "none"
    held_out: Optional[Triple] = None


class DataSplit(FitListener):
    """Changes the data of ``fit`` and ``evaluate``; see the module's text for the rules."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._split = Split()
        self._model: Any = None
        self._training_data: List[Any] = []
        self._script_validation: Optional[Triple] = None
        self._is_test = False

    def guard(self) -> str:
        """Return where the validation data of the running ``fit`` comes from; see ``Objective.guard``."""
        return "none" if self._session.request.mode == "retrain" else self._split.guard

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        self._session.phase = "data"
        self._model = model
        self._training_data.append(arguments["x"])
        self._note_script_validation(arguments)
        samples = count_samples(arguments["x"]) if is_array_like(arguments["x"]) else None
        if samples is None or samples < SMALLEST_SPLIT_SAMPLES:
            self._leave(arguments)
        else:
            self._carve(arguments, samples)
        return 0

    def _note_script_validation(self, arguments: Arguments) -> None:
        data = arguments["validation_data"]
        if data is None:
            return
        if isinstance(data, (tuple, list)) and is_array_like(data):
            x, y, weight = (*data, None, None)[:3]
            self._script_validation = (x, y, weight)
        else:
            self._script_validation = (data, None, None)

    def _leave(self, arguments: Arguments) -> None:
        """The data cannot be split: the script keeps its own, and the result says that the objective is not clean."""
        self._split = Split()
        self._session.warn(
            "no part of the training data could be held out, because fit does not get it as arrays: "
            "the objective comes from the script's own validation data, or from the training data without any",
            kind="guard",
        )

    def _carve(self, arguments: Arguments, samples: int) -> None:
        given: Triple = (arguments["x"], arguments["y"], arguments["sample_weight"])
        own_split = arguments["validation_split"] if arguments["validation_data"] is None else 0.0
        fraction = own_split or self._session.request.validation_fraction
        labels = None if own_split else class_labels(arguments["y"])
        keep_order = bool(own_split) or arguments["shuffle"] is False
        parts = split_indices(samples, fraction, labels, keep_order)
        x, y, weight = (take(item, parts.held_out) for item in given)
        self._split = Split("validation_split" if own_split else "holdout", (x, y, weight))
        self._session.chance_accuracy = majority_share(class_labels(y))
        self._session.samples["validation"] = len(parts.held_out)
        asked = bool(own_split) or arguments["validation_data"] is not None
        if self._session.request.mode == "retrain":
            self._session.samples["train"] = samples
            self._validate_with(arguments, self._split.held_out if asked else None)
            return
        self._session.samples["train"] = len(parts.train)
        arguments["x"], arguments["y"], arguments["sample_weight"] = (take(item, parts.train) for item in given)
        self._validate_with(arguments, self._split.held_out)
        steps = arguments["steps_per_epoch"]
        if isinstance(steps, int):
            arguments["steps_per_epoch"] = max(1, int(steps * len(parts.train) / samples))

    @staticmethod
    def _validate_with(arguments: Arguments, held_out: Optional[Triple]) -> None:
        arguments["validation_split"] = 0.0
        arguments["validation_steps"] = None
        arguments["validation_data"] = None
        if held_out is not None:
            x, y, weight = held_out
            arguments["validation_data"] = (x, y) if weight is None else (x, y, weight)

    # What the script evaluates itself.

    def before_evaluate(self, model: Any, arguments: Arguments) -> Optional[Dict[str, float]]:
        """Swap the data of a trial's ``evaluate`` for the hold-out; note whether a baseline reads test data."""
        self._is_test = False
        if self._session.request.mode == "trial":
            return self._answer_without_test_data(arguments)
        is_training = any(arguments["x"] is data for data in self._training_data)
        self._is_test = self._session.trained and not is_training
        if self._is_test:
            self._session.phase = "evaluate"
            self._count_test_samples(arguments["x"])
        return None

    def _answer_without_test_data(self, arguments: Arguments) -> Optional[Dict[str, float]]:
        if self._split.held_out is not None:
            arguments["x"], arguments["y"], arguments["sample_weight"] = self._split.held_out
            arguments["steps"] = None
            return None
        return self._last_metrics()

    def _last_metrics(self) -> Dict[str, float]:
        """Return the newest validation metrics of ``fit``, or its training metrics, as ``evaluate`` would name them."""
        history: Dict[str, List[float]] = getattr(getattr(self._model, "history", None), "history", None) or {}
        newest = {name: values[-1] for name, values in history.items() if values}
        validated = {name[4:]: value for name, value in newest.items() if name.startswith("val_")}
        return validated or newest or {"loss": 0.0}

    def after_evaluate(self, model: Any, metrics: Dict[str, float]) -> None:
        values = finite(metrics)
        self._session.report("evaluate", values, message="test" if self._is_test else "not test data")
        if self._is_test:
            self._session.test_metrics = values
            self._session.test_reads += 1
            self._is_test = False

    def _count_test_samples(self, data: Any) -> None:
        samples = count_samples(data) if is_array_like(data) else None
        if samples is not None:
            self._session.samples["test"] = samples

    def finish(self) -> None:
        """Read the test data once where the script only gave it as ``validation_data``."""
        if (
            self._session.request.mode == "trial"
            or self._session.test_reads
            or self._script_validation is None
            or not self._session.trained
            or self._split.held_out is None
        ):
            return
        x, y, weight = self._script_validation
        try:
            self._model.evaluate(x=x, y=y, sample_weight=weight, verbose=0)
        except Exception as error:  # the result of the training counts without it
            text = f"the script's validation data could not be evaluated: {type(error).__name__}: {error}"
            self._session.warn(text[:500])
