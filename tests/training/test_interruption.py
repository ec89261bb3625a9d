"""SIGTERM ends a run within three seconds, wherever the script is, and the next process goes on from there."""


import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.training import resume_runs as runs

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import read_result

WAIT_SECONDS = 60.0
READY = "open('ready', 'w').close()\n"
SLEEPS = READY + "import time\ntime.sleep(600)\n"
# One call of a C library that neither returns nor lets Python run its signal handler.
STUCK = READY + "import hashlib\nhashlib.pbkdf2_hmac('sha256', b'a', b'b', 2**31 - 1)\n"
FOREVER = "while True:\n    try:\n        time.sleep(600)\n    except BaseException:\n        pass\n"
STUBBORN = READY + "import time\n" + FOREVER
OWN_HANDLER = "import signal, time\nsignal.signal(signal.SIGTERM, lambda *given: None)\n" + READY + FOREVER
POOL = (
    "import multiprocessing, time\n"
    "pool = multiprocessing.get_context('fork').Pool(2)\npool.map(abs, [1, 2])\npool.terminate()\npool.join()\n"
    "time.sleep(4)\nopen('survived', 'w').close()\n"
)
# The signal comes before the child has run a single instruction of Python.
AT_ONCE = (
    "import os, signal, time\n"
    "for _ in range(200):\n"
    "    child = os.fork()\n"
    "    if child == 0:\n        time.sleep(600)\n"
    "    os.kill(child, signal.SIGTERM)\n"
    "    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM\n"
    "time.sleep(4)\nopen('survived', 'w').close()\n"
)


@contextmanager
def running(folder: Path, script: str) -> "Iterator[subprocess.Popen[str]]":
    """Run ``script`` in the container's way until the block ends."""
    (folder / "code").mkdir()
    (folder / "trial").mkdir()
    (folder / "code" / "task.py").write_text(script)
    write_request(folder / "trial", TrialRequest(mode="baseline", entry="task.py"))
    command = [sys.executable, "-m", "pushtune_runtime", str(folder / "trial"), str(folder / "code")]
    with subprocess.Popen(command, env=runs.environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_ready(folder: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not (folder / "trial" / "output" / "ready").exists():
        assert process.poll() is None, "the script ended early"
        assert time.monotonic() < deadline, "the script never began"
        time.sleep(0.02)


@pytest.mark.parametrize("script", [SLEEPS, STUCK, STUBBORN, OWN_HANDLER], ids=["sleeps", "stuck", "stubborn", "own"])
def test_sigterm_ends_any_script(script: str, tmp_path: Path) -> None:
    with running(tmp_path, script) as process:
        wait_until_ready(tmp_path, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=WAIT_SECONDS) == ExitCode.INTERRUPTED
    assert read_result(tmp_path / "trial").status == "interrupted"


@pytest.mark.parametrize("script", [POOL, AT_ONCE], ids=["pool", "at_once"])
def test_worker_processes_that_a_script_ends_do_not_end_the_script(script: str, tmp_path: Path) -> None:
    with running(tmp_path, script) as process:
        assert process.wait(timeout=WAIT_SECONDS) == ExitCode.SCRIPT_ERROR  # it trains nothing
    assert (tmp_path / "trial" / "output" / "survived").exists()


def test_sigterm_within_an_epoch_loses_no_batch(tmp_path: Path) -> None:
    runs.ask(tmp_path / "whole", "arrays_dropout.py")
    whole = runs.ending(tmp_path / "whole", runs.run(tmp_path / "whole").stdout)
    interrupted = tmp_path / "interrupted"
    runs.ask(interrupted, "arrays_dropout.py")
    runs.run(interrupted, "sigterm:60")
    assert read_result(interrupted).status == "interrupted"
    killed = runs.ending(interrupted, runs.run(interrupted).stdout)
    runs.assert_same(killed, whole)
    resumed = [line for line in (interrupted / "progress.jsonl").read_text().splitlines() if '"resume"' in line]
    assert len(resumed) == 1
    assert "resumed after epoch 1, batch " in resumed[0]
