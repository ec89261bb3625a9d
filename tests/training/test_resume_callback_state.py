"""What callbacks remember comes back, wherever they keep it; what they merely hold is not stored."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from pushtune_runtime.keras_hooks.callback_state import CallbackState

module_list: list[int] = []
module_data = list(range(2_000_000))


class Recorder:
    """A callback as scripts write them."""

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


def counting() -> tuple[Callable[[float], None], Callable[[], Any]]:
    seen: list[float] = []
    count = 0

    def note(loss: float) -> None:
        nonlocal count
        count += 1
        seen.append(loss)

    return note, lambda: (count, seen)


def train(callbacks: list[Any], losses: list[float]) -> None:
    for loss in losses:
        for callback in callbacks:
            callback.on_epoch_end(loss)


def test_attributes_closures_and_lists_of_the_module_come_back() -> None:
    module_list.clear()
    note, noted = counting()
    callbacks: list[Any] = [Recorder(), Lambda(note)]
    state = CallbackState(callbacks)
    train(callbacks, [3.0, 2.0])
    blob = state.capture()

    module_list.clear()
    note, noted = counting()
    recorder = Recorder()
    losses, module = recorder.losses, module_list
    state = CallbackState([recorder, Lambda(note)])
    state.restore(blob)
    assert (recorder.best, recorder.waited) == (2.0, {"epochs": 2})
    assert np.array_equal(recorder.weights[0], np.full(3, 2.0))
    assert losses is recorder.losses, "others may hold the list too"
    assert losses == [3.0, 2.0]
    assert module == [3, 2]
    assert noted() == (2, [3.0, 2.0])
    assert state.unstored == set()


def test_what_has_not_changed_is_not_stored() -> None:
    module_list.clear()
    callbacks: list[Any] = [Recorder(data=np.zeros(1_000_000))]
    state = CallbackState(callbacks)
    train(callbacks, [1.0])
    assert len(state.capture()) < 5_000


def test_what_has_changed_is_stored_whatever_its_size() -> None:
    callbacks: list[Any] = [Recorder(data=np.zeros(1_000_000))]
    state = CallbackState(callbacks)
    callbacks[0].data[3] = 1.0
    blob = state.capture()
    again = [Recorder(data=np.zeros(1_000_000))]
    CallbackState(again).restore(blob)
    assert again[0].data[3] == 1.0


def test_what_cannot_be_stored_is_named() -> None:
    recorder = Recorder(data=threading.Lock())
    state = CallbackState([recorder])
    state.capture()
    assert state.unstored == {"the callback Recorder keeps a lock in data"}


def test_other_callbacks_are_told_apart() -> None:
    assert CallbackState([Recorder()]).kinds != CallbackState([Lambda(print)]).kinds
