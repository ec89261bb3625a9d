"""Modules of Keras 1 and 2 that Keras 3 no longer has, mapped to what replaced them."""

import importlib.util
import sys
from types import ModuleType
from typing import Any, Dict, Iterator, Tuple

from pushtune_runtime.keras_hooks.keras_classes import KerasClasses

_LAYER_MODULES = (
    "core", "convolutional", "pooling", "recurrent", "embeddings", "normalization", "noise", "merge", "wrappers",
    "advanced_activations", "local", "convolutional_recurrent",
)  # fmt: skip
# Old module -> module of today that holds its names. Both ``keras.`` and ``tensorflow.keras.`` lead here.
MOVED_MODULES: Dict[str, str] = {
    **{f"layers.{name}": "layers" for name in _LAYER_MODULES},
    "layers.normalization.batch_normalization": "layers",
    "utils.np_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.data_utils": "utils",
    "callbacks.callbacks": "callbacks",
    "engine": "models",
    "engine.training": "models",
    "engine.topology": "layers",
    "engine.base_layer": "layers",
    "preprocessing.text": "preprocessing.text",
    "layers.experimental": "layers",
    "layers.experimental.preprocessing": "layers",
    "optimizers.legacy": "optimizers",
    "optimizers.experimental": "optimizers",
    "optimizer_v2": "optimizers",
}
# Module -> names of ``layers`` that it had as well.
MOVED_NAMES: Dict[str, Tuple[str, ...]] = {
    "models": ("Input",),
    "engine": ("Input", "InputLayer", "InputSpec", "Layer"),
}
# Modules of plain Keras that look names up in those of ``tensorflow.keras``, which kept more of them.
FALLING_BACK = (
    "backend", "layers", "utils", "preprocessing", "preprocessing.image", "preprocessing.sequence", "losses", "metrics",
)  # fmt: skip
RENAMED_LAYERS = {"CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU", "Convolution1D": "Conv1D", "Convolution2D": "Conv2D"}


def add_modules(classes: KerasClasses) -> None:
    """Make the old modules importable, and names of ``tf.keras`` that plain Keras dropped reachable."""
    keras, tf_keras = classes.roots
    if classes.generation == 3:
        _let_fall_back(classes)
    for old, new in MOVED_MODULES.items():
        if _exists(f"keras.{old}"):
            continue
        for prefix, root in (("keras", keras), ("tensorflow.keras", tf_keras)):
            target = _lookup(root, new) or _lookup(tf_keras, new)
            if target is not None:
                _add_alias(f"{prefix}.{old}", target, root, old)
    for prefix, root in (("keras", keras), ("tensorflow.keras", tf_keras)):
        _add_names(prefix, root)


def _let_fall_back(classes: KerasClasses) -> None:
    keras, tf_keras = classes.roots
    _unite_modules()
    for module, name in _submodules(keras):
        _fall_back(module, _lookup(tf_keras, name))
    for root in classes.roots:
        for old, new in RENAMED_LAYERS.items():
            if not hasattr(root.layers, old):
                setattr(root.layers, old, getattr(root.layers, new))


def _add_names(prefix: str, root: Any) -> None:
    for old, names in MOVED_NAMES.items():
        module = _lookup(root, old)
        if module is None:
            continue
        sys.modules.setdefault(f"{prefix}.{old}", module)  # or the import would make a copy, without the names
        for name in names:
            if not hasattr(module, name):
                setattr(module, name, getattr(root.layers, name))


def _unite_modules() -> None:
    """Let ``tensorflow.keras`` import the modules that are there; it would make copies of them, with the old names."""
    for name, module in list(sys.modules.items()):
        if name.startswith("keras._tf_keras.keras"):
            sys.modules.setdefault("tensorflow" + name[len("keras._tf_keras") :], module)


def _exists(name: str) -> bool:
    """Return whether plain Keras has the module ``name``. To ask for one of ``tensorflow.keras`` would make it."""
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError):
        return False


def _submodules(keras: Any) -> Iterator["tuple[ModuleType, str]"]:
    yield keras, ""
    for name in FALLING_BACK:
        module = _lookup(keras, name)
        if module is not None:
            yield module, name


def _lookup(root: Any, path: str) -> Any:
    """Return the attribute ``path`` (with dots) of ``root``; None where there is none."""
    for part in [part for part in path.split(".") if part]:
        root = getattr(root, part, None)
    return root


def _fall_back(module: ModuleType, older: Any) -> None:
    """Let attributes that ``module`` lacks be looked up in ``older``."""
    if older is None or older is module:
        return

    def lookup(name: str) -> Any:
        if name in vars(older):
            return vars(older)[name]
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    module.__dict__.setdefault("__getattr__", lookup)


def _add_alias(name: str, target: ModuleType, root: Any, old: str) -> None:
    alias = ModuleType(name, f"Names of Keras 2, from {target.__name__}.")
    alias.__dict__.update({key: value for key, value in vars(target).items() if not key.startswith("__")})
    alias.__dict__["__path__"] = []  # a package, so that modules below it can be imported
    sys.modules[name] = alias
    parent = _lookup(root, ".".join(old.split(".")[:-1]))
    if parent is not None and not hasattr(parent, old.split(".")[-1]):
        setattr(parent, old.split(".")[-1], alias)
