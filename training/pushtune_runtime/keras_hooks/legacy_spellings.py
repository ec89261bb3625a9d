"""Spellings of Keras 1 and 2 within modules that are still there: functions, texts, attributes and arguments.

Only what means the same today is translated. Sessions are gone: what set one up has no effect, and is told.
"""

import functools
import inspect
from typing import Any, Callable, Dict, Tuple

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses

Warn = Callable[[str], None]

# Module -> old name -> name of today.
SPELLINGS: Dict[str, Dict[str, str]] = {
    "constraints": {"maxnorm": "MaxNorm", "nonneg": "NonNeg", "unitnorm": "UnitNorm"},
    "initializers": {"normal": "RandomNormal", "uniform": "RandomUniform", "zero": "Zeros", "one": "Ones"},
    "losses": {
        "logcosh": "log_cosh", "kullback_leibler_divergence": "kl_divergence",
        "cosine_proximity": "cosine_similarity", "cosine": "cosine_similarity",
    },
    "metrics": {"kullback_leibler_divergence": "kl_divergence"},
    "optimizers": {
        name.lower(): name for name in ("SGD", "RMSprop", "Adam", "Adadelta", "Adagrad", "Adamax", "Nadam")
    },
}  # fmt: skip
# Texts that stand for a loss.
LOSSES = SPELLINGS["losses"]
LEGACY_OPTIMIZERS = ("Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "Optimizer", "RMSprop", "SGD")
TENSORBOARD_DROPPED = ("batch_size", "write_grads", "embeddings_layer_names")
COMPILE_DROPPED = ("sample_weight_mode",)


def install(classes: KerasClasses, warn: Warn) -> None:
    """Add the old spellings to the modules of ``keras`` and ``tensorflow.keras``; after all other hooks."""
    for name, spellings in SPELLINGS.items():
        for module in classes.modules(name):
            for old, new in spellings.items():
                if not hasattr(module, old) and hasattr(module, new):
                    setattr(module, old, getattr(module, new))
    for root in classes.roots:
        _fill_legacy_optimizers(root)
        root.backend.set_session = _no_session(warn)
        root.backend.set_value = _assign
    _add_rate(classes.roots[0].optimizers.Optimizer)
    _translate_regularizers(classes)
    _translate(classes.roots[0].callbacks.TensorBoard, "__init__", _without(TENSORBOARD_DROPPED, "TensorBoard", warn))
    _translate(classes.compiler, "compile", _loss_of_today(warn))
    _translate(classes.compiler, "compile", _without(COMPILE_DROPPED, "compile", warn))


def _fill_legacy_optimizers(root: Any) -> None:
    """The classes in ``optimizers.legacy`` of Keras 3 only say that they are gone; today's compute the same."""
    legacy = getattr(root.optimizers, "legacy", None)
    for name in LEGACY_OPTIMIZERS:
        if legacy is not None and hasattr(root.optimizers, name):
            setattr(legacy, name, getattr(root.optimizers, name))


def _no_session(warn: Warn) -> Callable[..., None]:
    def set_session(session: Any = None) -> None:
        warn("set_session has no effect: there are no sessions any more, and memory is limited by the container")

    return set_session


def _assign(variable: Any, value: Any) -> None:
    """``backend.set_value``, by which callbacks set the learning rate; that of Keras 3 takes no Keras variables."""
    variable.assign(value)


def _add_rate(optimizer_class: Any) -> None:
    """``optimizer.lr`` reads and sets ``learning_rate``."""
    if hasattr(optimizer_class, "lr"):
        return

    def read(optimizer: Any) -> Any:
        return optimizer.learning_rate

    def write(optimizer: Any, rate: Any) -> None:
        optimizer.learning_rate = rate

    optimizer_class.lr = property(read, write)


def _translate_regularizers(classes: KerasClasses) -> None:
    """``l2(l=0.01)`` is ``l2(0.01)``."""
    for name in ("L1", "L2"):
        _translate(getattr(classes.roots[0].regularizers, name), "__init__", _renamed("l", name.lower()))


Arguments = Tuple[Tuple[Any, ...], Dict[str, Any]]


def _renamed(old: str, new: str) -> Callable[[Any, Dict[str, Any]], Arguments]:
    def translate(args: Any, kwargs: Dict[str, Any]) -> Arguments:
        return args, {new if name == old else name: value for name, value in kwargs.items()}

    return translate


def _without(names: Tuple[str, ...], owner: str, warn: Warn) -> Callable[[Any, Dict[str, Any]], Arguments]:
    def translate(args: Any, kwargs: Dict[str, Any]) -> Arguments:
        for name in names:
            if name in kwargs:
                kwargs.pop(name)
                warn(f"{owner}: the argument {name} of Keras 2 was left out, it has no meaning now")
        return args, kwargs

    return translate


def _loss_of_today(warn: Warn) -> Callable[[Any, Dict[str, Any]], Arguments]:
    def today(loss: Any) -> Any:
        if isinstance(loss, str) and loss in LOSSES:
            warn(f"the loss {loss} is called {LOSSES[loss]} now")
            return LOSSES[loss]
        if isinstance(loss, dict):
            return {name: today(one) for name, one in loss.items()}
        return [today(one) for one in loss] if isinstance(loss, list) else loss

    def translate(args: Any, kwargs: Dict[str, Any]) -> Arguments:
        if "loss" in kwargs:
            kwargs["loss"] = today(kwargs["loss"])
        elif len(args) > 1:
            args = (args[0], today(args[1]), *args[2:])
        return args, kwargs

    return translate


def _translate(owner: Any, name: str, translate: Callable[[Any, Dict[str, Any]], Arguments]) -> None:
    """Wrap the method ``name``; Keras compares two views of a constructor's signature, hence ``__signature__``."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(instance: Any, /, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = translate(args, dict(kwargs))
        return original(instance, *args, **kwargs)

    if name == "__init__":
        method.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    setattr(owner, name, method)
