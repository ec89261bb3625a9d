"""Writes checkpoints of ``fit`` and lets the next process go on from the newest: the end is bit for bit the same.

There is one series of checkpoints for each call of ``fit``. The script runs again from its first line; a ``fit`` that
had finished trains nothing and returns its history, the interrupted one goes on where its newest checkpoint stands.
"""

import inspect
import shutil
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from pushtune_contract import layout
from pushtune_runtime.checkpoint_store import Checkpoint, CheckpointStore
from pushtune_runtime.earlier_files import bring_back, forget
from pushtune_runtime.interruption import Interruption
from pushtune_runtime.keras_hooks.data_state import DataPosition
from pushtune_runtime.keras_hooks.exactness_state import ExactnessRating
from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.keras_hooks.fit_state import FitState
from pushtune_runtime.keras_hooks.randomness import SeededRandomness
from pushtune_runtime.keras_hooks.session_state import report_missing_epochs, take_over
from pushtune_runtime.keras_hooks.shuffling import EpochShuffling
from pushtune_runtime.keras_hooks.variable_state import VariablesDiffer
from pushtune_runtime.run_identity import environment_facts, identity_facts
from pushtune_runtime.script_runner import TrainingStopped
from pushtune_runtime.session import Session

# Checkpoints may take this share of the training time: where epochs are shorter than a write can pay for, some are
# skipped, and a kill costs at most 1 / COST_SHARE times the length of one write.
COST_SHARE = 0.03


class CheckpointListener(FitListener):
    """Has to be the last listener: it stores what the others have made of an epoch.

    Args:
        session: of this run.
        shuffling: gives each epoch its order of samples. randomness: all generators of random numbers.
        interruption: asks to stop at the next batch.

    Attributes:
        rating: whether a resumed run ends as an uninterrupted one would.
    """

    def __init__(
        self, session: Session, shuffling: EpochShuffling, randomness: SeededRandomness, interruption: Interruption
    ) -> None:
        self._session = session
        self._randomness = randomness
        self._interruption = interruption
        self._data = DataPosition(self._tick, shuffling.begin_epoch)
        self.rating = ExactnessRating(session)
        self._store: CheckpointStore  # of the running fit, from before_fit on
        self._fit: FitState  # from on_train_begin on
        self._fit_number = 0
        self._epochs = 0
        self._within_epoch: Optional[Checkpoint] = None
        self._initial_epoch: Any = None
        self._written_at = 0.0
        self._due_at = 0.0  # a checkpoint within an epoch is wanted from this moment on
        self._write_seconds = 0.0
        self._trains = False
        self._epoch = 0
        self._works = False
        take_over(session)

    def install(self) -> None:
        """Patch Keras; call once, when it has been imported. Without it nothing is written or restored.

        Raises:
            AttributeError: this version of Keras works in another way.
        """
        from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

        if "_initial_epoch" not in inspect.unwrap(TensorFlowTrainer.fit).__code__.co_names:
            raise AttributeError("fit does not ask callbacks for the epoch to begin with")
        self._data.install()
        self._works = True

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        self._interruption.enter_fit()
        if not self._works:
            return 0
        self._fit_number = fit_number
        try:
            self._store = CheckpointStore(
                self._series(), identity_facts(self._session), environment_facts(self._session)
            )
        except OSError as error:
            self._give_up(error)
            return 0
        self._epochs = epochs
        self._trains = False
        self._within_epoch = None
        self._initial_epoch = model._initial_epoch
        self._data.expect(arguments)
        return 0

    def on_train_begin(self, callback_list: Any) -> None:
        if not self._works:
            return
        model = callback_list.model
        self._fit = FitState(self._session, self._randomness, self._data, callback_list)
        self._note_written()
        checkpoint = self._store.newest()
        for reason in self._store.refused:
            self._session.warn(f"{reason}; an older one or none is used", kind="CheckpointRefused")
        if checkpoint is None:
            forget(self._session)
            return
        try:
            self._fit.prepare(checkpoint)
        except VariablesDiffer as error:
            self._session.warn(f"the checkpoint is not used, training starts anew: {error}", kind="CheckpointRefused")
            forget(self._session)
            return
        try:
            self._resume(model, checkpoint)
        except Exception as error:
            # Half restored is worse than not at all: the next process starts without this checkpoint.
            shutil.rmtree(self._series())
            self._session.warn(f"the checkpoint could not be restored: {type(error).__name__}: {error}")
            self._session.stop_reason = "interrupted"
            raise TrainingStopped("interrupted") from error

    def _resume(self, model: Any, checkpoint: Checkpoint) -> None:
        state = checkpoint.state
        bring_back(self._session)
        self._fit.reach_data(state["epoch"], state["batch"])
        self._fit.restore(checkpoint)
        self.rating.resumed(checkpoint, self._fit)
        model._initial_epoch = max(self._epochs, state["epoch"]) if state["stopped"] else state["epoch"]
        self._within_epoch = checkpoint if state["batch"] > 0 else None
        history = model.history
        report_missing_epochs(self._session, history.history, history.epoch)
        self._session.epoch = state["epoch"]
        if model._initial_epoch < self._epochs or not self._later_fits():
            self._session.resumed_from_epochs.append(state["epoch"])
            self._session.report("resume", step=state["batch"], message=_where(state))

    def on_epoch_begin(self, callback_list: Any, epoch: int) -> None:
        if not self._works:
            return
        self._epoch = epoch
        callback_list.model._initial_epoch = self._initial_epoch
        if not self._trains:
            self._trains = True
            self._forget_later_fits()
        if self._within_epoch is not None:
            # The script's callbacks have just begun this epoch a second time: put back what they had made of it.
            self._fit.restore(self._within_epoch)
            self._within_epoch = None

    def on_train_batch_end(self, callback_list: Any, batch: int, logs: Any) -> None:
        if time.monotonic() < self._due_at and not self._interruption.requested:
            return
        if self._works and self._can_stop_within_epoch(batch) and self._interruption.allows(self._write_seconds):
            callback_list._flush_futures()
            self._write(callback_list, self._epoch, batch + 1)
        self._interruption.leave_if_requested()

    def on_epoch_end(self, callback_list: Any, epoch: int, logs: Dict[str, float]) -> None:
        is_last = callback_list.model.stop_training or epoch + 1 >= self._epochs
        wanted = is_last or self._interruption.requested or self._has_paid_off()
        if self._works and wanted and self._interruption.allows(self._write_seconds):
            self._write(callback_list, epoch + 1, 0)
        self._interruption.leave_if_requested()

    def on_train_end(self, callback_list: Any) -> None:
        if self._works:
            callback_list.model._initial_epoch = self._initial_epoch

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        if self._works:
            self._data.release()
            self._store.settle()
        self._interruption.leave_fit()

    def left_out(self, error: Exception) -> None:
        """Nobody looks for SIGTERM after each batch any more."""
        self._works = False
        self._data.release()
        self._interruption.leave_fit()

    def _tick(self) -> None:
        self._session.progress_steps += 1

    def _note_written(self) -> None:
        self._written_at = time.monotonic()
        interval = self._session.request.checkpoint_interval_seconds
        self._due_at = self._written_at + max(interval, self._write_seconds / COST_SHARE)

    def _has_paid_off(self) -> bool:
        return time.monotonic() - self._written_at >= self._write_seconds / COST_SHARE

    def _can_stop_within_epoch(self, batch: int) -> bool:
        """After its last batch an epoch ends by itself; without a known number of batches each may be the last."""
        batches = self._data.batches_per_epoch
        return batches is not None and batch + 1 < batches

    def _write(self, callback_list: Any, epoch: int, batch: int) -> None:
        phase, self._session.phase = self._session.phase, "save"
        began = time.monotonic()
        try:
            arrays, state, blob = self._fit.capture(epoch, batch)
            captured = time.monotonic()
            state["inexact"] = self.rating.rate(self._fit, batch > 0)  # slow, but only once for each fit
            rated = time.monotonic()
            self._randomness.given.keep()
            self._store.write(arrays, state, blob)
            self._write_seconds = time.monotonic() - rated + captured - began
        except OSError as error:
            self._session.warn(f"a checkpoint could not be written: {error.strerror}", kind="CheckpointNotWritten")
        except Exception as error:  # a model or callback that cannot be stored must still be trained
            self._give_up(error)
        self._session.phase = phase
        self._note_written()
        self._tick()

    def _give_up(self, error: Exception) -> None:
        """Train on without checkpoints, and say so."""
        self._works = False
        self._session.exactness = "approximate"
        self._session.exactness_reason = f"no checkpoint could be made: {type(error).__name__}: {error}"
        self._session.warn(self._session.exactness_reason, kind="CheckpointNotWritten")

    def _forget_later_fits(self) -> None:
        """Remove checkpoints of later calls of ``fit``: they began with what this one is about to change."""
        for folder in self._later_fits():
            shutil.rmtree(folder)

    def _later_fits(self) -> List[Path]:
        series = self._session.trial_folder / layout.CHECKPOINT_FOLDER
        return [folder for folder in series.glob("fit-*") if folder.name > self._series().name]

    def _series(self) -> Path:
        return self._session.trial_folder / layout.CHECKPOINT_FOLDER / f"fit-{self._fit_number:05d}"


def _where(state: Dict[str, Any]) -> str:
    within = f", batch {state['batch']}" if state["batch"] else ""
    return f"resumed after epoch {state['epoch']}{within}"
