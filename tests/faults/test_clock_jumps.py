"""The clock of a running system is set, forward and back: trainings, pushes, checks and mails do not notice.

Airflow's real processes run under a clock that can be set (``shifted_clock.c``); containers and the engine keep the
real one, as those of another machine would.
"""

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults import world
from tests.faults.evidence import diary
from tests.faults.shifted_clock import ShiftedClock
from tests.faults.world import World

from pushtune.commands.build_images import ensure_images
from pushtune.healing.action_log import actions_file
from pushtune.running.container_labels import TRIAL_FOLDER
from pushtune.settings import load_settings

pytestmark = [
    pytest.mark.docker, pytest.mark.airflow, pytest.mark.long,
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler"),
]  # fmt: skip
NAME = "alder"
HOUR, DAY = 3600, 86_400
PATIENCE_SECONDS = 600
CHECK_SECONDS = 300  # checks come each minute


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> ShiftedClock:
    return ShiftedClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, clock: ShiftedClock) -> Iterator[World]:
    ensure_images(["dense"], load_settings())
    folder = tmp_path_factory.mktemp("jumps")
    for part in (folder, folder.parent):
        part.chmod(0o711)
    slow = folder / "slow.py"
    slow.write_text(world.SCRIPT.read_text().replace("time.sleep(0.5)", "time.sleep(2.5)"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "SCRIPT", slow)
        patch.setattr(world, "TARGET", 0.1)  # the script reaches it as it is: a run is a baseline and a retraining
        made = World(folder, [NAME], random.Random(1))
        os.environ.update(clock.environment)  # ``end`` restores what was there
        try:
            made.begin()
            yield made
        finally:
            made.end()


def wait(what: str, look: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.5)


def checks(made: World) -> int:
    return sum(state == "success" for state in made.records.runs("check_containers").values())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seconds", [HOUR, DAY, -HOUR], ids=["an hour forward", "a day forward", "an hour back"])
def test_a_training_does_not_notice_that_the_clock_is_set(made: World, clock: ShiftedClock, seconds: int) -> None:
    if made.is_idle(NAME):
        made.developers[NAME].push_commit()
    number = len(made.developers[NAME].heads)

    def trains() -> bool:
        running = made.reality.containers()
        return bool(running) and len(diary(Path(running[0].labels[TRIAL_FOLDER]))) > 3

    wait("training", trains)
    checked = checks(made)
    clock.set_by(seconds)
    wait("a check", lambda: checks(made) > checked, CHECK_SECONDS)
    wait("the end of the run", lambda: made.is_idle(NAME))
    assert made.head_state(NAME) == "trained"
    assert len(made.records.runs(NAME)) == number, "one run for each push"
    created = sum(event.action == "create" for event in made.reality.events)
    assert created == 2 * number, "one container for each training: none was ended"
    assert len(made.mail.accepted) == number
    assert "was set" in actions_file(made.settings).read_text()


@pytest.mark.timeout(600)
def test_what_is_pushed_after_that_is_noticed_at_once(made: World) -> None:
    """The test before has set the clock back by an hour."""
    made.developers[NAME].push_commit()
    wait("the claim", lambda: made.head_state(NAME) == "running", 180)
