"""Callbacks as scripts write them, and the memory of a ``fit`` that has them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pushtune_runtime.keras_hooks.script_memory import ScriptMemory
from pushtune_runtime.keras_hooks.script_reach import CALLBACKS, DATA, MODEL, ScriptReach

module_list: list[int] = []
module_data = list(range(2_000_000))


class Recorder:
    """Remembers in its attributes and in a list of its module."""

    def __init__(self, data: Any = None) -> None:
        self.model = threading.Lock()  # stands for a model: never stored
        self.data = data
        self.on_train_begin()

    def on_train_begin(self) -> None:
        self.best, self.waited = np.inf, {"epochs": 0}
        self.losses: list[float] = []

    def on_epoch_end(self, loss: float) -> None:
        self.best = min(self.best, loss)
        self.losses.append(loss)
        self.waited["epochs"] += 1
        self.weights = [np.full(3, loss)]
        module_list.append(int(loss))
        assert len(module_data) > 0


class Lambda:
    """Keeps a function, as LambdaCallback does."""

    def __init__(self, function: Callable[[float], None]) -> None:
        self.on_epoch_end = function


def memory_of(callbacks: list[Any], model: Any = None, data: Any = None, eager: bool = False) -> ScriptMemory:
    """Return the memory of a ``fit`` with ``callbacks``, in a repository that consists of these tests."""
    reach = ScriptReach(lambda path: Path(path).parent == Path(__file__).parent)
    reach.follow(CALLBACKS, [reach.add_callback(*numbered) for numbered in enumerate(callbacks)])
    reach.follow(MODEL, [("model", model)])
    reach.follow(DATA, [("data", data)])
    return ScriptMemory(reach, eager)


def train(callbacks: list[Any], losses: list[float]) -> None:
    for loss in losses:
        for callback in callbacks:
            callback.on_epoch_end(loss)
