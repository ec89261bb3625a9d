"""File names that Keras 3 refuses for models and weights: the ending that it wants is added, and found again."""

import functools
import inspect
import os
from typing import Any, Callable

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses, replace_functions

Warn = Callable[[str], None]

WEIGHTS_ENDING = ".weights.h5"
MODEL_ENDINGS = (".keras", ".h5", ".hdf5")


def install(classes: KerasClasses, warn: Warn) -> None:
    """Wrap saving and loading of models and weights, and ``ModelCheckpoint``."""
    keras = classes.roots[0]
    for name, translate in (
        ("save_weights", lambda path: weights_path(path, warn)),
        ("save", lambda path: model_path(path, warn)),
        ("load_weights", existing_path),
    ):
        setattr(keras.Model, name, _wrap_path(getattr(keras.Model, name), translate, position=1))
    _wrap_checkpoint(keras.callbacks.ModelCheckpoint, warn)
    replace_functions(classes, ["load_model"], lambda load, name: _wrap_path(load, existing_path, position=0))


def weights_path(path: str, warn: Warn) -> str:
    """Return ``path`` with the ending that Keras 3 wants for weights."""
    if path.endswith((WEIGHTS_ENDING, ".weights.json")):
        return path
    plain = _without_ending(path)
    warn(f"weights were written to {plain}{WEIGHTS_ENDING}, because Keras 3 wants this ending")
    return plain + WEIGHTS_ENDING


def model_path(path: str, warn: Warn) -> str:
    """Return ``path`` with an ending that Keras 3 takes for models."""
    if path.endswith(MODEL_ENDINGS):
        return path
    warn(f"the model was written to {path.rstrip('/')}.keras, because Keras 3 wants this ending")
    return path.rstrip("/") + ".keras"


def existing_path(path: str) -> str:
    """Return the file that was written when the script asked for ``path``."""
    plain = _without_ending(path)
    candidates = (path, plain + WEIGHTS_ENDING, plain + ".h5", path.rstrip("/") + ".keras")
    return next((candidate for candidate in candidates if os.path.exists(candidate)), path)


def _without_ending(path: str) -> str:
    for ending in (".h5", ".hdf5", ".ckpt"):
        if path.endswith(ending):
            return path[: -len(ending)]
    return path.rstrip("/")


def _wrap_path(original: Callable[..., Any], translate: Callable[[str], str], position: int) -> Callable[..., Any]:
    """Wrap a function that takes a path as ``filepath`` or at ``position``."""

    @functools.wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        positional = list(args)
        if "filepath" in kwargs:
            kwargs["filepath"] = translate(os.fspath(kwargs["filepath"]))
        elif len(positional) > position and isinstance(positional[position], (str, os.PathLike)):
            positional[position] = translate(os.fspath(positional[position]))
        return original(*positional, **kwargs)

    return method


def _wrap_checkpoint(checkpoint_class: Any, warn: Warn) -> None:
    original = checkpoint_class.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def constructor(callback: Any, /, *args: Any, **kwargs: Any) -> None:
        if "period" in kwargs:  # Keras 2: every so many epochs
            kwargs.pop("period")
            warn("ModelCheckpoint: the argument period of Keras 2 was left out; every epoch is considered")
        bound = signature.bind(callback, *args, **kwargs)
        path = os.fspath(bound.arguments["filepath"])
        if bound.arguments.get("save_weights_only"):
            path = weights_path(path, warn)
        elif not path.endswith((".keras", ".h5")):
            path = model_path(path.replace(".hdf5", ".h5"), warn)
        bound.arguments["filepath"] = path
        original(*bound.args, **bound.kwargs)

    checkpoint_class.__init__ = constructor
