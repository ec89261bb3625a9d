"""All hooks into Keras, in the one order that works."""

from typing import Any, List

from pushtune_runtime.keras_hooks.data_split import DataSplit
from pushtune_runtime.keras_hooks.fit_events import FitEvents, FitListener
from pushtune_runtime.keras_hooks.fit_hooks import FitHooks
from pushtune_runtime.keras_hooks.layer_hooks import LayerHooks
from pushtune_runtime.keras_hooks.metric_capture import MetricCapture
from pushtune_runtime.keras_hooks.model_saving import ModelSaving
from pushtune_runtime.keras_hooks.optimizer_hooks import OptimizerHooks
from pushtune_runtime.keras_hooks.stopping import Stopping
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session
from pushtune_runtime.source_index import Sources
from pushtune_runtime.value_overrides import LiteralOverrides


class KerasInstallation:
    """The hooks of one run of a Keras script."""

    def __init__(self, session: Session, sources: Sources, literals: LiteralOverrides) -> None:
        self._session = session
        self.registry = ParameterRegistry(session, sources, literals)
        self._split = DataSplit(session)
        self._fit_hooks = FitHooks(session, self.registry)
        self._layers = LayerHooks(self.registry, lambda layer, site: None)

    def install(self, keras: Any) -> None:
        """Patch Keras. Listeners hear of events in this order; the wrapper put on last sees the script's arguments."""
        set_threads(self._session.request.threads)
        listeners: List[FitListener] = [
            self._split,
            MetricCapture(self._session, self._split.guard),
            Stopping(self._session),
            ModelSaving(self._session),
        ]
        FitEvents(listeners).install()
        self._fit_hooks.install()
        self._layers.install(keras)
        OptimizerHooks(self.registry).install(keras)

    def finish(self) -> None:
        """Complete the session after the script has ended."""
        self._split.finish()
        self._fit_hooks.finish()
        self._session.search_space = self.registry.parameters()


def set_threads(threads: int) -> None:
    """Fix TensorFlow's threads: results of two runs are equal only with equal numbers."""
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
