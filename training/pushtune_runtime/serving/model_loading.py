"""Finds out what kind of model lies in a folder, and loads it."""

from pathlib import Path
from typing import List

from pushtune_runtime.keras_hooks.model_saving import MODEL_FILE as KERAS_FILE
from pushtune_runtime.keras_hooks.model_saving import WEIGHTS_FILE
from pushtune_runtime.serving.model import Model
from pushtune_runtime.serving.refused import Refused
from pushtune_runtime.sklearn_hooks.candidates import MODEL_FILE as SKLEARN_FILE


def load(folder: Path) -> Model:
    """Return the model in ``folder``, ready to answer. Raises Refused."""
    names = sorted(path.name for path in folder.iterdir())
    if KERAS_FILE in names:
        from pushtune_runtime.serving.keras_model import KerasModel

        model = KerasModel(folder / KERAS_FILE)
        model.warm_up()
        return model
    if SKLEARN_FILE in names:
        from pushtune_runtime.serving.sklearn_model import SklearnModel

        return SklearnModel(folder / SKLEARN_FILE)
    raise _nothing_to_load(names)


def _nothing_to_load(names: List[str]) -> Refused:
    if WEIGHTS_FILE in names:
        return Refused(
            "Only a model that was saved whole can be served.", "weights without the model's structure",
            "The warnings of the final training say why Keras could not save it whole; a model of Keras' own layers "
            "can be.",
        )
    return Refused(
        f"The folder of a model must hold {KERAS_FILE} or {SKLEARN_FILE}.", ", ".join(names[:8]) or "an empty folder",
        "Train it again: the warnings of the final training say why nothing was saved.",
    )
