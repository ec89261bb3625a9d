"""How much time has passed since something was noted, also where the clock of the machine was set meanwhile.

Clocks are set: by a person, by a time server after an hour without a network, by a virtual machine that wakes. So what
decides by the time that has passed keeps a ``Moment``. Within one boot of the machine the time since that boot counts,
which no clock can change and which all of its processes and containers share; only across boots or machines the clock
has to be believed, and then time never runs backwards.
"""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Moment:
    """A point in time.

    Attributes:
        unix_time: seconds since 1970, UTC, as the clock said.
        boot_id: of the machine's boot; empty where it is not known.
        uptime_seconds: since that boot, without the time that the machine slept.
    """

    unix_time: float
    boot_id: str = ""
    uptime_seconds: float = 0.0

    def seconds_until(self, later: "Moment") -> float:
        """Return how much time passed between this moment and ``later``, at least 0."""
        if self._same_boot(later):
            return max(0.0, later.uptime_seconds - self.uptime_seconds)
        return max(0.0, later.unix_time - self.unix_time)

    def clock_set_by(self, later: "Moment") -> float:
        """Return by how many seconds the clock was set forward (negative: back) until ``later``; 0 if unknown."""
        if not self._same_boot(later):
            return 0.0
        return later.unix_time - self.unix_time - (later.uptime_seconds - self.uptime_seconds)

    def _same_boot(self, other: "Moment") -> bool:
        return bool(self.boot_id) and self.boot_id == other.boot_id


NEVER = Moment(0.0)


def present() -> Moment:
    """Return this moment."""
    return Moment(time.time(), _boot_id(), time.monotonic())


@cache
def _boot_id() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):  # another system than Linux: the clock has to be believed
        return ""


def moment_in(document: Any) -> Moment:
    """Return the moment in JSON data that holds its fields, besides others; what is missing is unknown."""
    return Moment(
        float(document.get("unix_time", 0.0)), str(document.get("boot_id", "")),
        float(document.get("uptime_seconds", 0.0)),
    )
