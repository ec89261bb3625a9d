"""The time between two moments, whatever was done to the clock between them."""

import time
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from pushtune import moments
from pushtune.moments import Moment, moment_in, present

SECONDS = st.floats(0, 1e6)
JUMP = st.floats(-1e8, 1e8)


@given(SECONDS, JUMP)
def test_within_one_boot_no_clock_changes_what_has_passed(passed: float, jump: float) -> None:
    before = Moment(1.8e9, "boot", 50.0)
    later = Moment(1.8e9 + passed + jump, "boot", 50.0 + passed)
    assert abs(before.seconds_until(later) - passed) < 1e-3
    assert abs(before.clock_set_by(later) - jump) < 1e-3


@given(JUMP)
def test_across_boots_the_clock_is_believed_but_never_runs_backwards(jump: float) -> None:
    before, later = Moment(1.8e9, "boot", 50.0), Moment(1.8e9 + jump, "another", 1.0)
    assert abs(before.seconds_until(later) - max(0.0, jump)) < 1e-3
    assert before.clock_set_by(later) == 0.0


def test_a_moment_survives_being_written_down() -> None:
    moment = present()
    assert moment_in({"further": 1, **asdict(moment)}) == moment
    assert moment_in({"unix_time": 5.0}) == Moment(5.0)


def test_time_passes(monkeypatch) -> None:
    before = present()
    assert before.boot_id and abs(before.unix_time - time.time()) < 60
    monkeypatch.setattr(time, "time", lambda: 0.0)
    time.sleep(0.05)
    assert 0.05 <= before.seconds_until(present()) < 60


def test_without_a_boot_id_the_clock_is_believed(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(moments, "BOOT_ID", tmp_path / "missing")
    moments._boot_id.cache_clear()
    try:
        assert present().boot_id == "" and Moment(10.0).seconds_until(Moment(15.0)) == 5.0
    finally:
        moments._boot_id.cache_clear()
