"""``decay=`` of optimizers, which Keras 2.11 and later refuse: each update divides the rate by 1 + decay * updates.

That is what ``keras/optimizers.py`` of Keras 2.3 computes. The rate itself stays the number that callbacks read and
set; a schedule, which computes the same, would refuse to be set. Only while an update runs is it divided.
"""

import functools
import inspect
from typing import Any, Callable, List, Set

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses

Warn = Callable[[str], None]

OPTIMIZERS = ("SGD", "RMSprop", "Adam", "Adadelta", "Adagrad", "Adamax", "Nadam")
_DECAY = "_pushtune_decay"


def install(classes: KerasClasses, warn: Warn) -> None:
    """Let the constructors take ``decay``, and let the rate that is used in an update fall by it."""
    update = "apply" if classes.generation == 3 else "apply_gradients"
    running: Set[int] = set()
    patched: Set[Any] = set()
    for optimizer_class in todays_optimizers(classes):
        _take_decay(optimizer_class, warn)
        for base in optimizer_class.__mro__:
            if base in patched:
                continue
            patched.add(base)
            rate: Any = vars(base).get("learning_rate")
            if isinstance(rate, property) and rate.fget is not None:
                base.learning_rate = property(_decayed(rate.fget, running), rate.fset)
            if update in vars(base):
                setattr(base, update, _noting(vars(base)[update], running))


def todays_optimizers(classes: KerasClasses) -> List[Any]:
    """Return the classes of optimizers that know neither ``lr`` nor ``decay``: those before 2.11 know both."""
    found = [getattr(module, name, None) for module in classes.modules("optimizers") for name in OPTIMIZERS]
    known = dict.fromkeys(one for one in found if inspect.isclass(one))
    return [one for one in known if any(isinstance(vars(base).get("learning_rate"), property) for base in one.__mro__)]


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


def _decayed(original: Callable[[Any], Any], running: Set[int]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def current(optimizer: Any) -> Any:
        rate = original(optimizer)
        if id(optimizer) not in running:
            return rate
        import tensorflow

        return rate / (1.0 + decay_of(optimizer) * tensorflow.cast(optimizer.iterations, rate.dtype))

    return current


def _noting(original: Callable[..., Any], running: Set[int]) -> Callable[..., Any]:
    """Return ``original``, which updates weights, noting the optimizers with a decay that are at it."""

    @functools.wraps(original)
    def update(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        if not decay_of(optimizer) or id(optimizer) in running:
            return original(optimizer, *args, **kwargs)
        running.add(id(optimizer))
        try:
            return original(optimizer, *args, **kwargs)
        finally:
            running.discard(id(optimizer))

    return update
