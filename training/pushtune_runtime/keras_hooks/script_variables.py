"""Variables and generators of TensorFlow that the script keeps outside of the model: in modules, objects, closures."""

import contextlib
import hashlib
import sys
from typing import Any, Dict, Iterator, List, Set, Tuple

import numpy as np

from pushtune_runtime.failures import is_user_file
from pushtune_runtime.session import Session

SCRIPT = "script "  # begins the names of what is held here


class ScriptVariables:
    """What the modules of the repository hold by a name, with TensorFlow's shared generator. Create it as a fit begins.

    Texts are left out, since no checkpoint holds them, and so is what cannot be read.

    Args:
        reached: path -> variable that the script's code can reach otherwise.
    """

    def __init__(self, session: Session, reached: Dict[str, Any]) -> None:
        self._reached = reached
        modules = {
            name: module
            for name, module in list(sys.modules.items())
            if isinstance(getattr(module, "__file__", None), str) and is_user_file(session, str(module.__file__))
        }
        self._modules = [modules[name] for name in sorted(modules)]
        self._readable: Dict[Tuple[str, int], bool] = {}
        self._initial = self._digests()

    def held(self) -> List[Tuple[str, List[Any]]]:
        """Return (name, variables) in an order that two processes running the same script share."""
        return [(name, [variable]) for name, variable in self._variables() if self._is_readable(name, variable)]

    def unchanged(self) -> Set[str]:
        """Return the names of what is as it was when the fit began: the script itself makes it so again."""
        return {name for name, digest in self._digests().items() if self._initial.get(name) == digest}

    def _is_readable(self, name: str, variable: Any) -> bool:
        """Look once: a value may be large, and this is asked at every checkpoint."""
        key = (name, id(variable))
        if key not in self._readable:
            self._readable[key] = bool(_digest(variable))
        return self._readable[key]

    def _digests(self) -> Dict[str, bytes]:
        return {name: _digest(variable) for name, variable in self._variables()}

    def _variables(self) -> Iterator[Tuple[str, Any]]:
        import tensorflow as tf
        from keras.src.backend import Variable
        from tensorflow.python.ops import stateful_random_ops

        if stateful_random_ops.global_generator is not None:
            yield f"{SCRIPT}global generator", stateful_random_ops.global_generator.state
        for module in self._modules:
            for name, value in list(vars(module).items()):
                if isinstance(value, tf.random.Generator):
                    yield f"{SCRIPT}{module.__name__}.{name}", value.state
                elif isinstance(value, (Variable, tf.Variable)):
                    yield f"{SCRIPT}{module.__name__}.{name}", value
        for path, variable in self._reached.items():
            yield f"{SCRIPT}{path}", variable


def _digest(variable: Any) -> bytes:
    """Return what tells the value from others; nothing for a text, and for what cannot be read."""
    with contextlib.suppress(Exception):  # a variable of a graph, of a strategy, ...: whatever TensorFlow raises
        value = np.asarray(variable.numpy())
        if value.dtype.kind != "O":
            return hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).digest()
    return b""
