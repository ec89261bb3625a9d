"""Methods of Keras 1 and 2 that Keras 3 no longer has, on models, metrics, optimizers and layers."""

import functools
import inspect
from types import FunctionType
from typing import Any, Callable, List, Tuple

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses

Warn = Callable[[str], None]

WEIGHT_ARGUMENTS = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")  # of Keras 2


def add_to_models(model_class: Any, warn: Warn) -> None:
    """Give models the methods of Keras 2 that are gone: generators, classes, probabilities.

    ``fit_generator`` is replaced even where it exists, so that ``fit`` is called on behalf of the script.
    """
    methods: List[Any] = [
        ("fit_generator", _renamed("fit", "generator", warn)),
        ("evaluate_generator", _renamed("evaluate", "generator", warn)),
        ("predict_generator", _renamed("predict", "generator", warn)),
        ("predict_proba", _renamed("predict", "x", warn)),
        ("predict_classes", _predict_classes(warn)),
    ]
    for name, method in methods:
        if name == "fit_generator" or not hasattr(model_class, name):
            setattr(model_class, name, method)


def _renamed(new_name: str, first: str, warn: Warn) -> Callable[..., Any]:
    def method(model: Any, /, *args: Any, **kwargs: Any) -> Any:
        warn(f"a method of Keras 2 was called that is {new_name} now")
        data = kwargs.pop(first, None) if first in kwargs else None
        arguments = list(args)
        if data is None and arguments:
            data = arguments.pop(0)
        if new_name == "fit":
            kwargs.update(zip(("steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data"), arguments))  # noqa: B905
            arguments = []
        if "steps" not in kwargs and new_name != "fit" and arguments:
            kwargs["steps"] = arguments.pop(0)
        return getattr(model, new_name)(data, *arguments, **kwargs)

    return method


def _predict_classes(warn: Warn) -> Callable[..., Any]:
    def predict_classes(model: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        warn("predict_classes of Keras 2 was called: the most probable class is taken from predict")
        probabilities = model.predict(x, *args, **kwargs)
        if probabilities.shape[-1] > 1:
            return probabilities.argmax(axis=-1)
        return (probabilities > 0.5).astype("int32")

    return predict_classes


def install(classes: KerasClasses, warn: Warn) -> None:
    """Give Keras 3 the other methods that scripts for Keras 2 call."""
    from keras.src.legacy.preprocessing.image import Iterator

    keras = classes.roots[0]
    _add(keras.metrics.Metric, "reset_states", lambda metric: metric.reset_state())
    _add(keras.Model, "reset_states", _reset_layers)
    for optimizer_class in {module.Optimizer for module in classes.modules("optimizers")}:
        _add(optimizer_class, "minimize", _minimize)
    _add(Iterator, "next", Iterator.__next__)
    layer_class = keras.layers.Layer
    for name in ("add_weight", "add_variable"):
        setattr(layer_class, name, _named_first(getattr(layer_class, name), layer_class))
    layer_class.__init__ = _with_optional_training(layer_class.__init__, warn)


def _add(owner: Any, name: str, method: Callable[..., Any]) -> None:
    if not hasattr(owner, name):
        setattr(owner, name, method)


def _reset_layers(model: Any) -> None:
    """Forget what the stateful layers of ``model`` remember."""
    for layer in model._flatten_layers(include_self=False):
        if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
            layer.reset_state()


def _minimize(
    optimizer: Any, loss: Any, var_list: Any, grad_loss: Any = None, name: Any = None, tape: Any = None
) -> None:
    """Update ``var_list`` once, as in Keras 2: ``loss`` is a function, or a tensor that ``tape`` has recorded."""
    import tensorflow

    if hasattr(grad_loss, "gradient"):  # from 2.11 on the tape came third
        grad_loss, tape = None, grad_loss
    if callable(loss):
        tape = tape or tensorflow.GradientTape()
        with tape:
            if not callable(var_list):
                tape.watch(var_list)
            loss = loss()
    variables = list(var_list() if callable(var_list) else var_list)
    gradients = tape.gradient(loss, variables, grad_loss)
    optimizer.apply_gradients(list(zip(gradients, variables)))  # noqa: B905  (older Pythons)


def _named_first(original: Callable[..., Any], layer_class: Any) -> Callable[..., Any]:
    """``add_weight("w", [4, 2])``: in Keras 2 the name came first, and its other name was ``add_variable``."""

    @functools.wraps(original)
    def add(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], str):
            return layer_class.add_weight(layer, **dict(zip(WEIGHT_ARGUMENTS, args)), **kwargs)  # noqa: B905
        return original(layer, *args, **kwargs)

    return add


def _with_optional_training(original: Callable[..., None], warn: Warn) -> Callable[..., None]:
    """Keras 2 filled in ``training`` of ``call(self, x, training)`` wherever a caller left it out."""

    @functools.wraps(original)
    def constructor(layer: Any, *args: Any, **kwargs: Any) -> None:
        function = getattr(type(layer), "call", None)
        if isinstance(function, FunctionType) and _needs_training(function):
            warn(f"{type(layer).__name__}.call needs training, which Keras 3 does not fill in: left out it is None")
            function.__defaults__ = (None, *(function.__defaults__ or ()))
        original(layer, *args, **kwargs)

    constructor.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]  # Keras asks for the names
    return constructor


def _needs_training(function: FunctionType) -> bool:
    """Return whether ``training`` is the last argument without a default."""
    names: Tuple[str, ...] = function.__code__.co_varnames[: function.__code__.co_argcount]
    required = names[: len(names) - len(function.__defaults__ or ())]
    return required[-1:] == ("training",)
