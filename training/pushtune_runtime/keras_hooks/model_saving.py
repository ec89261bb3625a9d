"""Saves the model that was trained last, whole or not at all."""

import os
from pathlib import Path
from typing import Any

from pushtune_contract import layout
from pushtune_contract.reading import sync_folder
from pushtune_runtime.keras_hooks.fit_events import FitListener
from pushtune_runtime.session import Session

MODEL_FILE = "model.keras"
WEIGHTS_FILE = "model.weights.h5"


class ModelSaving(FitListener):
    """Writes ``model/model.keras`` after each ``fit``; weights alone where the model cannot be written whole."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def after_fit(self, model: Any, fit_number: int, history: Any) -> None:
        if self._session.stop_reason in ("pruned", "diverged"):
            return
        self._session.phase = "save"
        self._session.model_files = []
        for name, save in ((MODEL_FILE, model.save), (WEIGHTS_FILE, model.save_weights)):
            try:
                self._save(name, save)
                break
            except Exception as error:  # whatever a model of the script raises, its training counts
                text = f"the model could not be saved as {name}: {type(error).__name__}: {error}"
                self._session.warn(text[:500])
        self._session.phase = "evaluate"

    def _save(self, name: str, save: Any) -> None:
        folder = self._session.trial_folder / layout.MODEL_FOLDER
        folder.mkdir(exist_ok=True)
        aside = folder / f"aside-{name}"
        try:
            save(str(aside))
            _flush_to_disk(aside)
            os.replace(aside, folder / name)
        finally:
            aside.unlink(missing_ok=True)
        sync_folder(folder)
        self._session.model_files.append(f"{layout.MODEL_FOLDER}/{name}")


def _flush_to_disk(path: Path) -> None:
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())
