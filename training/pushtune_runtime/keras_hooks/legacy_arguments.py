"""Arguments of Keras 1 and 2 that Keras 3 refuses or reads differently, translated with a warning."""

import functools
import inspect
import math
from types import GeneratorType
from typing import Any, Callable, Dict, List, Tuple

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses
from pushtune_runtime.keras_hooks.legacy_decay import todays_optimizers

Warn = Callable[[str], None]

LAYERS_RENAMED: Dict[str, str] = {
    "output_dim": "units", "nb_filter": "filters", "border_mode": "padding", "subsample": "strides",
    "init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
    "bias": "use_bias", "batch_input_shape": "batch_shape", "p": "rate", "inner_activation": "recurrent_activation",
}  # fmt: skip
LAYERS_DROPPED = ("implementation", "fused", "dim_ordering", "consume_less")
LAYERS = (
    "Dense", "Dropout", "Conv1D", "Conv2D", "MaxPooling1D", "MaxPooling2D", "LSTM", "GRU", "SimpleRNN", "Embedding",
    "BatchNormalization", "Flatten", "Activation", "SeparableConv2D",
)  # fmt: skip
FIT_RENAMED = {"nb_epoch": "epochs", "samples_per_epoch": "steps_per_epoch", "nb_val_samples": "validation_steps"}
STEPS = ("steps_per_epoch", "validation_steps", "steps")
FIT_DROPPED = ("workers", "use_multiprocessing", "max_queue_size", "max_q_size", "pickle_safe", "nb_worker")


def install_optimizers(classes: KerasClasses, warn: Warn) -> None:
    """Wrap the constructors of optimizers: those of Keras 2.11 to 2.15 take ``lr`` as well, and pay no heed to it."""
    for optimizer_class in todays_optimizers(classes):
        _wrap_constructor(optimizer_class, _optimizer_translation(warn))


def install(classes: KerasClasses, warn: Warn) -> None:
    """Wrap constructors and methods; put on last, so that all other hooks see today's arguments.

    Methods are replaced where they are defined: Keras takes any other place for a method of the script's own.
    """
    keras = classes.roots[0]
    for name in LAYERS:
        _wrap_constructor(getattr(keras.layers, name), _layer_translation(name, warn))
    for name in ("fit", "evaluate", "predict"):
        setattr(classes.trainer, name, _wrap_method(getattr(classes.trainer, name), _translate_fit, warn))
    classes.compiler.compile = _wrap_method(classes.compiler.compile, _translate_compile, warn)


Translation = Callable[[Tuple[Any, ...], Dict[str, Any]], Tuple[Tuple[Any, ...], Dict[str, Any]]]


def _wrap_constructor(patched_class: Any, translate: Translation) -> None:
    original = patched_class.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def constructor(instance: Any, /, *args: Any, **kwargs: Any) -> None:
        args, kwargs = translate(args, kwargs)
        original(instance, *args, **kwargs)

    constructor.__signature__ = signature  # type: ignore[attr-defined]
    patched_class.__init__ = constructor


def _wrap_method(original: Any, translate: Any, warn: Warn) -> Any:
    @functools.wraps(original)
    def method(model: Any, /, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = translate(args, kwargs, warn)
        return original(model, *args, **kwargs)

    return method


def _optimizer_translation(warn: Warn) -> Translation:
    def translate(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
        if "lr" in kwargs:
            warn("the optimizer's argument lr of Keras 2 was taken as learning_rate")
            kwargs["learning_rate"] = kwargs.pop("lr")
        if kwargs.get("epsilon", 0) is None:
            kwargs.pop("epsilon")  # Keras 2: the library's own small number
        return args, kwargs

    return translate


def _layer_translation(layer: str, warn: Warn) -> Translation:
    kept = {"Embedding": ("output_dim",)}.get(layer, ())

    def translate(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
        for old, new in LAYERS_RENAMED.items():
            if old in kwargs and old not in kept:
                warn(f"{layer}: the argument {old} of an older Keras was taken as {new}")
                kwargs[new] = kwargs.pop(old)
        for old in LAYERS_DROPPED:
            if old in kwargs:
                warn(f"{layer}: the argument {old} of an older Keras was left out, it has no meaning now")
                kwargs.pop(old)
        if not kwargs.get("time_major", True):  # the only order of today; Keras refuses the other one by itself
            kwargs.pop("time_major")
        return args, kwargs

    return translate


def _translate_fit(args: Any, kwargs: Dict[str, Any], warn: Warn) -> Any:
    for old, new in FIT_RENAMED.items():
        if old in kwargs:
            warn(f"the argument {old} of Keras 1 was taken as {new}")
            kwargs[new] = kwargs.pop(old)
    args = (*map(_without_lists, args[:1]), *args[1:])
    for name in ("x", "validation_data"):
        if name in kwargs:
            kwargs[name] = _without_lists(kwargs[name])
    for name in STEPS:
        if isinstance(kwargs.get(name), float):
            kwargs[name] = math.ceil(kwargs[name])  # Keras 2 went on as long as it had made fewer
    dropped = [name for name in FIT_DROPPED if name in kwargs]
    for name in dropped:
        kwargs.pop(name)
    if dropped:
        warn(f"arguments of Keras 2 were left out, they only concern speed: {', '.join(dropped)}")
    return args, kwargs


def _without_lists(data: Any) -> Any:
    """Return a generator with tuples in the place of the lists that it yields for several inputs or outputs."""
    return _with_tuples(data) if isinstance(data, GeneratorType) else data


@functools.lru_cache(maxsize=None)
def _with_tuples(data: Any) -> Any:
    """Return the same for the same generator: it has to be seen that one serves several fits."""
    return (tuple(tuple(part) if isinstance(part, list) else part for part in batch) for batch in data)


def _translate_compile(args: Tuple[Any, ...], kwargs: Dict[str, Any], warn: Warn) -> Any:
    """Keras 2 took (optimizer, loss, metrics, loss_weights); Keras 3 takes (optimizer, loss, loss_weights, metrics)."""
    if len(args) > 2 and _are_metrics(args[2]) and "metrics" not in kwargs:
        warn("compile: the third argument was taken as metrics, as in Keras 2; Keras 3 expects loss_weights there")
        kwargs["metrics"] = args[2]
        if len(args) > 3:
            kwargs["loss_weights"] = args[3]
        args = args[:2]
    if isinstance(kwargs.get("metrics"), str) or callable(kwargs.get("metrics")):
        kwargs["metrics"] = [kwargs["metrics"]]
    return args, kwargs


def _are_metrics(value: Any) -> bool:
    items: List[Any] = list(value) if isinstance(value, (list, tuple)) else [value]
    return bool(items) and all(isinstance(item, str) or callable(item) for item in items)
