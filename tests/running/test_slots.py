"""Slots bound what runs at once, and whoever dies gives his back."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from pushtune.running.slots import hold_slot, hold_slots

HOLDER = "import sys, time; from pathlib import Path; from pushtune.running.slots import hold_slot\n" + (
    "with hold_slot(Path(sys.argv[1]), 1):\n    print('held', flush=True)\n    time.sleep(60)\n"
)


def test_slots_have_different_numbers(tmp_path: Path) -> None:
    with hold_slot(tmp_path, 2) as first, hold_slot(tmp_path, 2) as second:
        assert {first, second} == {0, 1}


def test_one_more_waits_until_a_slot_is_free(tmp_path: Path) -> None:
    entered = threading.Event()

    def wait_and_enter() -> None:
        with hold_slot(tmp_path, 1):
            entered.set()

    with hold_slot(tmp_path, 1):
        waiting = threading.Thread(target=wait_and_enter)
        waiting.start()
        assert not entered.wait(1.5)
    assert entered.wait(10)
    waiting.join()


def test_the_slot_of_a_killed_process_is_free_again(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, env=environment)
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with hold_slot(tmp_path, 1) as number:
        assert number == 0


def test_places_of_a_run_and_of_the_gpu_are_held_together(tmp_path: Path) -> None:
    run, gpu = ({"folder": str(tmp_path / name), "count": 1} for name in ("run", "gpu"))
    entered = threading.Event()

    def wait_and_enter() -> None:
        with hold_slots([None, gpu]):
            entered.set()

    with hold_slots([run, gpu]):
        waiting = threading.Thread(target=wait_and_enter)
        waiting.start()
        assert not entered.wait(1.5)
    assert entered.wait(10)
    waiting.join()
    with hold_slots([None, None]):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["gpu", "run"]
