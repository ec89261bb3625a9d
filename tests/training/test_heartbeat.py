"""The heartbeat beats while the process lives, and tells apart a process that lives from one that works."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pushtune_contract.progress import Heartbeat, read_heartbeat
from pushtune_contract.request import TrialRequest
from pushtune_runtime.heartbeat import (
    SHORTEST_EXPECTATION_SECONDS,
    UNKNOWN_PHASE_SECONDS,
    HeartbeatThread,
    StepPace,
)
from pushtune_runtime.session import Session

WAIT_SECONDS = 30.0


def make_session(folder: Path) -> Session:
    return Session(TrialRequest(mode="baseline", entry="task.py"), folder, folder)


def wait_for_beat(folder: Path, counter: int) -> Heartbeat:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        beat = read_heartbeat(folder)
        if beat is not None and beat.counter >= counter:
            return beat
        time.sleep(0.01)
    raise AssertionError(f"no beat {counter} within {WAIT_SECONDS} s")


def test_it_beats_on_and_reports_the_steps(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    heartbeat = HeartbeatThread(session, interval_seconds=0.02)
    heartbeat.start()
    first = wait_for_beat(tmp_path, 1)
    session.phase, session.progress_steps = "train", 7
    later = wait_for_beat(tmp_path, first.counter + 3)
    heartbeat.stop()
    assert (first.phase, first.progress_counter) == ("start", 0)
    assert (later.phase, later.progress_counter) == ("train", 7)


def test_the_last_beat_shows_how_it_ended(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    heartbeat = HeartbeatThread(session, interval_seconds=1000.0)
    heartbeat.start()
    wait_for_beat(tmp_path, 1)
    session.phase = "end"
    heartbeat.stop()
    last = read_heartbeat(tmp_path)
    assert last is not None
    assert last.phase == "end"
    assert "heartbeat" not in [thread.name for thread in threading.enumerate()]


def test_a_process_that_is_stuck_beats_without_progress(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    session.phase, session.progress_steps = "train", 5
    heartbeat = HeartbeatThread(session, interval_seconds=0.02)
    heartbeat.start()
    beats = [wait_for_beat(tmp_path, counter) for counter in (1, 4)]  # this thread is the one that does nothing
    heartbeat.stop()
    assert beats[1].counter > beats[0].counter
    assert {beat.progress_counter for beat in beats} == {5}


def test_it_does_not_keep_the_process_alive(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from tests.training.test_heartbeat import *\n"
        "HeartbeatThread(make_session(Path(sys.argv[1])), 1000.0).start(); wait_for_beat(Path(sys.argv[1]), 1)\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code, str(tmp_path), str(root), str(root / "training")]
    assert subprocess.run(command, timeout=WAIT_SECONDS).returncode == 0


def test_a_full_disk_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def full(folder: Path, beat: Heartbeat) -> None:
        tries.append(beat.counter)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pushtune_runtime.heartbeat.write_heartbeat", full)
    heartbeat = HeartbeatThread(make_session(tmp_path), interval_seconds=0.01)
    heartbeat.start()
    deadline = time.monotonic() + WAIT_SECONDS
    while len(tries) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    heartbeat.stop()
    assert tries[:3] == [1, 2, 3]


@pytest.mark.parametrize("phase", ["start", "data", "compile", "save", "evaluate", "end"])
def test_phases_of_unknown_length_get_much_time(tmp_path: Path, phase: str) -> None:
    session = make_session(tmp_path)
    session.phase = phase
    assert StepPace().expect(100.0, session) == UNKNOWN_PHASE_SECONDS


def test_the_first_epoch_gets_much_time_since_it_compiles_and_validates(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    session.phase, session.fit_number = "train", 1
    pace = StepPace()
    for second in range(10):
        session.progress_steps += 1
        assert pace.expect(100.0 + second, session) == UNKNOWN_PHASE_SECONDS


def after_one_epoch(session: Session, longest_step_seconds: float) -> float:
    session.phase, session.fit_number, session.epoch = "train", 1, 0
    pace = StepPace()
    now = 100.0
    pace.expect(now, session)
    for step_seconds in (0.5, longest_step_seconds, 1.0):
        now += step_seconds
        session.progress_steps += 1
        pace.expect(now, session)
    session.epoch = 1
    return pace.expect(now + 0.1, session)


def test_after_an_epoch_the_longest_step_decides(tmp_path: Path) -> None:
    assert after_one_epoch(make_session(tmp_path), 40.0) == pytest.approx(400.0)


def test_quick_steps_leave_a_floor(tmp_path: Path) -> None:
    assert after_one_epoch(make_session(tmp_path), 0.6) == SHORTEST_EXPECTATION_SECONDS


def test_a_second_fit_is_unknown_again(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    pace = StepPace()
    session.phase = "train"
    for fit_number, epoch in ((1, 0), (1, 1), (2, 0)):
        session.fit_number, session.epoch = fit_number, epoch
        expected = pace.expect(100.0 + epoch, session)
    assert expected == UNKNOWN_PHASE_SECONDS
