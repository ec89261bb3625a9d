"""Says whether a resumed run ends bit for bit as an uninterrupted one would, and if not, why."""

from typing import Any, Iterator, List, Optional, Tuple

from pushtune_runtime.checkpoint_store import Checkpoint
from pushtune_runtime.keras_hooks.data_facts import GENERATOR_OPERATIONS, RANDOM_OPERATIONS
from pushtune_runtime.keras_hooks.fit_state import FitState
from pushtune_runtime.session import Session


class ExactnessRating:
    """Collects reasons over all calls of ``fit`` and keeps the session's rating up to date."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reasons: List[str] = []
        self._examined: Optional[Tuple[FitState, bool]] = None

    def resumed(self, checkpoint: Checkpoint, fit: FitState) -> None:
        """Take over the reasons of earlier processes, and add how this one differs from the one that wrote."""
        self._add(checkpoint.state["inexact"])
        self._add([f"{name} appears only while training and was not restored" for name in fit.unrestored])
        self._add([f"the environment has changed: {difference}" for difference in checkpoint.differences])
        self._tell()

    def add(self, reason: str) -> None:
        """Rate this run approximate for a ``reason`` that is not seen from a ``fit``."""
        self._add([reason])
        self._tell()

    def rate(self, fit: FitState, within_epoch: bool) -> List[str]:
        """Look at the running ``fit``, whose training step has been traced; return all reasons so far.

        Validation data is only known at the end of an epoch, so a ``fit`` is looked at twice.
        """
        if (fit, within_epoch) != self._examined:
            self._examined = (fit, within_epoch)
            self._add(_reasons(fit))
        self._add(sorted(fit.callbacks.unstored))
        if not self._reasons and fit.randomness.unseeded:  # the other reasons say more exactly where
            self._add(["TensorFlow draws random numbers without a seed (tf.random.set_seed in the script gives one)"])
        self._tell()
        return list(self._reasons)

    def _add(self, reasons: List[str]) -> None:
        self._reasons.extend(reason for reason in reasons if reason not in self._reasons)

    def _tell(self) -> None:
        self._session.exactness = "approximate" if self._reasons else "exact"
        self._session.exactness_reason = "; ".join(self._reasons)


def _reasons(fit: FitState) -> List[str]:
    import tensorflow as tf

    reasons = fit.data.why_inexact(fit.model)
    if tf.config.list_physical_devices("GPU"):
        reasons.append("a GPU sums in an order that depends on timing")
    functions = _concrete_functions(fit.model.train_function)
    operations = {name for function in functions for name in _operations(function.graph)}
    for name in sorted(operations & RANDOM_OPERATIONS):
        reasons.append(f"the model draws random numbers with tf.random ({name})")
    if operations & GENERATOR_OPERATIONS and not _restores_generators(fit, functions):
        reasons.append("the model draws from a tf.random.Generator that is in no attribute of a layer or callback")
    return reasons


def _operations(graph: Any) -> Iterator[str]:
    """Yield the names of the operations of ``graph``, nested functions included."""
    definition = graph.as_graph_def()
    for node in [*definition.node, *(node for library in definition.library.function for node in library.node_def)]:
        yield node.op


def _restores_generators(fit: FitState, functions: List[Any]) -> bool:
    """Return whether all states of generators that the training step uses are among the variables of a checkpoint."""
    restored = {id(getattr(variable, "handle", None)) for variable in fit.variables(batch=0).values()}
    used = [variable for function in functions for variable in function.graph.variables]
    states = [variable for variable in used if variable.dtype == "int64" and len(variable.shape) == 1]
    return bool(states) and all(id(variable.handle) in restored for variable in states)


def _concrete_functions(train_function: Any) -> List[Any]:
    """Return what TensorFlow has traced so far; ``train_function`` is a closure over the traced function."""
    traced = []
    for cell in getattr(train_function, "__closure__", None) or ():
        lister = getattr(cell.cell_contents, "_list_all_concrete_functions", None)
        if lister is not None:
            traced.extend(lister())
    return traced
