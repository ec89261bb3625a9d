"""How long a training step takes with one thread and with several, so that the trials can use the better way.

TensorFlow fixes its threads when it starts, so each number of threads gets a process of its own: the same script from
its first line, ended after some seconds of steps. That happens when the baseline has trained and its result is written,
and only where it costs little beside the training; the training itself does not notice it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Dict, Tuple

from pushtune_contract.reading import UnsafeFile
from pushtune_contract.request import write_request
from pushtune_contract.result import read_result, write_result
from pushtune_contract.validation import ContractViolation
from pushtune_runtime.keras_hooks.step_clock import WINDOW_SECONDS
from pushtune_runtime.script_runner import TrainingStopped
from pushtune_runtime.session import Session

FOLDER = "timing"
COST_SHARE = 0.25  # of the baseline's own time that the timing may take
LONGEST_SECONDS = 120.0  # whatever the share allows
DEADLINE_FACTOR = 2.0  # a process may take so many times what is expected of it before it is ended
# Each process lays out the repository once more, within the same limit of disk space: more than this is not doubled.
LARGEST_FOLDER_BYTES = 256 * 1024 * 1024
LARGEST_FOLDER_ENTRIES = 20_000
KILLED_NOTE = "no steps were timed: a process of this baseline has ended while it did so"
# Of a process that may be ended first where memory gets short (see proc(5)): the baseline has to survive.
FIRST_TO_GO = 1000


class StepTiming:
    """Times steps for the baseline of ``session``; create it before the script can change anything in this process."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._environment = dict(os.environ)
        self._folder = session.trial_folder / FOLDER
        self._start_folder = os.getcwd()
        if session.request.mode == "timing":
            _offer_to_the_memory_killer()

    def has_cut_short(self) -> bool:
        """Return whether an earlier process of this baseline was killed in ``run``: then its result is the answer."""
        if not self._is_asked or not self._folder.exists():
            return False
        try:
            result = read_result(self._session.trial_folder)
        except (FileNotFoundError, UnsafeFile, ContractViolation):
            return False
        if result.status != "done":
            return False
        with contextlib.suppress(OSError):
            write_result(self._session.trial_folder, replace(result, step_note=KILLED_NOTE))
        shutil.rmtree(self._folder, ignore_errors=True)
        return True

    def run(self) -> None:
        """Add the times, or why there are none, to the result that has been written; does nothing unless asked to."""
        if not self._is_asked:
            return
        # SIGTERM, and whatever else goes wrong: the result stands as it was written before.
        with contextlib.suppress(TrainingStopped, OSError, UnsafeFile, ContractViolation):
            try:
                times, note = self._times_or_reason()
                result = read_result(self._session.trial_folder)
                write_result(self._session.trial_folder, replace(result, step_seconds=times, step_note=note[:500]))
            finally:
                shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _is_asked(self) -> bool:
        return self._session.request.timed_threads >= 2 and self._session.request.mode == "baseline"

    def _times_or_reason(self) -> Tuple[Dict[str, float], str]:
        try:
            if reason := self._reason_against():
                return {}, reason
            return self._measure(), ""
        except (OSError, TimingFailed) as error:
            return {}, f"no steps were timed: {error}"

    def _expected_seconds(self) -> float:
        """Return the time that one process will take: it starts as this one did."""
        return (self._session.first_step_seconds or 0.0) + WINDOW_SECONDS

    def _deadline_seconds(self) -> float:
        """Return how long one process may take before it is ended."""
        return DEADLINE_FACTOR * self._expected_seconds() + WINDOW_SECONDS

    def _reason_against(self) -> str:
        session = self._session
        cost = 2 * self._expected_seconds()
        if session.first_step_seconds is None or session.stop_reason:
            return "no steps were timed: the baseline has not trained a Keras model to its end in one process"
        if self._folder.exists():
            return KILLED_NOTE
        if cost > min(LONGEST_SECONDS, COST_SHARE * session.seconds):
            return (
                f"no steps were timed: it would take about {cost:.0f} s, beside {session.seconds:.0f} s for the whole "
                f"script (at most {COST_SHARE:.0%} of that and {LONGEST_SECONDS:.0f} s are spent on it)"
            )
        limit = session.request.time_limit_seconds
        if session.seconds + 2 * self._deadline_seconds() > limit:
            return (
                f"no steps were timed: it could take {2 * self._deadline_seconds():.0f} s, and {session.seconds:.0f} s "
                f"of the time limit of {limit:.0f} s are used"
            )
        if holds_much(session.work_folder):
            return (
                f"no steps were timed: the script's folder holds more than {LARGEST_FOLDER_BYTES // 1024**2} MiB or "
                f"{LARGEST_FOLDER_ENTRIES} files, which it would take once more"
            )
        return ""

    def _measure(self) -> Dict[str, float]:
        times: Dict[str, float] = {}
        for threads in (1, self._session.request.timed_threads):
            times.update(self._time(threads))
        return times

    def _time(self, threads: int) -> Dict[str, float]:
        folder = self._folder / str(threads)
        folder.mkdir(parents=True)
        try:
            return _times_in(folder, threads, self._run_script(folder, threads))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run_script(self, folder: Path, threads: int) -> int:
        """Return the exit code of a process that has timed steps in ``folder``."""
        self._session.progress_steps += 1
        write_request(folder, replace(self._session.request, mode="timing", threads=threads, timed_threads=0))
        command = [
            sys.executable, "-m", "pushtune_runtime", str(folder),
            str(self._session.code_folder), str(self._session.datasets_folder),
        ]
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            command, cwd=self._start_folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        try:
            process.wait(self._deadline_seconds())
        except subprocess.TimeoutExpired as error:
            raise TimingFailed(f"with {threads} threads it took more than {error.timeout:.0f} s") from None
        finally:
            _end(process)
        return process.returncode


class TimingFailed(RuntimeError):
    """A process that should have timed steps has not."""


def holds_much(folder: Path) -> bool:
    """Return whether ``folder`` holds more than one would want to have twice; links count as links."""
    size_bytes, entries, waiting = 0, 0, [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for entry in found:
                entries += 1
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    size_bytes += entry.stat(follow_symlinks=False).st_size
                if size_bytes > LARGEST_FOLDER_BYTES or entries > LARGEST_FOLDER_ENTRIES:
                    return True
    return False


def _times_in(folder: Path, threads: int, exit_code: int) -> Dict[str, float]:
    try:
        seconds = read_result(folder).step_seconds.get(str(threads))
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        seconds = None
    if not seconds or seconds <= 0.0:
        raise TimingFailed(f"with {threads} threads the script ended before (exit code {exit_code})")
    return {str(threads): seconds}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _offer_to_the_memory_killer() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_GO), encoding="ascii")
    except OSError:
        return  # not Linux, or not allowed: then the baseline is as likely to be ended
