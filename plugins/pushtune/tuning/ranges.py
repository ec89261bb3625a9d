"""Which values are worth trying for one parameter, by what it means and what the script gives.

Ranges are relative to the script's own value: its author knew the size of the problem. Sources: Bengio
(arXiv:1206.5533) for widths, batch sizes and logarithmic scales; Srivastava et al. (JMLR 15, 2014) for dropout;
Masters and Luschi (arXiv:1804.07612) for small batches; Simonyan and Zisserman (arXiv:1409.1556) for odd kernels;
Loshchilov and Hutter (arXiv:1608.03983) for rates that decay; Probst et al. (arXiv:1802.09596, table 1) for
scikit-learn.
"""

import math
from dataclasses import dataclass

from pushtune_contract.parameters import Parameter, Value

WIDTH_FACTORS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
WIDEST = {"filters": 128, "units": 512}
WIDEST_RECURRENT = 256  # the time of one step grows with the square of the units
RECURRENT = ("GRU", "LSTM", "SimpleRNN", "GRUCell", "LSTMCell", "SimpleRNNCell", "ConvLSTM2D")

BATCH_SIZES = (8, 16, 32, 64, 128, 256, 512, 1024)
FEWEST_STEPS_PER_EPOCH = 20
MOST_STEPS_PER_EPOCH = 2000

ACTIVATIONS = ("relu", "gelu", "silu", "elu", "tanh")
# They need the least care about the learning rate. SGD without momentum does not: on Fashion-MNIST it was behind all
# of these at any rate (0.87 after 7 epochs against 0.91), so it is only kept where the script uses it.
OPTIMIZERS = ("adam", "rmsprop", "adamw", "nadam")

HIGHEST_DROPOUT = 0.5
HIGHEST_DROPOUT_OF_CONVOLUTIONS = 0.3
# Layers that the script does not have, but that the runtime can put behind its own.
ADDED = ("added_dropout", "extra_layers")
# The runtime can let a constant learning rate decay over the epochs of a trial.
RATE_DECAY, COSINE = "learning_rate_decay", "cosine"
LARGEST_INTEGER = 10**6


@dataclass(frozen=True)
class Range:
    """The values worth trying.

    Attributes:
        kind: ``int``, ``float`` or ``categorical``.
        choices: the values in ascending order (``int``) or without order (``categorical``); empty for ``float``.
        low, high: bounds, both included (``float``). log: spread evenly in the logarithm.
        reason: why these, with the source.
    """

    kind: str
    reason: str
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False


@dataclass(frozen=True)
class _Scale:
    """Numbers that are multiplied: by the lowest to the highest of ``factors``, within absolute ``bounds``.

    ``whole``: the argument's documentation asks for a whole number, or gives a fraction another meaning.
    """

    factors: tuple[float, float]
    bounds: tuple[float, float]
    whole: bool = False


# Arguments without a role of their own. Those that are not listed are left alone: changing what is not understood
# breaks more scripts than it improves.
MULTIPLIED = {
    "C": _Scale((0.01, 100.0), (1e-4, 1e4)),
    "alpha": _Scale((0.01, 100.0), (1e-8, 1e2)),
    "gamma": _Scale((0.01, 100.0), (1e-6, 1e2)),
    "max_depth": _Scale((0.5, 5.0), (1, 64), whole=True),
    "max_iter": _Scale((1.0, 10.0), (10, 5000), whole=True),
    "max_leaf_nodes": _Scale((0.5, 4.0), (2, 1024), whole=True),
    "min_samples_leaf": _Scale((0.25, 4.0), (1, 64), whole=True),
    "min_samples_split": _Scale((0.5, 4.0), (2, 64), whole=True),
    "n_estimators": _Scale((0.5, 10.0), (5, 1000), whole=True),
    "n_neighbors": _Scale((0.2, 4.0), (1, 64), whole=True),
    "weight_decay": _Scale((0.1, 10.0), (1e-6, 0.1)),
}
# Those of them that let an estimator fit more: forests and boosting gain from all that one can afford.
CAPACITY = ("max_depth", "max_iter", "max_leaf_nodes", "n_estimators")
SHARES = {"momentum": (0.0, 0.99), "l1_ratio": (0.0, 1.0), "subsample": (0.5, 1.0)}
WHOLE_ROLES = ("batch_size", "epochs", "filters", "kernel_size", "units")


def range_of(parameter: Parameter, train_samples: int | None = None) -> Range | None:
    """Return the values worth trying for ``parameter``; None where none are known or its own value makes no sense.

    ``train_samples`` is the number of training samples, where it is known: it bounds the batch size. Learning rates
    and epochs are not decided here: they depend on the optimizer and on the budget.
    """
    if parameter.role in ("filters", "units"):
        return _width(parameter)
    if parameter.role == "batch_size":
        return _batch_size(parameter, train_samples)
    if parameter.role == "dropout":
        return _dropout(parameter)
    if parameter.role == "kernel_size":
        return _kernel_size(parameter)
    if parameter.role in ("activation", "optimizer"):
        return _names(parameter)
    return _other(parameter)


def scale_width(own: int, factor: float, bound: int) -> int:
    """Return ``own * factor`` as a width, at least 1 and at most ``bound`` (or ``own``, where that is larger).

    It is a multiple of 8 (4 when under 16), which hardware likes.
    """
    if factor == 1.0:
        return own
    width = own * factor
    multiple = 8 if width >= 16 else 4 if width >= 8 else 1
    return min(max(1, round(width / multiple) * multiple), max(own, bound))


def widest(role: str, owner: str = "") -> int:
    """Return the largest width that is tried beyond the script's own: what one CPU core can train."""
    return WIDEST_RECURRENT if owner in RECURRENT else WIDEST[role]


def is_whole_number(value: Value, smallest: int = 1) -> bool:
    """Return whether ``value`` is an int (no bool) from ``smallest`` to ``LARGEST_INTEGER``."""
    return type(value) is int and smallest <= value <= LARGEST_INTEGER


def is_whole(parameter: Parameter) -> bool:
    """Return whether only whole numbers can stand for the value of ``parameter``.

    Its role or argument decides. That the script writes a whole number says nothing: ``C=1`` is ``C=1.0``.
    """
    if parameter.role in WHOLE_ROLES:
        return True
    scale = MULTIPLIED.get(parameter.argument)
    return isinstance(parameter.value, int) and (parameter.argument == "extra_layers" or bool(scale and scale.whole))


def _width(parameter: Parameter) -> Range | None:
    if not is_whole_number(parameter.value):
        return None
    own = int(parameter.value)
    bound = widest(parameter.role, parameter.owner)
    choices = sorted({scale_width(own, factor, bound) for factor in WIDTH_FACTORS})
    return _of_choices(choices, "half to four times the script's width (arXiv:1206.5533: too wide hurts little)")


def _batch_size(parameter: Parameter, train_samples: int | None) -> Range | None:
    if not is_whole_number(parameter.value):
        return None
    own = int(parameter.value)
    low, high = max(16, own // 4), max(16, min(256, own * 4))
    if train_samples is not None:
        high = min(high, train_samples // FEWEST_STEPS_PER_EPOCH)
        low = max(low, train_samples // MOST_STEPS_PER_EPOCH)
    choices = sorted({own, *(size for size in BATCH_SIZES if low <= size <= high)})
    return _of_choices(choices, "powers of two around the script's (arXiv:1804.07612), 20 to 2000 steps per epoch")


def _dropout(parameter: Parameter) -> Range | None:
    if isinstance(parameter.value, (bool, str)) or not 0.0 <= parameter.value < 1.0:
        return None
    behind_convolution = parameter.argument in ADDED and parameter.owner.startswith("Conv")
    highest = HIGHEST_DROPOUT_OF_CONVOLUTIONS if behind_convolution else HIGHEST_DROPOUT
    high = max(highest, float(parameter.value))
    return Range("float", "none to one half (Srivastava et al., JMLR 15, 2014)", low=0.0, high=high)


def _kernel_size(parameter: Parameter) -> Range | None:
    if not is_whole_number(parameter.value):
        return None
    own = int(parameter.value)
    largest = 5 if own <= 3 else own + 2
    choices = sorted({own, *(size for size in range(3, largest + 1, 2) if abs(size - own) <= 3)})
    return _of_choices(choices, "odd sizes next to the script's (arXiv:1409.1556)")


def _names(parameter: Parameter) -> Range | None:
    if not isinstance(parameter.value, str) or parameter.owner in RECURRENT:
        return None
    known = OPTIMIZERS if parameter.role == "optimizer" else ACTIVATIONS
    possible = {str(choice).lower() for choice in parameter.choices}
    names = [name for name in known if not possible or name in possible]
    own = parameter.value.lower() if parameter.role == "optimizer" else parameter.value
    reason = f"{parameter.role}s that work without special care, and the script's own"
    choices = tuple(dict.fromkeys([own, *names]))
    return Range("categorical", reason, choices=choices) if len(choices) > 1 else None


def _other(parameter: Parameter) -> Range | None:
    value = parameter.value
    if parameter.argument == "extra_layers":
        return _extra_layers(parameter)
    choices = tuple(dict.fromkeys([value, *parameter.choices]))
    if len(choices) > 1:
        reason = "constant, or half a cosine to zero (arXiv:1608.03983)" if parameter.argument == RATE_DECAY else ""
        return Range("categorical", reason or "what the library accepts", choices=choices)
    if isinstance(value, (bool, str)) or (isinstance(value, int) and not is_whole_number(value)):
        return None
    if parameter.argument in SHARES and (isinstance(value, float) or value == 1):  # a larger int counts, as samples
        low, high = SHARES[parameter.argument]
        return Range("float", "the whole range that makes sense", low=min(low, value), high=max(high, float(value)))
    if parameter.argument in MULTIPLIED and value > 0:
        return _multiplied(value, MULTIPLIED[parameter.argument])
    return None


def _extra_layers(parameter: Parameter) -> Range | None:
    if not is_whole_number(parameter.value, 0):
        return None
    own = int(parameter.value)
    most = 1 if parameter.owner.startswith("Conv") else 2
    return _of_choices(list(range(own, own + most + 1)), "one more layer of the same width (two behind dense layers)")


def _multiplied(value: int | float, scale: _Scale) -> Range | None:
    low = min(value, max(scale.bounds[0], value * scale.factors[0]))
    high = max(value, min(scale.bounds[1], value * scale.factors[1]))
    reason = "around the script's value, on a logarithmic scale (arXiv:1802.09596)"
    if not (scale.whole and isinstance(value, int)):
        return Range("float", reason, low=float(low), high=float(high), log=True) if low < high else None
    steps = {round(low * (high / low) ** (step / 6)) for step in range(7)}
    return _of_choices(sorted({value, *(step for step in steps if math.ceil(low) <= step <= high)}), reason)


def _of_choices(choices: list[int], reason: str) -> Range | None:
    return Range("int", reason, choices=tuple(choices)) if len(choices) > 1 else None
