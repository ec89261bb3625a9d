"""What changes and cannot be restored truly is named as a reason; what cannot matter is not."""

import logging
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from tests.training.memory_runs import Lambda, Recorder, memory_of, train
from tests.training.runtime_runs import needs_tensorflow

from pushtune_runtime.keras_hooks import script_reach
from pushtune_runtime.keras_hooks.callback_state import kinds_of

pytestmark = needs_tensorflow

module_file: Any = None


def test_what_cannot_be_stored_is_named() -> None:
    recorder = Recorder(data=threading.Lock())
    state = memory_of([recorder])
    state.capture()
    assert state.reasons == ["data of the callback Recorder is a lock, which no checkpoint can hold"]


def test_other_callbacks_are_told_apart() -> None:
    assert kinds_of([Recorder()]) != kinds_of([Lambda(print)])


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


def test_what_cannot_be_brought_back_is_named() -> None:
    recorder = Recorder()
    state = memory_of([recorder])
    recorder.data = Fragile()
    blob = state.capture()
    state.restore(blob)
    assert state.unrestored == {"what the script remembers outside of the model"}


class Pretending:
    """Fails when it is looked at."""

    @property
    def __class__(self) -> Any:
        raise ReferenceError("what it stood for is gone")


def test_what_fails_when_it_is_looked_at_is_named() -> None:
    state = memory_of([Recorder(data=Pretending())])
    state.capture()
    assert "callback 0.data cannot be looked into" in state.reasons


def test_the_search_has_an_end_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_reach, "THINGS_LIMIT", 50)
    state = memory_of([Recorder(data=[[object()] for _ in range(60)])])
    assert {reason.endswith("cannot be looked into") for reason in state.reasons} == {True}


def test_a_handler_of_logs_is_no_reason() -> None:
    recorder = Recorder(data=logging.StreamHandler())
    state = memory_of([recorder])
    recorder.data = logging.StreamHandler()
    state.capture()
    assert state.reasons == []


class Plain:
    """An object of the script."""


def test_a_set_of_objects_has_no_order_and_is_named() -> None:
    state = memory_of([Recorder(data={Plain(), Plain()})])
    assert state.reasons == ["callback 0.data cannot be looked into"]
    assert memory_of([Recorder(data={1, "a"})]).reasons == []


def test_weak_references_are_no_reason() -> None:
    target = Plain()
    state = memory_of([Recorder(data=weakref.ref(target)), Recorder(data=weakref.proxy(target))])
    state.capture()
    assert state.reasons == []


def test_iterators_of_tensorflow_and_variables_that_appear_later_are_named() -> None:
    import keras
    import tensorflow as tf

    optimizer, rows = keras.optimizers.Adam(), iter(tf.data.Dataset.range(3))
    state = memory_of([Recorder(data=optimizer), Recorder(data=rows)])
    optimizer.build([keras.Variable(1.0)])
    state.capture()
    assert state.reasons == [
        "variables of callback 0.data appear only while training", "callback 1.data cannot be looked into",
    ]  # fmt: skip


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
