"""The audit sees what it is there to see: each rule is broken once, in evidence made for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.audit import (
    before_the_first_look,
    is_created_after_answer,
    most_at_once,
    repetitions,
    unowned_for_long,
)
from tests.faults.evidence import ContainerEvent
from tests.faults.recovery import Kill, Unowned, percentile, summary
from tests.watching.git_origin import Origin


def events(*steps: str) -> Iterator[ContainerEvent]:
    """Each step is ``<action> <container>``, for a death ``die <container> <exit code>``."""
    for time, step in enumerate(steps):
        action, container, *code = step.split()
        yield ContainerEvent(time, action, container, "trial", "run", int(code[0]) if code else -1)


def test_a_container_after_the_answer_is_a_double_training() -> None:
    assert is_created_after_answer(events("create a", "start a", "die a 0", "destroy a", "create b"))
    assert is_created_after_answer(events("create a", "start a", "die a 83", "create b"))
    assert not is_created_after_answer(events("create a", "start a", "die a 137", "destroy a", "create b", "die b 0"))


def test_what_was_pushed_before_the_first_look_has_no_end(tmp_path: Path) -> None:
    origin = Origin(tmp_path)
    old, first, later = origin.commit(), origin.commit(), origin.commit()
    ledger = {later: {"seen_unix_time": 20.0}, first: {"seen_unix_time": 10.0}}
    assert before_the_first_look(origin, ledger) == {old}
    assert before_the_first_look(origin, {}) == set()


def test_two_containers_of_a_trial_at_once() -> None:
    assert most_at_once(events("create a", "start a", "create b", "start b", "die a 137")) == 2
    assert most_at_once(events("create a", "start a", "die a 137", "create b", "start b", "die b 0")) == 1
    assert most_at_once(events("create a", "start a", "destroy a", "start b")) == 1


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (["1a", "2a", "3a"], (0, 0)),
        (["1a", "2a", "3b"], (0, 0)),
        (["1a", "2a", "2b", "3b"], (1, 1)),
        (["1a", "2a", "1b", "2b", "2c", "3c"], (3, 2)),
    ],
)
def test_epochs_that_were_trained_again(ends: list[str], expected: tuple[int, int]) -> None:
    entries = [{"what": "end", "epoch": int(end[0]), "process": end[1]} for end in ends]
    assert repetitions([{"what": "begin", "epoch": 1, "process": "a"}, *entries]) == expected


def test_a_container_without_an_owner() -> None:
    ran, lay = Unowned("ran", 0.0, 61.0, lived=True), Unowned("lay", 0.0, 61.0)
    assert unowned_for_long([ran, lay, Unowned("short", 0.0, 59.0, lived=True)]) == [ran]


def test_the_table_of_recoveries() -> None:
    kills = [Kill(0.0, "container", "", seconds=float(seconds)) for seconds in range(1, 101)]
    kills += [Kill(0.0, "container", "", moot=True), Kill(0.0, "scheduler", "")]
    table = summary(kills)
    assert table["container"] == {"kills": 101, "recovered": 100, "moot": 1, "p50": 50.5, "p99": 99.0, "longest": 100.0}
    assert table["scheduler"] == {"kills": 1, "recovered": 0, "moot": 0}
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0 and percentile([5.0], 0.5) == 5.0
