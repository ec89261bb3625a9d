"""What is the matter with a container: a table of rules over plain facts, the first that applies decides."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pushtune_contract.exit_codes import ExitCode

ANSWERS = (ExitCode.DONE, ExitCode.PRUNED, ExitCode.INFEASIBLE, ExitCode.SCRIPT_ERROR)
# States of a task that runs, or will run again: it takes care of its container itself. "none" is a task that was just
# cleared and waits for the scheduler.
ACTIVE_STATES = (
    "none", "scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule", "deferred"
)
ABSENT = "absent"  # Airflow knows no such task
UNKNOWN = "unknown"  # Airflow could not be asked
IDLE_CPU_SHARE = 0.03  # the heartbeat's own thread needs less than 1 % of a core
LOOPING_LIMIT = 2  # so many containers before this one got no further either


class Verdict(StrEnum):
    """What a container is found to be."""

    HEALTHY = "healthy"
    DEAD = "dead"
    HUNG = "hung"
    LOOPING = "looping"
    ORPHAN = "orphan"
    LEFTOVER = "leftover"
    GIVEN_UP = "given_up"
    STUCK = "stuck"


@dataclass(frozen=True)
class Facts:
    """What is known about a container.

    Attributes:
        status, exit_code: as Docker says. owner_state: state of its task, ``absent`` or ``unknown``.
        beat_silence_seconds: how long its heartbeat has been silent.
        progress_silence_seconds: how long it has not got on.
        expected_seconds: within which time it said it would get on; 0 where it has said nothing.
        cpu_share: cores in use, -1 where it is not known.
        unmoved: how many containers of this trial before it ended without getting further.
        hung_after_seconds: the setting.
        awaits_clear: whether its task failed by a fault of the infrastructure and is about to be cleared.
    """

    status: str
    exit_code: int
    owner_state: str
    beat_silence_seconds: float
    progress_silence_seconds: float
    expected_seconds: float
    cpu_share: float
    unmoved: int
    hung_after_seconds: float
    awaits_clear: bool = False

    @property
    def lives(self) -> bool:
        """Whether its processes exist."""
        return self.status in ("running", "paused", "restarting")

    @property
    def owned(self) -> bool:
        """Whether a task takes care of it."""
        return self.owner_state in ACTIVE_STATES

    @property
    def hangs(self) -> bool:
        """Whether it neither says nor does anything.

        A process that uses the CPU is never taken for hung: one long call may keep it from saying so, and its time
        limit bounds it.
        """
        if not self.lives or self.cpu_share > IDLE_CPU_SHARE:
            return False
        silent = self.beat_silence_seconds > self.hung_after_seconds
        stuck = self.progress_silence_seconds > self.expected_seconds + self.hung_after_seconds
        return silent or stuck


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    applies: Callable[[Facts], bool]
    verdict: Verdict
    reason: str


RULES = (
    Rule(lambda f: f.owner_state == UNKNOWN, Verdict.HEALTHY, "its task could not be asked for, so it is left alone"),
    Rule(
        lambda f: f.owner_state == "failed" and f.awaits_clear,
        Verdict.HEALTHY,
        "its task met a fault of the infrastructure, and finds it again once it is cleared",
    ),
    Rule(lambda f: f.lives and not f.owned, Verdict.ORPHAN, "it runs, but its task is {f.owner_state}"),
    Rule(
        lambda f: f.hangs and f.unmoved >= LOOPING_LIMIT,
        Verdict.LOOPING,
        "it hangs, and the {f.unmoved} containers before it got no further either",
    ),
    Rule(
        lambda f: f.hangs,
        Verdict.HUNG,
        "no heartbeat for {f.beat_silence_seconds:.0f} s, no progress for {f.progress_silence_seconds:.0f} s "
        "(expected within {f.expected_seconds:.0f} s), and the CPU is idle",
    ),
    Rule(lambda f: f.lives, Verdict.HEALTHY, "it runs"),
    Rule(lambda f: f.owned and f.status == "created", Verdict.HEALTHY, "its task is about to start it"),
    Rule(lambda f: f.owned, Verdict.DEAD, "it ended with code {f.exit_code}; its task reads it or starts the next one"),
    Rule(
        lambda f: f.owner_state == "failed" and f.exit_code not in ANSWERS,
        Verdict.GIVEN_UP,
        "it ended with code {f.exit_code}, and its task has no try left",
    ),
    Rule(lambda f: True, Verdict.LEFTOVER, "it ended, and its task is {f.owner_state}"),
)


def diagnose(facts: Facts) -> tuple[Verdict, str]:
    """Return the verdict and its reason."""
    rule = next(rule for rule in RULES if rule.applies(facts))
    return rule.verdict, rule.reason.format(f=facts)
