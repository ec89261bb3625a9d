"""Where the classes that are patched live, in Keras 2 (from TensorFlow 2.12 on) and Keras 3."""

import importlib
import sys
from dataclasses import dataclass
from typing import Any, Callable, Iterable, List


@dataclass(frozen=True)
class KerasClasses:
    """The classes of one installed Keras.

    Attributes:
        generation: 2 or 3.
        trainer: the class with ``fit``, ``evaluate`` and ``train_on_batch``. compiler: the one with ``compile``.
        callback_list: the class that calls a list of callbacks.
        image_data_generator: the class of the old image iterators.
        roots: ``keras`` and ``tensorflow.keras``, whose modules hold the public names.
    """

    generation: int
    trainer: Any
    compiler: Any
    callback_list: Any
    image_data_generator: Any
    roots: List[Any]

    def modules(self, *names: str) -> List[Any]:
        """Return the modules ``names`` of all roots, as far as they exist."""
        found = [getattr(root, name, None) for root in self.roots for name in names]
        return [module for module in found if module is not None]


def find_classes(keras: Any) -> KerasClasses:
    """Return the classes of the module ``keras``. Raises ImportError where they are not where they are known to be."""
    generation = int(str(keras.__version__).split(".")[0])
    return _keras_3(keras) if generation >= 3 else _keras_2(keras)


def _keras_3(keras: Any) -> KerasClasses:
    import keras._tf_keras.keras as tf_keras
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer
    from keras.src.callbacks.callback_list import CallbackList
    from keras.src.legacy.preprocessing.image import ImageDataGenerator
    from keras.src.trainers.trainer import Trainer

    return KerasClasses(3, TensorFlowTrainer, Trainer, CallbackList, ImageDataGenerator, [keras, tf_keras])


def _keras_2(keras: Any) -> KerasClasses:
    tf_keras = importlib.import_module("keras.api._v2.keras")
    model = tf_keras.Model
    callbacks = importlib.import_module(model.__module__.replace("engine.training", "callbacks"))
    generator = tf_keras.preprocessing.image.ImageDataGenerator
    return KerasClasses(2, model, model, callbacks.CallbackList, generator, [keras, tf_keras])


def replace_functions(classes: KerasClasses, names: Iterable[str], wrap: Callable[[Any, str], Any]) -> None:
    """Replace functions of ``keras.utils``, ``keras.preprocessing`` and ``keras.models`` wherever they are bound.

    ``wrap(function, name)`` returns the replacement. Modules of ``tensorflow.keras`` are made when they are first
    imported and take their functions from where these are defined, which is therefore replaced as well.
    """
    for name in names:
        modules = classes.modules("utils", "preprocessing", "models", "saving")
        originals = {id(found): found for found in (getattr(module, name, None) for module in modules) if found}
        for original in originals.values():
            _bind_everywhere(original, wrap(original, name), name)


def _bind_everywhere(original: Any, replacement: Any, name: str) -> None:
    for module_name, module in list(sys.modules.items()):
        if module_name.split(".")[0] in ("keras", "tensorflow") and vars(module).get(name) is original:
            setattr(module, name, replacement)
