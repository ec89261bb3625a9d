"""What is known about a training that the script does itself, put together."""

from pushtune_runtime.keras_hooks.fit_events import FitEvents
from pushtune_runtime.own_loops.batch_metrics import BatchMetrics
from pushtune_runtime.own_loops.epoch_loops import EpochLoops
from pushtune_runtime.own_loops.evaluations import OwnEvaluations
from pushtune_runtime.own_loops.metric_objects import MetricObjects
from pushtune_runtime.own_loops.named_prints import NamedPrints
from pushtune_runtime.own_loops.output_watch import OutputWatch
from pushtune_runtime.own_loops.own_scores import OwnScores
from pushtune_runtime.own_loops.updated_models import UpdatedModels
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session
from pushtune_runtime.source_index import Sources


class OwnTraining:
    """The parts that follow a loop of the script's own.

    Attributes:
        scores: what the script says about its model. models: what it has updated. metrics: its metric objects.
        evaluations: what it computes of a whole part of its data. batches: what it computes batch by batch.
    """

    def __init__(self, session: Session, registry: ParameterRegistry, sources: Sources) -> None:
        self.scores = OwnScores(session, registry.sites, NamedPrints(registry.sites, sources))
        self.models = UpdatedModels(session)
        self.metrics = MetricObjects(registry.sites, sources, self.scores)
        self.evaluations = OwnEvaluations(registry.sites, sources, self.scores)
        self.batches = BatchMetrics(self.scores, self.evaluations, self.models)
        self._loops = EpochLoops(session, registry, self.scores)

    def install(self) -> None:
        """Listen to the standard output, and let loops over epochs be followed; call before the script runs."""
        OutputWatch(self.scores.hear_line).install()
        self._loops.install()

    def watch(self, events: FitEvents) -> None:
        """Keras has been imported: what happens within ``fit`` is not the script's own training."""
        self.scores.busy_libraries.append(lambda: events.in_fit)
        events.listeners.append(self.evaluations)

    def check_between_steps(self) -> None:
        """Raise TrainingStopped if the trial has to end here; not while a function is being compiled."""
        from tensorflow.python.eager.context import executing_eagerly

        if executing_eagerly():
            self.scores.check()

    def finish(self, has_fitted: bool) -> None:
        """Put the objective into the session, unless ``fit`` has given one."""
        self._loops.finish()
        if not has_fitted:
            self.scores.finish()
