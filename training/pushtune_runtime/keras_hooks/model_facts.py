"""What a Keras model is like, as far as its class and its inputs say."""

from typing import Any, Optional

FRAMEWORKS = ("keras", "tf_keras", "tensorflow")
REGRESSION_LOSSES = (
    "mse", "meansquarederror", "mae", "meanabsoluteerror", "mape", "meanabsolutepercentageerror", "msle",
    "meansquaredlogarithmicerror", "huber", "huberloss", "logcosh",
)  # fmt: skip
WITHOUT_CALL = ("Model", "Layer")  # the classes of Keras whose ``call`` only raises


def fixed_batch(model: Any) -> Optional[int]:
    """Return how many samples ``model`` takes at once (``batch_shape``, stateful layers); None where any number."""
    try:
        sizes = {tensor.shape[0] for tensor in model.inputs}
    except (AttributeError, TypeError, ValueError, IndexError):  # not built yet, or a class of its own
        return None
    size = sizes.pop() if len(sizes) == 1 else None
    return int(size) if size is not None else None


def trains_only(model: Any) -> bool:
    """Return whether ``model`` has a ``train_step`` of its own, but nothing to validate by: GANs, for example."""
    owners = {name: _owner(type(model), name) for name in ("train_step", "test_step", "call")}
    own = {name: owner.__module__.split(".")[0] not in FRAMEWORKS for name, owner in owners.items()}
    calls = own["call"] or owners["call"].__name__ not in WITHOUT_CALL
    return own["train_step"] and not own["test_step"] and not calls


def is_for_numbers(loss: Any) -> bool:
    """Return whether ``loss``, as the model was compiled with, is one of regression."""
    return loss_name(loss).replace("_", "").lower() in REGRESSION_LOSSES


def loss_name(loss: Any) -> str:
    """Return the name of a loss: a text, a function or an instance; empty for none."""
    if isinstance(loss, str):
        return loss
    return str(getattr(loss, "__name__", type(loss).__name__)) if loss is not None else ""


def _owner(kind: type, name: str) -> type:
    return next((base for base in kind.__mro__ if name in vars(base)), object)
