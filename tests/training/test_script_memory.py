"""What callbacks remember comes back, wherever they keep it; what they merely hold is not stored."""

import functools
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.training.memory_runs import Lambda, Recorder, memory_of, module_list, train
from tests.training.runtime_runs import needs_tensorflow

pytestmark = needs_tensorflow

module_count, module_best = 0, np.zeros(0)


class Counting:
    """A callback that counts in its module, itself and through functions of the module."""

    def on_epoch_end(self, loss: float) -> None:
        def note() -> None:
            global module_best
            module_best = np.full(2_000_000, loss)  # large, and made anew

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


def counting() -> tuple[Callable[[float], None], Callable[[], Any]]:
    seen: list[float] = []
    count = 0

    def note(loss: float) -> None:
        nonlocal count
        count += 1
        seen.append(loss)

    return note, lambda: (count, seen)


def test_attributes_closures_and_lists_of_the_module_come_back() -> None:
    module_list.clear()
    note, noted = counting()
    callbacks: list[Any] = [Recorder(), Lambda(note)]
    state = memory_of(callbacks)
    train(callbacks, [3.0, 2.0])
    blob = state.capture()

    module_list.clear()
    note, noted = counting()
    recorder = Recorder()
    losses, module = recorder.losses, module_list
    state = memory_of([recorder, Lambda(note)])
    state.restore(blob)
    assert (recorder.best, recorder.waited) == (2.0, {"epochs": 2})
    assert np.array_equal(recorder.weights[0], np.full(3, 2.0))
    assert losses is recorder.losses, "others may hold the list too"
    assert losses == [3.0, 2.0]
    assert module == [3, 2]
    assert noted() == (2, [3.0, 2.0])
    assert state.reasons == []


def test_what_has_not_changed_is_not_stored() -> None:
    module_list.clear()
    callbacks: list[Any] = [Recorder(data=np.zeros(1_000_000))]
    state = memory_of(callbacks)
    train(callbacks, [1.0])
    assert len(state.capture()) < 5_000


def test_what_has_changed_is_stored_whatever_its_size() -> None:
    callbacks: list[Any] = [Recorder(data=np.zeros(1_000_000))]
    state = memory_of(callbacks)
    callbacks[0].data[3] = 1.0
    blob = state.capture()
    again = [Recorder(data=np.zeros(1_000_000))]
    memory_of(again).restore(blob)
    assert again[0].data[3] == 1.0


def test_what_callbacks_assign_in_their_module_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"module_count": 0, "module_best": np.zeros(0)}.items():
        monkeypatch.setitem(globals(), name, value)
    callbacks: list[Any] = [Counting(), Lambda(lambda loss: count_on())]
    state = memory_of(callbacks)
    train(callbacks, [3.0, 2.0])
    blob = state.capture()
    assert state.reasons == []

    monkeypatch.setitem(globals(), "module_count", 0)
    monkeypatch.delitem(globals(), "module_best")  # the script may assign it nowhere else
    memory_of([Counting(), Lambda(lambda loss: count_on())]).restore(blob)
    assert module_count == 4
    assert np.array_equal(module_best, np.full(2_000_000, 2.0))


def test_what_a_class_of_callbacks_remembers_comes_back() -> None:
    callbacks: list[Any] = [Shared()]
    state = memory_of(callbacks)
    train(callbacks, [3.0, 2.0])
    blob = state.capture()

    Shared.count = 0
    losses = Shared.losses
    losses.clear()
    memory_of([Shared()]).restore(blob)
    assert (Shared.limit, Shared.count) == (10, 2)
    assert losses is Shared.losses
    assert losses == [3.0, 2.0]


class Meter:
    """An object of the script that no callback class knows."""

    def __init__(self, start: float = 0.0) -> None:
        self.sum, self.parts = start, {"last": [start]}

    def __call__(self, loss: float) -> None:
        self.sum += loss
        self.parts["last"].append(loss)


class Narrow:
    """Without a dictionary of its own."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def up(self, loss: float) -> None:
        self.count += 1


def keeps(store: "Counter[str]", recent: "deque[float]", loss: float, *, seen: Any = None) -> None:
    store["calls"] += 1
    recent.append(loss)


def has_default(loss: float, seen: list[float] = []) -> None:  # noqa: B006  (as scripts write it)
    seen.append(loss)
    has_default.calls = getattr(has_default, "calls", 0) + 1  # type: ignore[attr-defined]


def elsewhere() -> tuple[list[Any], Callable[[], Any]]:
    """Return callbacks that remember in objects, arguments and generators, and a function that tells what."""
    meters, narrow, store, recent = [Meter(), Meter(1.0)], Narrow(), Counter[str](), deque[float](maxlen=2)
    chance, array = np.random.default_rng(1), np.zeros(3)
    has_default.__defaults__ = ([],)
    vars(has_default).clear()

    def draw(loss: float) -> None:
        array[1] += chance.random()
        meters[1](loss)

    callbacks = [
        Lambda(meters[0]), Lambda(narrow.up), Lambda(functools.partial(keeps, store, recent)), Lambda(has_default),
        Lambda(draw),
    ]  # fmt: skip
    return callbacks, lambda: (
        *((meter.sum, meter.parts) for meter in meters), narrow.count, store, list(recent), list(array),
        chance.bit_generator.state, has_default.__defaults__, vars(has_default),
    )  # fmt: skip


def test_objects_arguments_and_generators_come_back() -> None:
    callbacks, told = elsewhere()
    state = memory_of(callbacks)
    train(callbacks, [3.0, 2.0, 1.0])
    blob, expected = state.capture(), repr(told())
    assert state.reasons == []

    again, told = elsewhere()
    fresh = memory_of(again)
    assert repr(told()) != expected
    fresh.restore(blob)
    assert repr(told()) == expected
    assert fresh.unrestored == set()


def test_what_two_places_share_is_shared_again() -> None:
    first, second = Recorder(), Recorder()
    state = memory_of([first, second])
    first.best = second.best = [1.0]  # type: ignore[assignment]
    blob = state.capture()
    first, second = Recorder(), Recorder()
    memory_of([first, second]).restore(blob)
    assert first.best == [1.0]
    assert first.best is second.best


def test_what_is_as_at_the_start_counts_within_an_epoch() -> None:
    recorder = Recorder()
    state = memory_of([recorder])
    recorder.best = 1.0
    recorder.best = np.inf
    blob = state.capture(within_epoch=True)
    recorder.best = 1.0  # the epoch begins a second time
    recorder.waited["epochs"] = 5
    state.restore(blob)
    assert (recorder.best, recorder.waited) == (np.inf, {"epochs": 0})


def test_a_large_array_is_not_stored_for_what_stands_beside_it() -> None:
    def make() -> Recorder:
        recorder = Recorder(data={"x": np.zeros(1_000_000), "seen": 0})
        recorder.best = recorder.data["x"]
        return recorder

    recorder = make()
    state = memory_of([recorder])
    recorder.data["seen"] = 1
    blob = state.capture()
    assert len(blob) < 5_000
    recorder.data["x"][7] = 3.0
    changed = state.capture()

    again = make()
    memory_of([again]).restore(blob)
    assert (again.data["seen"], again.data["x"] is again.best) == (1, True)
    memory_of([again]).restore(changed)
    assert again.best[7] == 3.0
