"""Everything that one ``fit`` carries from batch to batch, put into a checkpoint and back."""

from typing import Any, Dict, List, Tuple

from pushtune_runtime.checkpoint_store import Checkpoint
from pushtune_runtime.keras_hooks.assigned_variables import handles_of
from pushtune_runtime.keras_hooks.callback_state import CallbackState
from pushtune_runtime.keras_hooks.data_state import DataPosition
from pushtune_runtime.keras_hooks.randomness import SeededRandomness
from pushtune_runtime.keras_hooks.script_variables import ScriptVariables
from pushtune_runtime.keras_hooks.session_state import capture_session, restore_session
from pushtune_runtime.keras_hooks.variable_state import (
    VariablesDiffer,
    assign_variables,
    build_all,
    built_with,
    check_variables,
    collect_variables,
    read_variables,
)
from pushtune_runtime.session import Session


class FitState:
    """The state of the running ``fit``. Create it when ``on_train_begin`` of all callbacks has run."""

    def __init__(
        self, session: Session, randomness: SeededRandomness, data: DataPosition, callback_list: Any
    ) -> None:
        self._session = session
        self.randomness = randomness
        self.model = callback_list.model
        self.data = data
        self._callback_list = callback_list
        self.callbacks = CallbackState(callback_list.callbacks)
        self._script = ScriptVariables(session)
        self.data_digest = data.digest()
        self.data_changed = False  # seen by ``capture``
        self.unrestored: List[str] = []

    def capture(self, epoch: int, batch: int) -> Tuple[Dict[str, Any], Dict[str, Any], bytes]:
        """Return (arrays, state, blob) of a checkpoint.

        Args:
            epoch: epochs completed. batch: batches completed in the next one, 0 at its start.
        """
        self.data_changed = self.data.digest() != self.data_digest
        unchanged = self._script.unchanged()
        named = self.variables(batch)
        arrays = read_variables({name: named[name] for name in named if name.rpartition("/")[0] not in unchanged})
        state = {
            "epoch": epoch,
            "batch": batch,
            # Stopped by the script's own callbacks; what stops a run from outside may let it go on later.
            "stopped": bool(self.model.stop_training) and not self._session.stop_reason,
            "optimizers": built_with(self.model),
            "callbacks": self.callbacks.kinds,
            "random": self.randomness.capture(),
            "data": self.data_digest,
            "session": capture_session(self._session),
        }
        return arrays, state, self.callbacks.capture()

    def prepare(self, checkpoint: Checkpoint) -> None:
        """Build what is not built yet; raise VariablesDiffer unless the checkpoint fits. Nothing is restored yet."""
        build_all(self.model, self.data.element_spec, checkpoint.state["optimizers"], checkpoint.arrays)
        self.unrestored = check_variables(self.variables(checkpoint.state["batch"]), checkpoint.arrays)
        if checkpoint.state["callbacks"] != self.callbacks.kinds:
            raise VariablesDiffer(f"its callbacks were {checkpoint.state['callbacks']}, and are {self.callbacks.kinds}")

    def reach_data(self, epoch: int, batch: int) -> None:
        """Bring the data to where batch ``batch`` of epoch ``epoch`` (from 0) comes next."""
        if self.data.facts is not None and self.data.facts.replayed:
            phase, self._session.phase = self._session.phase, "data"
            self.data.replay(self.model, epoch)
            self._session.phase = phase
        if batch > 0:
            self.data.skip(batch)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Put everything but the data back to where it was."""
        assign_variables(self.variables(checkpoint.state["batch"]), checkpoint.arrays)
        self.callbacks.restore(checkpoint.blob or b"")
        restore_session(self._session, checkpoint.state["session"])
        if self.data.facts is None or not self.data.facts.python:
            # Python code that reads data runs ahead in a thread: replaying it has moved the generators already.
            self.randomness.restore(checkpoint.state["random"])

    def variables(self, batch: int) -> Dict[str, Any]:
        """Return name -> variable; metrics only count within an epoch, as each begins with a reset."""
        named = collect_variables(self.model, self._callback_list.callbacks, self._script_variables())
        if batch > 0:
            for number, variable in enumerate(self.model.metrics_variables):
                named[f"metric/{number}"] = variable
        return named

    def _script_variables(self) -> List[Tuple[str, List[Any]]]:
        """Return what the script's modules hold, but for what reading the data again brings back."""
        replayed = self.data.changed_variables(self.model)
        return [(name, variables) for name, variables in self._script.held() if not handles_of(variables) & replayed]
