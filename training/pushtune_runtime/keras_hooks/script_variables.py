"""Variables and generators of TensorFlow that the script keeps in its modules, outside of any model or callback."""

import sys
from types import ModuleType
from typing import Any, Iterator, List, Tuple

from pushtune_runtime.failures import is_user_file
from pushtune_runtime.session import Session


def modules_of_script(session: Session) -> List[ModuleType]:
    """Return the modules of the repository that have been imported, the script itself among them, in a fixed order."""
    modules = {
        name: module
        for name, module in list(sys.modules.items())
        if isinstance(getattr(module, "__file__", None), str) and is_user_file(session, str(module.__file__))
    }
    return [modules[name] for name in sorted(modules)]


def script_variables(modules: List[ModuleType]) -> Iterator[Tuple[str, List[Any]]]:
    """Yield (name, variables) of what ``modules`` hold by a name of their own, TensorFlow's shared generator first."""
    import tensorflow as tf
    from keras.src.backend import Variable
    from tensorflow.python.ops import stateful_random_ops

    if stateful_random_ops.global_generator is not None:
        yield "script global generator", [stateful_random_ops.global_generator.state]
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, tf.random.Generator):
                yield f"script {module.__name__}.{name}", [value.state]
            elif isinstance(value, (Variable, tf.Variable)):
                yield f"script {module.__name__}.{name}", [value]
