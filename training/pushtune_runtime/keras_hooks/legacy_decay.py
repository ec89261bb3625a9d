"""``decay=`` of optimizers, which Keras 2.11 and later refuse: each update divides the rate by 1 + decay * updates.

That is what ``keras/optimizers.py`` of Keras 2.3 computes. The rate itself stays a number that callbacks may set, as
they could then: a schedule, which computes the same, would refuse to be set.
"""

import functools
import inspect
from typing import Any, Callable

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses

Warn = Callable[[str], None]

OPTIMIZERS = ("SGD", "RMSprop", "Adam", "Adadelta", "Adagrad", "Adamax", "Nadam")
_DECAY = "_pushtune_decay"


def install(classes: KerasClasses, warn: Warn) -> None:
    """Let the constructors take ``decay``, and let the rate that is used in an update fall by it."""
    optimizers = classes.roots[0].optimizers
    for name in OPTIMIZERS:
        _take_decay(getattr(optimizers, name), warn)
    base = next(part for part in optimizers.SGD.__mro__ if "learning_rate" in vars(part))
    rate: Any = vars(base)["learning_rate"]
    base.learning_rate = property(_decayed(rate.fget), rate.fset)
    base.lr = property(rate.fget, rate.fset)  # the number itself, which callbacks assign to


def decay_of(optimizer: Any) -> float:
    """Return the ``decay`` that ``optimizer`` was made with; 0 for none."""
    return float(getattr(optimizer, _DECAY, 0.0))


def keep_decay(optimizer: Any, given: Any) -> None:
    """Let ``optimizer``, which takes the place of ``given``, have its decay."""
    if decay_of(given):
        setattr(optimizer, _DECAY, decay_of(given))


def _take_decay(optimizer_class: Any, warn: Warn) -> None:
    original = optimizer_class.__init__

    @functools.wraps(original)
    def constructor(optimizer: Any, /, *args: Any, **kwargs: Any) -> None:
        decay = kwargs.pop("decay", 0.0)
        original(optimizer, *args, **kwargs)
        if decay:
            warn(f"the optimizer's decay={decay} of Keras 2: the rate is divided by 1 + {decay} * updates, as it was")
            setattr(optimizer, _DECAY, float(decay))

    constructor.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]  # Keras asks for the names
    optimizer_class.__init__ = constructor


def _decayed(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def current(optimizer: Any) -> Any:
        rate, decay = original(optimizer), decay_of(optimizer)
        if not decay:
            return rate
        import tensorflow

        return rate / (1.0 + decay * tensorflow.cast(optimizer.iterations, rate.dtype))

    return current
