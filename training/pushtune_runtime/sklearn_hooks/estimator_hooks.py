"""Finds and overrides constructor arguments of estimators, and follows ``fit``, ``partial_fit`` and ``score``.

An estimator that the script only cross-validates counts as well, where it fits none.

Every estimator class passes through ``BaseEstimator.__init_subclass__`` while it is being defined, those of the script
and of other libraries too: nothing has to be imported for it. Only calls written in the script itself count, so that
``clone``, pipelines and grid searches stay as they are.
"""

import functools
import inspect
import types
from typing import Any, Callable, Dict, Optional, Tuple

from pushtune_contract import layout
from pushtune_runtime.holdout import count_samples
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.script_runner import TrainingStopped
from pushtune_runtime.session import Session
from pushtune_runtime.sklearn_hooks.candidates import Candidate, Candidates, enter
from pushtune_runtime.sklearn_hooks.later_values import LaterValues
from pushtune_runtime.sklearn_hooks.partial_fits import PartialFits
from pushtune_runtime.sklearn_hooks.predictions import METHODS, Predictions
from pushtune_runtime.sklearn_hooks.scoring import Score, metric_of, metric_of_score, score_of
from pushtune_runtime.sklearn_hooks.tunable_arguments import IMPLICIT, choices_of, is_tunable, role_of

CROSS_VALIDATIONS = ("cross_val_score", "cross_validate", "cross_val_predict")


class EstimatorHooks:
    """Wraps estimator classes as they are defined."""

    def __init__(
        self,
        session: Session,
        registry: ParameterRegistry,
        candidates: Candidates,
        predictions: Predictions,
        partial_fits: PartialFits,
        later_values: LaterValues,
    ) -> None:
        self._session = session
        self._registry = registry
        self._candidates = candidates
        self._predictions = predictions
        self._partial_fits = partial_fits
        self._later_values = later_values
        self._depth = 0
        self._trained_class: Any = None  # of the fit that the script called last
        self._mark: Any = {}

    def install(self, base: types.ModuleType) -> None:
        """Patch the module ``sklearn.base`` right after its import, before any estimator is defined."""
        original = base.BaseEstimator.__init_subclass__.__func__

        def __init_subclass__(cls: Any, /, **kwargs: Any) -> None:  # noqa: N807  (Python's name)
            original(cls, **kwargs)
            self._patch(cls)

        base.BaseEstimator.__init_subclass__ = classmethod(__init_subclass__)
        for mixin in (base.ClassifierMixin, base.RegressorMixin):
            mixin.score = self._wrap_score(mixin.score)

    def install_selection(self, selection: types.ModuleType) -> None:
        """Patch the module ``sklearn.model_selection`` right after its import, before names are taken from it."""
        for name in CROSS_VALIDATIONS:
            function = self._wrap_cross_validation(name, getattr(selection, name))
            function.__module__ = selection.__name__  # where ``pickle`` finds it, which sends it to other processes
            setattr(selection, name, function)

    def _patch(self, cls: Any) -> None:
        own = vars(cls)
        if isinstance(own.get("__init__"), types.FunctionType):
            cls.__init__ = self._wrap_constructor(own["__init__"])
        wrappers = {"fit": self._wrap_fit, "partial_fit": self._partial_fits.wrap, "score": self._wrap_score}
        wrappers.update(dict.fromkeys(METHODS, self._predictions.wrap))
        for name, wrap in wrappers.items():
            method = own.get(name)
            if isinstance(method, types.FunctionType):
                setattr(cls, name, wrap(method))
            elif isinstance(getattr(method, "fn", None), types.FunctionType):  # only some instances offer it
                method.fn = wrap(method.fn)

    def _wrap_constructor(self, original: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def constructor(estimator: Any, /, *args: Any, **kwargs: Any) -> None:
            owner = type(estimator).__name__
            site = self._registry.sites.here(owner)
            if site is None:
                original(estimator, *args, **kwargs)
                return
            try:
                bound = signature.bind(estimator, *args, **kwargs)
            except TypeError:
                original(estimator, *args, **kwargs)
                return
            identities = self._override(site, owner, bound.arguments, signature)
            original(*bound.args, **bound.kwargs)
            self._later_values.note(estimator, identities)

        return constructor

    def _override(
        self, site: Any, owner: str, arguments: Dict[str, Any], signature: inspect.Signature
    ) -> Dict[str, str]:
        """Register the arguments of a constructor, variable keywords included, and put the wanted values in.

        Returns:
            The id of the parameter of each argument.
        """
        variable = next((item.name for item in signature.parameters.values() if item.kind is item.VAR_KEYWORD), None)
        keywords: Dict[str, Any] = arguments.setdefault(variable, {}) if variable else {}
        together = {**arguments, **keywords}
        given = {name: value for name, value in together.items() if is_tunable(name, value)}
        implicit = {
            name: value
            for name, value in IMPLICIT.get(owner, {}).items()
            if name not in together and (variable or name in signature.parameters)
        }
        identities: Dict[str, str] = {}
        for name, value in {**given, **implicit}.items():
            parameter, choices = (role_of(name), owner, name), choices_of(name, value)
            identities[name], wanted = self._registry.see(site, parameter, value, name in given, choices)
            if wanted != value:
                (arguments if name in signature.parameters else keywords)[name] = wanted
        return identities

    def _wrap_fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def fit(estimator: Any, /, *args: Any, **kwargs: Any) -> Any:
            if self._depth > 0 and type(estimator) is self._trained_class:
                self._registry.sites.rewind(self._mark)  # a fold trains a copy: the same calls, hence the same values
            if self._depth > 0 or self._registry.sites.here("fit") is None:
                return original(estimator, *args, **kwargs)
            self._depth += 1
            try:
                return self._train(original, estimator, args, kwargs)
            finally:
                self._depth -= 1

        return fit

    def _train(self, original: Any, estimator: Any, args: Any, kwargs: Dict[str, Any]) -> Any:
        self._stop_if_asked()
        self._session.phase = "train"
        self._trained_class, self._mark = type(estimator), self._registry.sites.mark()
        self._leave_to_the_search(estimator)
        self._later_values.check(estimator)
        fitted = original(estimator, *args, **kwargs)
        x: Any = args[0] if args else kwargs.get("X")
        y: Any = args[1] if len(args) > 1 else kwargs.get("y")
        if y is None or not callable(getattr(estimator, "predict", None)):
            return fitted
        self._session.phase = "validate"
        score = self._score_of(estimator, x, y)
        self._candidates.add(Candidate(estimator, score, count_samples(x) or len(x), [x, y]))
        self._session.phase = "evaluate"
        return fitted

    def _wrap_cross_validation(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of scikit-learn that trains copies of an estimator on parts of the data."""

        @functools.wraps(original)
        def function(estimator: Any, X: Any, y: Any = None, **kwargs: Any) -> Any:  # noqa: N803  (scikit-learn's name)
            if self._depth > 0 or self._registry.sites.here(name) is None:
                return original(estimator, X, y, **kwargs)
            self._stop_if_asked()
            self._session.phase = "train"
            self._trained_class, self._mark = type(estimator), self._registry.sites.mark()
            self._leave_to_the_search(estimator)
            self._later_values.check(estimator)
            self._depth += 1
            try:
                value = original(estimator, X, y, **kwargs)
                if y is not None and callable(getattr(estimator, "predict", None)):
                    self._offer(estimator, X, y)
            finally:
                self._depth -= 1
            return value

        return function

    def _offer(self, estimator: Any, x: Any, y: Any) -> None:
        from sklearn.base import clone

        copy = clone(estimator)  # the script may go on to set other values

        def train() -> Candidate:
            self._stop_if_asked()
            self._depth += 1
            try:
                score = self._score_of(copy, x, y)
                copy.fit(x, y)
            finally:
                self._depth -= 1
            return Candidate(copy, score, count_samples(x) or len(x), [x, y])

        self._candidates.offer(train)

    def _leave_to_the_search(self, estimator: Any) -> None:
        """Freeze the values that a search of the script's own (``GridSearchCV``, ...) sets again and again."""
        grid = getattr(estimator, "param_grid", None) or getattr(estimator, "param_distributions", None) or {}
        names = {str(key).split("__")[-1] for part in (grid if isinstance(grid, list) else [grid]) for key in part}
        searched = getattr(estimator, "estimator", None)
        parts = [searched, *dict(getattr(searched, "steps", None) or []).values()]
        owners = {type(part).__name__ for part in parts}
        for seen in self._registry.seen.values():
            if seen.argument in names and seen.owner in owners:
                seen.freeze(f"{type(estimator).__name__} of the script searches it")

    def _stop_if_asked(self) -> None:
        if (self._session.trial_folder / layout.STOP_FILE).exists():
            self._session.stop_reason = "pruned"
            raise TrainingStopped("pruned")

    def _score_of(self, estimator: Any, x: Any, y: Any) -> Optional[Score]:
        try:
            score = score_of(estimator, x, y, self._session.request.objective)
        except Exception as error:  # too few samples, a metric that does not fit: the training itself counts
            text = f"{type(estimator).__name__} could not be cross-validated: {type(error).__name__}: {error}"
            self._session.warn(text[:500], kind="guard")
            return None
        if score.equal_rows:
            text = "of the training rows have an equal row, as after oversampling; equal rows are kept in one fold"
            self._session.warn(f"{score.equal_rows:.0%} {text}", kind="guard")
        return score

    def _wrap_score(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def score(estimator: Any, /, *args: Any, **kwargs: Any) -> Any:
            candidate = self._candidates.of(estimator)
            if candidate is None and estimator is self._partial_fits.estimator and self._depth == 0:
                value = original(estimator, *args, **kwargs)
                self._partial_fits.note({metric_of(estimator, None): float(value)})
                return value
            if candidate is None or self._depth > 0 or self._registry.sites.here("score") is None:
                return original(estimator, *args, **kwargs)
            data = args[0] if args else kwargs.get("X")
            candidate.tested = candidate.tested or not candidate.is_training_data(data)
            if self._session.request.mode == "trial" and candidate.score is not None:
                return candidate.score.value
            self._depth += 1
            try:
                value = original(estimator, *args, **kwargs)
            finally:
                self._depth -= 1
            self._note(candidate, metric_of_score(estimator), data, float(value))
            return value

        return score

    def _note(self, candidate: Candidate, metric: Tuple[str, bool], data: Any, value: float) -> None:
        if candidate.is_training_data(data) or self._session.request.mode == "trial":
            return
        name, is_negated = metric
        value = -value if is_negated else value
        enter(candidate.test_metrics, candidate.doubtful, name, value, is_sure=True)
        candidate.test_samples = count_samples(data) or len(data)
        self._session.report("evaluate", {name: value}, message="test")
