"""Watches one running container until it ends: output, progress, limits, and the question whether to go on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pushtune.errors import EngineUnavailable, PushtuneError, TrialOverDisk, TrialOverTime
from pushtune.moments import Moment, present
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_log import LAST_LINES, LINES_LIMIT, LogFollower, lines_of
from pushtune.running.disk_usage import folder_bytes
from pushtune.running.progress import ProgressReader, describe, summary
from pushtune.running.workspace import ask_to_stop

STATE_INTERVAL_SECONDS = 1.0
PROGRESS_INTERVAL_SECONDS = 2.0
STOP_RULE_INTERVAL_SECONDS = 5.0
DISK_INTERVAL_SECONDS = 10.0
STOP_GRACE_SECONDS = 120.0
KILL_GRACE_SECONDS = 10
ENGINE_OUTAGE_SECONDS = 120.0
LOG_END_SECONDS = 5.0
DETAIL_LINES_PER_LOOK = 20
ATTACHED_LINES = 100
LOOK_BACK_LIMIT = 500

StopRule = Callable[[dict[str, Any]], str | None]


@dataclass
class Flag:
    """A wish from a signal handler; no ``threading.Event``, whose lock the interrupted code itself may hold."""

    raised: bool = False


@dataclass
class Supervisor:
    """Watches one container.

    Attributes:
        spec: the trial, see ``prepare_trial``. log: writes a line into the task's log.
        publish: takes the newest progress document. stop_rule: returns a reason to stop the trial, or None.
        used_seconds: what earlier containers of this trial have used of the time limit.
        disk_limit_bytes: what the trial may write.
        stopped_because: the reason for which the trial was asked to stop; empty while it was not.
        breach: set where the container was stopped by force, with the error to report; None for a pruned trial that
            did not listen.
        forced: whether the container was stopped by force.
        cancelled: set where somebody else is stopping the container: watching ends.
    """

    engine: ContainerEngine
    spec: dict[str, Any]
    log: Callable[[str], None]
    publish: Callable[[dict[str, Any]], None]
    stop_rule: StopRule | None
    used_seconds: float
    disk_limit_bytes: int
    cancelled: Flag = field(default_factory=Flag)
    stopped_because: str = ""
    breach: PushtuneError | None = None
    forced: bool = False
    _due: dict[str, float] = field(default_factory=dict)
    _stop_deadline: float = 0.0
    _rule_failed: bool = False

    def __post_init__(self) -> None:
        self._reader = ProgressReader(self._folder)

    def look_back(self) -> None:
        """Show in one line how far earlier containers, or the one that is attached to, have come."""
        for _ in range(LOOK_BACK_LIMIT):
            if not self._reader.read_new():
                break
        if self._reader.last is not None:
            self.log(f"So far: {describe(self._reader.last)}")

    def watch(self, container_id: str, started: Moment, attached: bool) -> None:
        """Return once the container has ended, or was stopped by force, or watching was cancelled.

        Of a container that was ``attached`` to, what it has put out before is shown in part only: the log of the try
        before has it.
        """
        follower = self._follow(container_id, ATTACHED_LINES if attached else LINES_LIMIT)
        while not self.cancelled.raised:
            self._wait_for_output(follower)
            if not self._is_running(container_id):
                break
            if follower.ended.is_set() and not follower.limited:
                time.sleep(STATE_INTERVAL_SECONDS)
                follower = self._follow(container_id, 1)
            self._look(container_id, started)
        complete = follower.finish(0.0 if self.cancelled.raised else LOG_END_SECONDS)
        if not complete and not self.cancelled.raised:
            self._show_last_lines(container_id)
        self._show_progress()

    def _wait_for_output(self, follower: LogFollower) -> None:
        """Wait until the output ends, which the end of the container does at once, but not for long."""
        if follower.limited:
            time.sleep(STATE_INTERVAL_SECONDS)
        else:
            follower.ended.wait(STATE_INTERVAL_SECONDS)

    @property
    def _folder(self) -> Path:
        return Path(self.spec["folder"])

    def _follow(self, container_id: str, tail_lines: int) -> LogFollower:
        follower = LogFollower(lambda: self.engine.logs(container_id, tail_lines, follow=True), self.log)
        follower.start()
        return follower

    def _is_running(self, container_id: str) -> bool:
        deadline = time.monotonic() + ENGINE_OUTAGE_SECONDS
        while not self.cancelled.raised:
            try:
                state = self.engine.find(container_id)
                return state is not None and state.is_running
            except EngineUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(STATE_INTERVAL_SECONDS)
        return False

    def _look(self, container_id: str, started: Moment) -> None:
        if self._is_due("progress", PROGRESS_INTERVAL_SECONDS):
            self._show_progress()
        if self._is_due("stop_rule", STOP_RULE_INTERVAL_SECONDS) and not self.stopped_because:
            self._ask_stop_rule()
        if self._is_due("disk", DISK_INTERVAL_SECONDS):
            self._check_disk(container_id)
        self._check_time(container_id, started)

    def _is_due(self, what: str, interval_seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + interval_seconds
        return True

    def _show_progress(self) -> None:
        lines = self._reader.read_new()
        epochs = [line for line in lines if line.kind != "tick"]
        if len(epochs) > DETAIL_LINES_PER_LOOK:
            self.log(f"({len(epochs) - DETAIL_LINES_PER_LOOK} earlier lines of progress left out)")
        for line in epochs[-DETAIL_LINES_PER_LOOK:]:
            self.log(describe(line))
        if lines:
            self.publish(summary(lines[-1]))

    def reason_to_stop(self) -> str:
        """Return the reason that the stop rule gives now; empty where it gives none, fails, or there is none."""
        if self.stop_rule is None:
            return ""
        try:
            return self.stop_rule(self.spec) or ""
        except Exception as error:  # a fault in a rule must not cost the training that it judges
            if not self._rule_failed:
                self.log(f"The rule that stops trials early failed; this trial goes on: {error!r}")
            self._rule_failed = True
            return ""

    def _ask_stop_rule(self) -> None:
        if reason := self.reason_to_stop():
            self._ask_to_stop(reason)

    def _ask_to_stop(self, reason: str) -> None:
        self.stopped_because = reason
        self._stop_deadline = time.monotonic() + STOP_GRACE_SECONDS
        self.log(f"Asked to stop at the next epoch end: {reason}")
        ask_to_stop(self._folder, reason)

    def _check_time(self, container_id: str, started: Moment) -> None:
        limit = float(self.spec["request"]["time_limit_seconds"])
        used = self.used_seconds + started.seconds_until(present())
        if used > limit and not self.stopped_because:
            self._ask_to_stop(f"the time limit of {limit:.0f} s")
        if self.stopped_because and time.monotonic() > self._stop_deadline:
            if used > limit:
                self.breach = TrialOverTime(
                    f"A training run must end within {limit:.0f} s, or at the epoch end after it.", f"{used:.0f} s",
                    "Give it more time (PUSHTUNE_TRIAL_TIME_LIMIT_SECONDS) or make an epoch shorter.",
                )
            self.log(f"It did not stop within {STOP_GRACE_SECONDS:.0f} s: it is stopped by force.")
            self._force(container_id)

    def _check_disk(self, container_id: str) -> None:
        used = folder_bytes(self._folder, self.disk_limit_bytes)
        if used > self.disk_limit_bytes:
            self.breach = TrialOverDisk(
                f"A trial may write at most {self.disk_limit_bytes} bytes into its folder.", "more than that",
                "Let the script write less, or raise PUSHTUNE_TRIAL_DISK_BYTES.",
            )
            self._force(container_id)

    def _force(self, container_id: str) -> None:
        self.forced = True
        self.engine.stop(container_id, KILL_GRACE_SECONDS)

    def _show_last_lines(self, container_id: str) -> None:
        self.log(f"The last {LAST_LINES} lines of its output:")
        for line in lines_of(self.engine.logs(container_id, LAST_LINES, follow=False)):
            self.log(line)
