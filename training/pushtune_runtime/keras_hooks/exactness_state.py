"""Says whether a resumed run ends bit for bit as an uninterrupted one would, and if not, why."""

from typing import Any, Iterator, List, Optional, Tuple

from pushtune_runtime.checkpoint_store import Checkpoint
from pushtune_runtime.keras_hooks.assigned_variables import assigned_handles, handles_of
from pushtune_runtime.keras_hooks.data_facts import RANDOM_OPERATIONS, SPLIT
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
        self._add([f"{name} could not be brought back" for name in sorted(fit.memory.unrestored)])
        self._add([f"the environment has changed: {difference}" for difference in checkpoint.differences])
        if checkpoint.state["data"] != fit.data_digest:
            self._add(["the data is not what an earlier process trained on"])
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
        self._add(fit.memory.reasons)
        self._add(["the data is changed while training goes on"] * fit.data_changed)
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
    reasons += [f"{place}: what is trained ends when a time is over" for place in fit.clock_loops]
    if tf.config.list_physical_devices("GPU"):
        reasons.append("a GPU sums in an order that depends on timing")
    functions = _concrete_functions(fit.model.train_function)
    operations = {name for function in functions for name in _operations(function.graph)}
    for name in sorted(operations & RANDOM_OPERATIONS):
        reasons.append(f"the model draws random numbers with tf.random ({name})")
    if SPLIT in reasons:  # each replica has copies of a variable, with handles of their own
        return reasons
    return reasons + _reasons_of_variables(fit, functions)


def _reasons_of_variables(fit: FitState, functions: List[Any]) -> List[str]:
    """Return what is wrong with the variables that change while training, seen from a checkpoint."""
    reasons = []
    named, changed = fit.variables(batch=1), assigned_handles(functions)
    restored = handles_of(named.values())
    replayed = fit.data.changed_variables(fit.model)
    if changed - restored - replayed:
        reasons.append(
            "the model draws from a tf.random.Generator, or changes a tf.Variable, that no name, attribute or closure "
            "of the script leads to"
        )
    if replayed & (restored | changed):
        reasons.append("the tf.data pipeline changes variables of the model, ahead of the training")
    if fit.changes_what_data_reads():
        reasons.append("Python code that reads the data can reach variables that change, ahead of the training")
    return reasons


def _operations(graph: Any) -> Iterator[str]:
    """Yield the names of the operations of ``graph``, nested functions included."""
    definition = graph.as_graph_def()
    for node in [*definition.node, *(node for library in definition.library.function for node in library.node_def)]:
        yield node.op


def _concrete_functions(train_function: Any) -> List[Any]:
    """Return what TensorFlow has traced so far; ``train_function`` is a closure over the traced function."""
    traced = []
    for cell in getattr(train_function, "__closure__", None) or ():
        lister = getattr(cell.cell_contents, "_list_all_concrete_functions", None)
        if lister is not None:
            traced.extend(lister())
    return traced
