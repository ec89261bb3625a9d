"""One thread each, or all cores for one: from what the baseline has measured."""

import os

import pytest

from pushtune.tuning.threads import choose_threads, cores_together


def test_small_models_keep_one_thread_each():
    choice = choose_threads({"1": 0.012, "2": 0.0115}, "", at_once=2, cores=2)
    assert (choice["threads"], choice["at_once"]) == (1, 2)
    assert choice["step_seconds"] == {"1": 0.012, "2": 0.0115}
    assert choice["reason"] == (
        "1 for each trial, 2 at once; a step takes 12 ms with 1 thread and 11.5 ms with 2: 1.04 times as fast, "
        "1.80 are needed for all cores"
    )


def test_a_model_that_uses_all_cores_well_gets_them():
    choice = choose_threads({"1": 0.4, "4": 0.105}, "", at_once=4, cores=4)
    assert (choice["threads"], choice["at_once"]) == (4, 1)
    assert choice["reason"].startswith("4 for each trial, one at a time; a step takes 400 ms")


@pytest.mark.parametrize(
    ("at_once", "cores", "speed_up", "threads"),
    [
        (1, 4, 1.1, 1),  # nobody waits for the cores, but they are of no use
        (1, 4, 1.3, 4),
        (2, 4, 1.9, 4),  # two trials of two cores each
        (4, 2, 1.9, 2),  # more trials than cores do not train more
        (16, 16, 11.0, 1),
    ],
)
def test_the_speed_up_has_to_make_up_for_the_trials_that_wait(at_once, cores, speed_up, threads):
    times = {"1": 0.1 * speed_up, str(cores): 0.1}
    assert choose_threads(times, "", at_once=at_once, cores=cores)["threads"] == threads


@pytest.mark.parametrize("times", [{}, {"1": 0.1}, {"1": 0.1, "8": 0.01}, {"1": 0.1, "2": 0.0}, {"1": -1.0, "2": 0.1}])
def test_without_a_believable_measurement_everything_stays_as_it_is(times):
    choice = choose_threads(times, "no steps were timed: too slow", at_once=2, cores=2)
    assert (choice["threads"], choice["at_once"], choice["step_seconds"]) == (1, 2, {})
    assert choice["reason"] == "1 for each trial, 2 at once; no steps were timed: too slow"


def test_with_one_core_there_is_nothing_to_choose():
    assert choose_threads({}, "", at_once=1, cores=1) == {
        "threads": 1, "at_once": 1, "step_seconds": {}, "reason": "",
    }


def test_cores_are_those_of_the_machine_at_most():
    assert cores_together(4, 0.2) == 1
    assert cores_together(1000, 8.0) == os.cpu_count()
    assert cores_together(1, 1.9) == 1
