"""Puts the hooks in place, in the one order that works, and takes their results when the script has ended."""

from types import ModuleType
from typing import Any, Optional

from pushtune_runtime.dry_run.forked_trial import DryRun
from pushtune_runtime.interruption import Interruption
from pushtune_runtime.keras_hooks.import_hook import PatchAfterImport
from pushtune_runtime.own_loops.own_training import OwnTraining
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.script_runner import Outcome
from pushtune_runtime.session import Session
from pushtune_runtime.sklearn_hooks.candidates import Candidates
from pushtune_runtime.sklearn_hooks.estimator_hooks import EstimatorHooks
from pushtune_runtime.sklearn_hooks.later_values import LaterValues
from pushtune_runtime.sklearn_hooks.metric_functions import MetricFunctions
from pushtune_runtime.sklearn_hooks.network_numbers import NetworkNumbers
from pushtune_runtime.sklearn_hooks.partial_fits import PartialFits
from pushtune_runtime.sklearn_hooks.predictions import Predictions
from pushtune_runtime.source_index import Sources
from pushtune_runtime.value_overrides import LiteralOverrides


class Wiring:
    """All hooks of one run."""

    def __init__(self, session: Session, interruption: Interruption) -> None:
        self._session = session
        self._interruption = interruption
        self._sources = Sources(session.code_folder)
        self.literals = LiteralOverrides(session, self._sources)
        self._registry = ParameterRegistry(session, self._sources, self.literals)
        self._candidates = Candidates(session)
        self._predictions = Predictions(self._registry.sites, self._candidates)
        self._network_numbers = NetworkNumbers(session, self._candidates)
        self._own = OwnTraining(session, self._registry, self._sources)
        self._partial_fits = PartialFits(session, self._registry.sites, self._own)
        self._later_values = LaterValues(session, self._registry)
        self._keras: Optional[Any] = None
        self._randomness: Any = None  # from the import of NumPy on, which that of Keras follows

    def install(self) -> None:
        """Watch the imports of the libraries, and let literals of imported modules be replaced."""
        self.literals.install()
        self._own.install()
        estimators = self._estimators()
        PatchAfterImport(
            {
                "numpy": self._patch_numpy,
                "tensorflow": _import_keras_too,
                "keras": self._patch_keras,
                "sklearn.base": estimators.install,
                "sklearn.model_selection": estimators.install_selection,
                "sklearn.metrics": self._metric_functions().install,
            }
        ).install()

    def _estimators(self) -> EstimatorHooks:
        return EstimatorHooks(
            self._session,
            self._registry,
            self._candidates,
            self._predictions,
            self._partial_fits,
            self._later_values,
        )

    def _metric_functions(self) -> MetricFunctions:
        return MetricFunctions(
            self._session, self._registry, self._candidates, self._predictions, self._network_numbers, self._own
        )

    def _patch_numpy(self, numpy: ModuleType) -> None:
        from pushtune_runtime.keras_hooks.given_seeds import GivenSeeds
        from pushtune_runtime.keras_hooks.randomness import SeededRandomness

        self._randomness = SeededRandomness(self._session.request.seed, GivenSeeds(self._session))
        self._randomness.install_numpy()

    def _patch_keras(self, keras: ModuleType) -> None:
        from pushtune_runtime.keras_hooks.installation import KerasInstallation

        self._keras = KerasInstallation(self._session, self._registry, self._randomness, self._interruption, self._own)
        self._keras.install(keras)
        self._keras.tell_first(self._network_numbers)
        if self._keras.generation == 3:
            DryRun(self._session, self.literals).run()

    def finish(self, outcome: Outcome) -> Outcome:
        """Complete the session after the script has ended; an interruption is passed on."""
        try:
            self._complete()
        except Exception as error:  # the training counts, whatever is wrong with what is done after it
            self._session.warn(f"the run could not be completed: {type(error).__name__}: {error}"[:500])
        self._later_values.finish()
        self._session.search_space = self._registry.parameters()
        return outcome

    def _complete(self) -> None:
        has_fitted = self._keras is not None and self._keras.has_fitted
        if has_fitted:
            self._candidates.stand_back()
        else:
            self._candidates.finish()
        partly_fitted = self._partial_fits.estimator
        # An estimator that the script fits as a whole can be cross-validated: it counts before one that it does not.
        self._own.finish(has_fitted or (partly_fitted is not None and self._candidates.newest() is not None))
        if self._session.own_source and partly_fitted is not None:
            self._candidates.save(partly_fitted)
        if self._keras is not None:
            self._keras.finish()


def _import_keras_too(tensorflow: ModuleType) -> None:
    """``tf.data`` may be used before ``tf.keras`` is touched, which would be too late to see it."""
    import importlib
    import sys

    if "keras" not in sys.modules:
        importlib.import_module("keras")
