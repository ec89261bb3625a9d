"""All hooks into Keras, in the one order that works."""

from typing import Any, Callable, List, Tuple

from pushtune_runtime.interruption import Interruption
from pushtune_runtime.keras_hooks import (
    legacy_arguments,
    legacy_decay,
    legacy_files,
    legacy_methods,
    legacy_names,
    legacy_spellings,
)
from pushtune_runtime.keras_hooks.accuracy_metric import AccuracyMetric
from pushtune_runtime.keras_hooks.checkpoint_listener import CheckpointListener
from pushtune_runtime.keras_hooks.data_split import DataSplit
from pushtune_runtime.keras_hooks.dataset_recipes import DatasetRecipes
from pushtune_runtime.keras_hooks.extra_layers import ExtraLayers
from pushtune_runtime.keras_hooks.fit_events import FitEvents, FitListener
from pushtune_runtime.keras_hooks.fit_hooks import FitHooks
from pushtune_runtime.keras_hooks.keras_classes import KerasClasses, find_classes
from pushtune_runtime.keras_hooks.layer_hooks import LayerHooks
from pushtune_runtime.keras_hooks.legacy_callbacks import LegacyCallbacks
from pushtune_runtime.keras_hooks.metric_capture import MetricCapture
from pushtune_runtime.keras_hooks.model_saving import ModelSaving
from pushtune_runtime.keras_hooks.optimizer_hooks import OptimizerHooks
from pushtune_runtime.keras_hooks.own_loops import OwnLoops
from pushtune_runtime.keras_hooks.randomness import SeededRandomness
from pushtune_runtime.keras_hooks.rate_decay import RateDecay
from pushtune_runtime.keras_hooks.shape_ties import ShapeTies
from pushtune_runtime.keras_hooks.shuffling import EpochShuffling
from pushtune_runtime.keras_hooks.step_clock import StepClock
from pushtune_runtime.keras_hooks.stopping import NoFurtherFits, Stopping
from pushtune_runtime.own_loops.own_training import OwnTraining
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session


class KerasInstallation:
    """The hooks of one run of a Keras script."""

    def __init__(
        self,
        session: Session,
        registry: ParameterRegistry,
        randomness: SeededRandomness,
        interruption: Interruption,
        own: OwnTraining,
    ) -> None:
        self._session = session
        self._randomness = randomness
        self._shuffling = EpochShuffling(session.request.seed)
        self._checkpoints = CheckpointListener(session, self._shuffling, randomness, interruption)
        self.registry = registry
        self.generation = 0  # of Keras, from ``install`` on
        self._events = FitEvents([], self._note_left_out)
        randomness.given.is_training = lambda: self._events.in_fit
        self._split = DataSplit(session, registry.sites)
        self._fit_hooks = FitHooks(session, self.registry)
        self._own_loops = OwnLoops(session, self._events, own, self._fit_hooks.note_trained_on)
        self._decay = RateDecay(registry, self._fit_hooks)
        self._extras = ExtraLayers(registry)
        self._layers = LayerHooks(registry, self._extras.offer, self._extras.withdraw)
        self._ties = ShapeTies(self.registry, self._layers)

    def install(self, keras: Any) -> None:
        """Patch Keras. Listeners hear of events in this order; the wrapper put on last sees the script's arguments."""
        set_threads(self._session.request.threads)
        classes = find_classes(keras)
        self.generation = classes.generation
        self._events.listeners.extend(self._listeners(classes.generation))
        self._events.install(classes)
        for name, install in self._steps(keras, classes):
            try:
                install()
            except (ImportError, AttributeError, KeyError) as error:  # another version, with other internals
                version = getattr(keras, "__version__", "")
                self._session.warn(f"{name}: not available with Keras {version} ({type(error).__name__}: {error})")

    def _steps(self, keras: Any, classes: KerasClasses) -> List[Tuple[str, Callable[[], None]]]:
        """Return what is patched beside ``fit`` and ``evaluate``, with the name that a person knows it by."""
        steps: List[Tuple[str, Callable[[], None]]] = [
            ("seeds of data sets", self._randomness.install_tensorflow),
            ("loops of the script's own", lambda: self._own_loops.install(classes)),
            ("hold-out of data sets", lambda: DatasetRecipes(self.registry.sites).install(classes)),
            ("epochs and batch size", lambda: self._fit_hooks.install(classes)),
            ("layers", lambda: self._layers.install(classes)),
            ("optimizers", lambda: OptimizerHooks(self.registry, self._decay).install(classes)),
            ("decay of Keras 2", lambda: legacy_decay.install(classes, self._warn_about_line)),
            ("lr of Keras 2", lambda: legacy_arguments.install_optimizers(classes, self._warn_about_line)),
            ("modules of Keras 2", lambda: legacy_names.add_modules(classes)),
            ("methods of Keras 2", lambda: legacy_methods.add_to_models(keras.Model, self._warn_about_line)),
        ]
        if classes.generation == 3:
            steps[0:0] = [
                ("order of samples", self._shuffling.install),
                ("checkpoints", self._checkpoints.install),
            ]
            steps += [
                ("extra layers", lambda: self._extras.install(keras)),
                ("arguments of Keras 2", lambda: legacy_arguments.install(classes, self._warn_about_line)),
                ("further methods of Keras 2", lambda: legacy_methods.install(classes, self._warn_about_line)),
                ("spellings of Keras 2", lambda: legacy_spellings.install(classes, self._warn_about_line)),
                ("file names of Keras 2", lambda: legacy_files.install(classes, self._warn_about_line)),
            ]
        else:
            self._session.exactness_reason = "Keras 2 has no checkpoints here: an interrupted run starts again"
        return steps

    def _listeners(self, generation: int) -> List[FitListener]:
        listeners: List[FitListener] = [
            NoFurtherFits(self._session),
            self._split,
            MetricCapture(self._session, self._split.guard),
            Stopping(self._session),
            ModelSaving(self._session),
            LegacyCallbacks(self._warn_about_line),
            self._decay,
        ]
        if self._session.request.mode == "baseline":
            listeners.append(self._ties)
        if generation == 3:
            listeners[0:0] = [self._shuffling]
            listeners.insert(3, AccuracyMetric())  # behind the hold-out, before the objective is chosen
        if self._session.request.mode == "timing":
            listeners.append(StepClock(self._session))
        elif generation == 3:
            listeners.append(self._checkpoints)  # stores what the others have made of an epoch
        return listeners

    def _note_left_out(self, listener: FitListener, error: Exception) -> None:
        """Say so, and that a resumed run may end differently: the listener may have been a part of what is computed."""
        failed = f"{type(listener).__name__} failed and was left out from then on: {type(error).__name__}: {error}"
        self._session.warn(failed[:500], kind="ListenerFailed")
        if self.generation == 3:
            self._checkpoints.rating.add(failed[:500])
        listener.left_out(error)

    def _warn_about_line(self, message: str) -> None:
        """Warn with the line of the script that is being executed."""
        file, line = self.registry.sites.line()
        self._session.warn(message, file, line, kind="keras2")

    def tell_first(self, listener: FitListener) -> None:
        """Let ``listener`` see the data of ``fit`` as the script gives it."""
        self._events.listeners.insert(0, listener)

    def finish(self) -> None:
        """Complete the session after the script has ended."""
        self._split.finish()
        self._own_loops.finish()
        self._fit_hooks.finish()
        self._decay.finish()
        if self._session.request.mode == "baseline":
            self._ties.finish()
            self._extras.settle(self._ties.facts)

    @property
    def has_fitted(self) -> bool:
        """Whether the script has called ``fit`` of a Keras model."""
        return self._events.fit_number > 0


def set_threads(threads: int) -> None:
    """Fix TensorFlow's threads: results of two runs are equal only with equal numbers."""
    from tensorflow.python.framework import config

    config.set_intra_op_parallelism_threads(threads)
    config.set_inter_op_parallelism_threads(threads)
