import pytest

from pushtune.healing.observation import WINDOW_SECONDS, Observation, observe, read_observations, write_observations
from pushtune.moments import Moment
from pushtune.settings import Settings
from pushtune_contract.progress import Heartbeat


def at(unix_time: float, uptime_seconds: float | None = None, boot_id: str = "this boot") -> Moment:
    return Moment(unix_time, boot_id, unix_time if uptime_seconds is None else uptime_seconds)


def beat(counter: int, progress: int, unix_time: float = 0.0) -> Heartbeat:
    return Heartbeat(counter, "train", 30.0, unix_time, progress)


def test_silence_grows_while_counters_stand_still():
    first = observe(None, beat(5, 9), 10.0, at(1000.0))
    assert (first.beat_silence_seconds, first.progress_silence_seconds, first.cpu_share) == (0.0, 0.0, -1.0)
    second = observe(first, beat(6, 9), 40.0, at(1060.0))
    assert (second.beat_silence_seconds, second.progress_silence_seconds, second.cpu_share) == (0.0, 60.0, 0.5)
    third = observe(second, beat(6, 9), 40.0, at(1120.0))
    assert (third.beat_silence_seconds, third.progress_silence_seconds, third.cpu_share) == (60.0, 120.0, 0.0)
    assert observe(third, beat(7, 10), 41.0, at(1180.0)).progress_silence_seconds == 0.0


def test_a_container_without_any_heartbeat_grows_silent_as_well():
    first = observe(None, None, None, at(1000.0))
    assert observe(first, None, None, at(1060.0)).beat_silence_seconds == 60.0


def test_what_the_heartbeat_says_about_time_does_not_matter():
    first = observe(None, beat(5, 9, unix_time=9e12), 1.0, at(1000.0))
    assert observe(first, beat(5, 9, unix_time=9e12), 1.0, at(1060.0)).beat_silence_seconds == 60.0


def test_a_pause_of_the_checks_or_of_the_clock_is_not_silence():
    first = observe(None, beat(5, 9), 1.0, at(1000.0))
    assert observe(first, beat(5, 9), 1.0, at(99_000.0)).beat_silence_seconds == WINDOW_SECONDS
    assert observe(first, beat(5, 9), 1.0, at(10.0)).beat_silence_seconds == 0.0
    assert observe(first, beat(5, 9), 1.0, at(10.0)).cpu_share == -1.0


@pytest.mark.parametrize("clock_set_by", [3600.0, -3600.0, 86_400.0])
def test_setting_the_clock_is_neither_silence_nor_idleness(clock_set_by):
    first = observe(None, beat(5, 9), 10.0, at(1000.0, 500.0))
    second = observe(first, beat(5, 9), 40.0, at(1060.0 + clock_set_by, 560.0))
    assert (second.beat_silence_seconds, second.cpu_share) == (60.0, 0.5)
    third = observe(second, beat(6, 10), 70.0, at(1120.0, 620.0))
    assert (third.beat_silence_seconds, third.progress_silence_seconds, third.cpu_share) == (0.0, 0.0, 0.5)


def test_after_a_boot_of_the_machine_the_clock_is_believed():
    first = observe(None, beat(5, 9), 1.0, at(1000.0, 500.0, "boot before"))
    assert observe(first, beat(5, 9), 1.0, at(1030.0, 5.0)).beat_silence_seconds == 30.0
    assert observe(first, beat(5, 9), 1.0, at(10.0, 5.0)).beat_silence_seconds == 0.0


def test_a_new_container_with_a_lower_counter_is_alive():
    first = observe(None, beat(50, 90), 1.0, at(1000.0))
    assert observe(first, beat(1, 0), 1.0, at(1060.0)).beat_silence_seconds == 0.0


def test_observations_are_kept_between_checks(tmp_path):
    settings = Settings(home=tmp_path)
    assert read_observations(settings) == {}
    seen = {"c1": Observation(at(1.0), 2, 3, 4.0, 5.0, 6.0, 0.7)}
    write_observations(settings, seen)
    assert read_observations(settings) == seen
    (tmp_path / "healing" / "observations.json").write_text("[]")
    assert read_observations(settings) == {}
