"""How long a container has shown no sign of life, measured by ourselves from one check to the next.

The times in a heartbeat come from the container and could say anything, so only the change of its counters counts.
Of the time between two checks at most ``WINDOW_SECONDS`` are counted: after a pause of the checks, or of the whole
machine, a container gets the chance to be seen alive.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pushtune.moments import Moment
from pushtune.settings import Settings
from pushtune_contract.progress import Heartbeat
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_contract.validation import ContractViolation, build

WINDOW_SECONDS = 90.0


@dataclass(frozen=True)
class Observation:
    """What was seen of one container.

    Attributes:
        moment: when. counter, progress_counter: of its heartbeat, -1 where there was none.
        beat_silence_seconds, progress_silence_seconds: how long the counters have not risen.
        cpu_seconds: CPU time used until then; -1 where it is not known.
        cpu_share: cores used on average since the look before, 1.0 is one core; -1 where it is not known.
    """

    moment: Moment
    counter: int = -1
    progress_counter: int = -1
    beat_silence_seconds: float = 0.0
    progress_silence_seconds: float = 0.0
    cpu_seconds: float = -1.0
    cpu_share: float = -1.0


def observe(before: Observation | None, beat: Heartbeat | None, cpu_seconds: float | None, now: Moment) -> Observation:
    """Return what is seen ``now``, given what was seen ``before``."""
    seen = Observation(
        moment=now,
        counter=-1 if beat is None else beat.counter,
        progress_counter=-1 if beat is None else beat.progress_counter,
        cpu_seconds=-1.0 if cpu_seconds is None else cpu_seconds,
    )
    if before is None:
        return seen
    elapsed = before.moment.seconds_until(now)
    counted = min(elapsed, WINDOW_SECONDS)
    still = seen.counter == before.counter
    stuck = seen.progress_counter == before.progress_counter
    known = min(seen.cpu_seconds, before.cpu_seconds) >= 0 and elapsed > 0
    return replace(
        seen,
        beat_silence_seconds=before.beat_silence_seconds + counted if still else 0.0,
        progress_silence_seconds=before.progress_silence_seconds + counted if stuck else 0.0,
        cpu_share=max(0.0, seen.cpu_seconds - before.cpu_seconds) / elapsed if known else -1.0,
    )


def _path(settings: Settings) -> Path:
    return settings.home / "healing" / "observations.json"


def read_observations(settings: Settings) -> dict[str, Observation]:
    """Return what the check before saw: container id -> observation; empty where there was none."""
    try:
        return {name: build(Observation, document) for name, document in read_json(_path(settings)).items()}
    except (FileNotFoundError, UnsafeFile, ContractViolation, AttributeError):
        return {}


def write_observations(settings: Settings, observations: dict[str, Observation]) -> None:
    """Keep what was seen for the next check."""
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {name: asdict(observation) for name, observation in observations.items()})
