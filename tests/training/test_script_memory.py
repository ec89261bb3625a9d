"""What callbacks remember comes back, wherever they keep it; what they merely hold is not stored."""

import functools
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.training.runtime_runs import needs_tensorflow

from pushtune_runtime.keras_hooks.callback_state import kinds_of
from pushtune_runtime.keras_hooks.script_memory import ScriptMemory
from pushtune_runtime.keras_hooks.script_reach import CALLBACKS, DATA, MODEL, ScriptReach

pytestmark = needs_tensorflow

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


def memory_of(callbacks: list[Any], model: Any = None, data: Any = None, eager: bool = False) -> ScriptMemory:
    """Return the memory of a ``fit`` with ``callbacks``, in a repository that consists of this file."""
    reach = ScriptReach(lambda path: path == __file__)
    reach.follow(CALLBACKS, [reach.add_callback(*numbered) for numbered in enumerate(callbacks)])
    reach.follow(MODEL, [("model", model)])
    reach.follow(DATA, [("data", data)])
    return ScriptMemory(reach, eager)


def train(callbacks: list[Any], losses: list[float]) -> None:
    for loss in losses:
        for callback in callbacks:
            callback.on_epoch_end(loss)


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


def test_what_cannot_be_stored_is_named() -> None:
    recorder = Recorder(data=threading.Lock())
    state = memory_of([recorder])
    state.capture()
    assert state.reasons == ["data of the callback Recorder is a lock, which no checkpoint can hold"]


def test_other_callbacks_are_told_apart() -> None:
    assert kinds_of([Recorder()]) != kinds_of([Lambda(print)])


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


def test_a_name_of_the_module_that_cannot_be_stored_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lock(loss: float) -> None:
        global module_file
        module_file = threading.Lock()

    monkeypatch.setitem(globals(), "module_file", None)
    callbacks: list[Any] = [Lambda(lock)]
    state = memory_of(callbacks)
    train(callbacks, [1.0])
    state.capture()
    assert state.reasons == ["the global module_file is a lock, which no checkpoint can hold"]


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


def counting_up() -> Iterator[int]:
    yield from range(10)


def test_a_python_generator_that_callbacks_use_is_named() -> None:
    numbers = counting_up()
    callbacks: list[Any] = [Lambda(lambda loss: next(numbers))]  # type: ignore[arg-type,return-value]
    state = memory_of(callbacks)
    train(callbacks, [1.0])
    state.capture()
    assert [reason.partition(" in ")[0] for reason in state.reasons] == ["numbers"]
    assert state.reasons[0].endswith("is a generator, which no checkpoint can hold")


def test_a_function_that_is_exchanged_is_named() -> None:
    recorder = Recorder(data=lambda: 1)
    state = memory_of([recorder])
    state.capture()
    assert state.reasons == []
    recorder.data = lambda: 2
    state.capture()
    assert state.reasons == ["data of the callback Recorder is a function, which no checkpoint can hold"]


class Fragile:
    """Can be stored and not be brought back."""

    def __reduce__(self) -> Any:
        return int, ("no number",)


def test_what_cannot_be_brought_back_is_named_and_the_rest_comes_back() -> None:
    recorder = Recorder()
    state = memory_of([recorder])
    recorder.data, recorder.best = Fragile(), 1.0
    blob = state.capture()
    again = Recorder()
    state = memory_of([again])
    state.restore(blob)
    assert (again.best, again.data) == (1.0, None)
    assert state.unrestored == {"data of callback 0"}


class Pretending:
    """Fails when it is looked at."""

    @property
    def __class__(self) -> Any:
        raise ReferenceError("what it stood for is gone")


def test_what_fails_when_it_is_looked_at_is_named() -> None:
    state = memory_of([Recorder(data=Pretending())])
    state.capture()
    assert "callback 0.data cannot be looked into" in state.reasons


class Batches:
    """Data that a script reads itself."""

    def __init__(self) -> None:
        self.read = self.difficulty = 0

    def __getitem__(self, index: int) -> int:
        self.read += 1
        return self.read


def test_what_only_the_data_changes_is_left_to_the_data() -> None:
    batches = Batches()
    state = memory_of([Recorder()], data=batches)
    before = state.capture()
    batches[0]
    assert state.capture() == before
    assert state.reasons == []


def test_what_a_callback_and_the_data_share_is_named() -> None:
    batches = Batches()

    def harder(loss: float) -> None:
        batches.difficulty += 1

    callbacks: list[Any] = [Lambda(harder)]
    state = memory_of(callbacks, data=batches)
    train(callbacks, [1.0])
    state.capture()
    assert state.reasons == [
        "difficulty of Batches changes, and Python code that reads the data may look at it"
    ]


@pytest.mark.parametrize(
    ("eager", "reasons"),
    [(True, []), (False, ["rate of drop changes, but TensorFlow's graph has an earlier value"])],
)
def test_what_a_graph_was_made_with_must_not_change(eager: bool, reasons: list[str]) -> None:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.1, name="drop")])
    callbacks: list[Any] = [Lambda(lambda loss: setattr(model.layers[0], "rate", loss))]
    state = memory_of(callbacks, model, eager=eager)
    train(callbacks, [0.2])
    blob = state.capture()
    assert state.reasons == reasons

    model.layers[0].rate = 0.1
    memory_of(callbacks, model, eager=eager).restore(blob)
    assert model.layers[0].rate == 0.2
