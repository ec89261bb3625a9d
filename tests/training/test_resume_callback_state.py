"""What callbacks remember comes back, wherever they keep it; what they merely hold is not stored."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pushtune_runtime.keras_hooks.callback_state import CallbackState

module_list: list[int] = []
module_data = list(range(2_000_000))
module_count, module_best = 0, np.zeros(0)
module_file: Any = None


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


class Counting:
    """A callback that counts in its module, itself and through functions of the module."""

    def on_epoch_end(self, loss: float) -> None:
        def note() -> None:
            global module_best
            module_best = np.full(2_000_000, loss)  # more than what counts as memory where it is merely reached

        note()
        count_up()


def count_up() -> None:
    count_on()
    if module_count < 0:
        count_up()


def count_on() -> None:
    global module_count
    module_count += 1


class Shared:
    """A callback whose class counts for all of its objects."""

    limit, count = 10, 0
    losses: list[float] = []  # noqa: RUF012  (as scripts write it)

    def on_epoch_end(self, loss: float) -> None:
        Shared.count += 1
        self.losses.append(loss)


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


def test_what_callbacks_assign_in_their_module_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"module_count": 0, "module_best": np.zeros(0)}.items():
        monkeypatch.setitem(globals(), name, value)
    callbacks: list[Any] = [Counting(), Lambda(lambda loss: count_on())]
    state = CallbackState(callbacks)
    train(callbacks, [3.0, 2.0])
    blob = state.capture()
    assert state.unstored == set()

    monkeypatch.setitem(globals(), "module_count", 0)
    monkeypatch.delitem(globals(), "module_best")  # the script may assign it nowhere else
    CallbackState([Counting(), Lambda(lambda loss: count_on())]).restore(blob)
    assert module_count == 4
    assert np.array_equal(module_best, np.full(2_000_000, 2.0))


def test_what_a_class_of_callbacks_remembers_comes_back() -> None:
    callbacks: list[Any] = [Shared()]
    state = CallbackState(callbacks)
    train(callbacks, [3.0, 2.0])
    blob = state.capture()

    Shared.count = 0
    losses = Shared.losses
    losses.clear()
    CallbackState([Shared()]).restore(blob)
    assert (Shared.limit, Shared.count) == (10, 2)
    assert losses is Shared.losses
    assert losses == [3.0, 2.0]


def test_a_name_of_the_module_that_cannot_be_stored_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lock(loss: float) -> None:
        global module_file
        module_file = threading.Lock()

    monkeypatch.setitem(globals(), "module_file", None)
    callbacks: list[Any] = [Lambda(lock)]
    state = CallbackState(callbacks)
    train(callbacks, [1.0])
    state.capture()
    assert state.unstored == {"the callback Lambda keeps a lock in module_file"}
