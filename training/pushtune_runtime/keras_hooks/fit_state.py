"""Everything that one ``fit`` carries from batch to batch, put into a checkpoint and back."""

from typing import Any, Dict, List, Tuple

from pushtune_runtime.checkpoint_store import Checkpoint
from pushtune_runtime.failures import is_user_file
from pushtune_runtime.keras_hooks.assigned_variables import handles_of
from pushtune_runtime.keras_hooks.callback_state import csv_rows, kinds_of, restore_csv_rows
from pushtune_runtime.keras_hooks.clock_loops import clock_loops_around
from pushtune_runtime.keras_hooks.data_state import DataPosition
from pushtune_runtime.keras_hooks.randomness import SeededRandomness
from pushtune_runtime.keras_hooks.script_memory import ScriptMemory
from pushtune_runtime.keras_hooks.script_reach import CALLBACKS, DATA, MODEL, ScriptReach
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

    def __init__(self, session: Session, randomness: SeededRandomness, data: DataPosition, callback_list: Any) -> None:
        self._session = session
        self.randomness = randomness
        self.model = callback_list.model
        self.data = data
        self._callbacks = [one for one in callback_list.callbacks if type(one).__name__ != "ProgbarLogger"]  # it draws
        self.reach = self._what_the_script_can_reach()
        self.memory = ScriptMemory(self.reach, runs_eagerly(self.model))
        self._script = ScriptVariables(session, self._variables_beside_the_model())
        self.clock_loops = clock_loops_around(session)
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
            "callbacks": kinds_of(self._callbacks),
            "csv": csv_rows(self._callbacks),
            "random": self.randomness.capture(),
            "data": self.data_digest,
            "session": capture_session(self._session),
        }
        return arrays, state, self.memory.capture(within_epoch=batch > 0)

    def prepare(self, checkpoint: Checkpoint) -> None:
        """Build what is not built yet; raise VariablesDiffer unless the checkpoint fits. Nothing is restored yet."""
        build_all(self.model, self.data.element_spec, checkpoint.state["optimizers"], checkpoint.arrays)
        self.unrestored = check_variables(self.variables(checkpoint.state["batch"]), checkpoint.arrays)
        kinds = kinds_of(self._callbacks)
        if checkpoint.state["callbacks"] != kinds:
            raise VariablesDiffer(f"its callbacks were {checkpoint.state['callbacks']}, and are {kinds}")

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
        self.memory.restore(checkpoint.blob or b"")
        restore_csv_rows(self._callbacks, checkpoint.state["csv"])
        restore_session(self._session, checkpoint.state["session"])
        if self.data.facts is None or not self.data.facts.python:
            # Python code that reads data runs ahead in a thread: replaying it has moved the generators already.
            self.randomness.restore(checkpoint.state["random"])

    def variables(self, batch: int) -> Dict[str, Any]:
        """Return name -> variable; metrics only count within an epoch, as each begins with a reset."""
        named = collect_variables(self.model, self._script_variables())
        if batch > 0:
            for number, variable in enumerate(self.model.metrics_variables):
                named[f"metric/{number}"] = variable
        return named

    def changes_what_data_reads(self) -> bool:
        """Return whether variables have changed that Python code can reach which reads the data."""
        unchanged, sides = self._script.unchanged(), self.reach.sides_of_variable
        held = [(name, variable) for name, variables in self._script.held() for variable in variables]
        return any({DATA} < sides(variable) for name, variable in held if name not in unchanged)

    def _variables_beside_the_model(self) -> Dict[str, Any]:
        of_model = [*collect_variables(self.model).values(), *self.model.metrics_variables]
        known = {id(variable) for variable in of_model}
        return {
            path: variable
            for path, variable in self.reach.variables.items()
            if id(variable) not in known and self.reach.sides_of_variable(variable) != {DATA}
        }

    def _script_variables(self) -> List[Tuple[str, List[Any]]]:
        """Return what the script's modules hold, but for what reading the data again brings back."""
        replayed = self.data.changed_variables(self.model)
        return [(name, variables) for name, variables in self._script.held() if not handles_of(variables) & replayed]

    def _what_the_script_can_reach(self) -> ScriptReach:
        reach = ScriptReach(lambda path: is_user_file(self._session, path))
        reach.follow(CALLBACKS, [reach.add_callback(*numbered) for numbered in enumerate(self._callbacks)])
        reach.follow(MODEL, [("model", self.model)])
        reach.follow(DATA, self.data.python_sources())
        return reach


def runs_eagerly(model: Any) -> bool:
    """Return whether the Python code of ``model`` runs for each batch, instead of making a graph once."""
    import tensorflow as tf

    return bool(model.run_eagerly) or tf.config.functions_run_eagerly()
