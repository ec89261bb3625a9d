"""Objects that are not what most are: attributes that are looked up, metaclasses, places without a value, caches."""

import functools
import io
import threading
from collections.abc import Callable
from typing import Any

from tests.training.memory_runs import Lambda, memory_of, train
from tests.training.runtime_runs import needs_tensorflow

pytestmark = needs_tensorflow


class Meter:
    """Counts what it is called with."""

    def __init__(self) -> None:
        self.sum = 0.0

    def __call__(self, loss: float) -> None:
        self.sum += loss


class Lookup(dict):  # type: ignore[type-arg]
    """As scripts write it: names are looked up as attributes."""

    __getattr__ = dict.__getitem__


class Incomplete:
    """Has a place without a value, and no patience."""

    __slots__ = ("__count", "later")

    def __init__(self) -> None:
        self.__count = 0

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)

    def up(self, loss: float) -> None:
        self.__count += 1

    def count(self) -> int:
        return self.__count


class Base:
    log: list[float] = []  # noqa: RUF012  (as scripts write it)


class Single(type):
    kept: "dict[type, Any]" = {}  # noqa: RUF012  (as scripts write it)

    def __call__(cls) -> Any:
        return Single.kept.setdefault(cls, super().__call__())


class Derived(Base, metaclass=Single):
    def __init__(self) -> None:
        self.count = 0


@functools.lru_cache
def tracker() -> Meter:
    return Meter()


def test_unusual_objects_come_back() -> None:
    def make() -> tuple[list[Any], Callable[[], Any]]:
        settings, incomplete, written = Lookup(steps=0, lock=threading.Lock()), Incomplete(), io.StringIO()
        Base.log, Derived().count = [], 0
        tracker.cache_clear()
        tracker()

        def note(loss: float) -> None:
            settings["steps"] += 1
            incomplete.up(loss)
            written.write(f"{loss} ")
            Derived.log.append(loss)
            Derived().count += 1
            tracker()(loss)

        return [Lambda(note)], lambda: (
            incomplete.count(), written.getvalue(), Base.log, Derived().count, tracker().sum, settings.steps,
        )  # fmt: skip

    callbacks, told = make()
    state = memory_of(callbacks)
    train(callbacks, [3.0, 2.0])
    blob = state.capture()
    assert state.reasons == [
        "what callback 0.on_epoch_end.settings holds is something, which no checkpoint can hold"
    ]
    assert told() == (2, "3.0 2.0 ", [3.0, 2.0], 2, 5.0, 2)

    again, told = make()
    memory_of(again).restore(blob)
    assert told() == (2, "3.0 2.0 ", [3.0, 2.0], 2, 5.0, 0), "all but what hangs on the lock"
