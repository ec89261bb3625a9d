"""Keeps the script's test data out of tuning: the objective comes from samples held out of the training data.

baseline, trial: a part of the training data is held out and takes the place of the script's ``validation_data``.
trial: ``evaluate`` answers with the hold-out, whatever data it is given. baseline, retrain: test data is read once.
retrain: the script trains on everything; where it asks for validation it gets the same part, now in-sample.
A validation part that the script itself takes from its training data is kept as it is.
"""

from typing import Any, Dict, List, Optional

import numpy as np

from pushtune_runtime.call_sites import CallSites
from pushtune_runtime.holdout import count_samples
from pushtune_runtime.keras_hooks.carving import Carved, Triple, carve
from pushtune_runtime.keras_hooks.dataset_recipes import recipe_of, same_samples
from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.keras_hooks.fit_hooks import is_array_like
from pushtune_runtime.keras_hooks.model_facts import fixed_batch, trains_only
from pushtune_runtime.objective_choice import finite, plain_name
from pushtune_runtime.session import Session


class DataSplit(FitListener):
    """Changes the data of ``fit`` and ``evaluate``; see the module's text for the rules."""

    def __init__(self, session: Session, sites: CallSites) -> None:
        self._session = session
        self._sites = sites
        self._carved = Carved("none")
        self._model: Any = None
        self._training_data: List[Any] = []
        self._script_validation: Optional[Triple] = None
        self._is_test = False

    def guard(self) -> str:
        """Return where the validation data of the running ``fit`` comes from; see ``Objective.guard``."""
        retrained = self._session.request.mode == "retrain" and self._carved.train is not None
        return "none" if retrained else self._carved.guard

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        self._session.phase = "data"
        self._model = model
        self._training_data.append(arguments["x"])
        self._note_script_validation(arguments)
        self._carved = self._carve(model, arguments)
        self._session.chance_accuracy = self._carved.chance
        self._session.samples = {name: count for name, count in self._session.samples.items() if name == "test"}
        if self._carved.guard == "none":
            self._warn(arguments)
        if self._carved.copied:
            where = "these are in one part alone" if self._carved.guard == "holdout" else "validation may hold them"
            self._session.warn(f"{self._carved.copied:.0%} of the samples have an equal one: {where}", kind="guard")
        if self._carved.train is not None:
            self._replace(arguments, self._carved)
        return 0

    def _carve(self, model: Any, arguments: Arguments) -> Carved:
        if trains_only(model):
            return Carved("none", f"{type(model).__name__} has a train_step, but neither a test_step nor a call")
        try:
            return carve(arguments, self._session.request.validation_fraction, self._sites, fixed_batch(model))
        except Exception as error:  # data of a kind that nobody has thought of: the script itself may train on it
            return Carved("none", f"the data could not be split ({type(error).__name__}: {error})"[:300])

    def _note_script_validation(self, arguments: Arguments) -> None:
        data = arguments["validation_data"]
        if isinstance(data, (tuple, list)) and is_array_like(data):
            x, y, weight = (*data, None, None)[:3]
            self._script_validation = (x, y, weight)
        elif data is not None:
            self._script_validation = (data, None, None)

    def _warn(self, arguments: Arguments) -> None:
        source = "the script's validation data" if arguments["validation_data"] is not None else "the training data"
        self._session.warn(
            f"nothing was held out: {self._carved.reason}; the objective comes from {source} and may be optimistic",
            kind="guard",
        )

    def _replace(self, arguments: Arguments, carved: Carved) -> None:
        train, held_out = carved.train_samples or 0, carved.held_out_samples or 0
        asked = bool(arguments["validation_split"]) or arguments["validation_data"] is not None
        retrain = self._session.request.mode == "retrain"
        if train + held_out > 0:  # sources that give batches by number do not say how many samples these hold
            self._session.samples.update(train=train + held_out if retrain else train, validation=held_out)
        arguments["validation_split"] = 0.0
        arguments["validation_steps"] = None
        arguments["validation_data"] = None
        if carved.held_out is not None and (asked or not retrain):
            arguments["validation_data"] = _validation_argument(carved.held_out)
        if retrain or carved.train is None:
            return
        arguments["x"], arguments["y"], arguments["sample_weight"] = carved.train
        steps = arguments["steps_per_epoch"]
        if isinstance(steps, int) and train + held_out > 0:
            arguments["steps_per_epoch"] = max(1, int(steps * train / (train + held_out)))

    # What the script evaluates itself.

    def before_evaluate(self, model: Any, arguments: Arguments) -> Optional[Dict[str, float]]:
        """Swap the data of a trial's ``evaluate`` for the hold-out; note whether a baseline reads test data."""
        self._is_test = False
        if not self._training_data:
            return None  # without a fit before, it is the script's own loop that trains
        if self._session.request.mode == "trial":
            return self._answer_without_test_data(arguments)
        is_training = any(_overlaps(arguments["x"], data) for data in self._training_data)
        self._is_test = self._session.trained and not is_training
        if self._is_test:
            self._session.phase = "evaluate"
            self._count_test_samples(arguments["x"])
        return None

    def _answer_without_test_data(self, arguments: Arguments) -> Optional[Dict[str, float]]:
        if self._carved.held_out is not None:
            arguments["x"], arguments["y"], arguments["sample_weight"] = self._carved.held_out
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
            self._session.test_metrics = {plain_name(name): value for name, value in values.items()}
            self._session.test_reads += 1
            self._is_test = False

    def _count_test_samples(self, data: Any) -> None:
        samples = count_samples(data) if is_array_like(data) else None
        if samples is not None:
            self._session.samples["test"] = samples

    def left_out(self, error: Exception) -> None:
        self._carved = Carved("none")  # nothing is held out by the fits that follow

    def finish(self) -> None:
        """Read the test data once where the script only gave it as ``validation_data``."""
        if (
            self._session.request.mode == "trial"
            or self._session.test_reads
            or self._script_validation is None
            or not self._session.trained
            or self._carved.train is None
        ):
            return
        x, y, weight = self._script_validation
        try:
            self._model.evaluate(x=x, y=y, sample_weight=weight, verbose=0)
        except Exception as error:  # the result of the training counts without it
            text = f"the script's validation data could not be evaluated: {type(error).__name__}: {error}"
            self._session.warn(text[:500])


def _overlaps(one: Any, other: Any) -> bool:
    """Return whether both are the same data, parts of one array that lie in each other, or made of the same samples."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.may_share_memory(one, other))
    return one is other or same_samples(recipe_of(one), recipe_of(other))


def _validation_argument(held_out: Triple) -> Any:
    x, y, weight = held_out
    if y is None and weight is None:
        return x if not is_array_like(x) else (x,)
    return (x, y) if weight is None else (x, y, weight)
