"""Whether the ages of files can be believed.

A clock that is set forward makes what was written a minute ago look old. It may have been wrong before, or may be wrong
now and be set back: nobody can tell. So for a day after it nothing is removed for its age, and the action is shown.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from pushtune.healing.action_log import keep
from pushtune.moments import NEVER, Moment, present
from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_contract.validation import ContractViolation, build

SHOWN_SECONDS = 60.0  # time servers move a clock by less without anybody's noticing
DISTRUSTED_SECONDS = 3600.0
BELIEVED_AGAIN_SECONDS = 86_400.0 - 3600.0  # the cleaning of the next night goes by age again


@dataclass(frozen=True)
class ClockNote:
    """When the clock was looked at last, and when it was last set forward so far that no age can be believed."""

    seen: Moment = NEVER
    set_forward: Moment = NEVER


def ages_are_believed(settings: Settings) -> bool:
    """Look at the clock, note where it was set since the look before, and return whether files are as old as they seem.

    Call it often: where the machine was booted since the look before, nobody can tell whether the clock was set.
    """
    before, now = _read(settings), present()
    seconds = before.seen.clock_set_by(now)
    forward = now if seconds > DISTRUSTED_SECONDS else before.set_forward
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(ClockNote(now, forward)))
    if abs(seconds) > SHOWN_SECONDS:
        keep(settings, _record(seconds, now))
    return forward.seconds_until(now) >= BELIEVED_AGAIN_SECONDS


def _record(seconds: float, now: Moment) -> dict[str, object]:
    way = "forward" if seconds > 0 else "back"
    careful = seconds > DISTRUSTED_SECONDS
    return {
        "unix_time": now.unix_time,
        "verdict": "clock",
        "name": "the clock of this machine",
        "action": "for a day nothing is removed for its age" if careful else "noted",
        "reason": f"it was set {way} by {abs(seconds):.0f} s",
    }


def _path(settings: Settings) -> Path:
    return settings.home / "healing" / "clock.json"


def _read(settings: Settings) -> ClockNote:
    try:
        return build(ClockNote, read_json(_path(settings)))
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        return ClockNote()
