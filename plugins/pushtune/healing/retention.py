"""What becomes of the files of a run: a decision over plain facts, from the oldest run to the newest.

A run gives up its heavy parts first (checkpoints, copies of the model, the files of the commit), and much later what
its page shows (records, results, learning curves). What the registry needs lies in the registry, out of reach here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pushtune.settings import Settings

DAY_SECONDS = 86_400
ABSENT = "absent"  # Airflow knows no such run
UNKNOWN = "unknown"  # it could not be asked
UNNAMED = "unnamed"  # the folder does not say which run it belongs to
OVER = ("success", "failed", UNNAMED)
SETTLED_SECONDS = 600  # a folder that was written to a moment ago is left alone, whatever its state


class Fate(StrEnum):
    """What becomes of the files of a run."""

    KEPT = "kept"
    LIGHTENED = "lightened"
    REMOVED = "removed"


@dataclass(frozen=True)
class RunFacts:
    """What is known about the folder of a run.

    Attributes:
        folder: absolute path. repository: the folder above it.
        state: as Airflow says, or ``absent``, ``unknown``, ``unnamed``.
        idle_seconds: how long none of its stages has written anything.
        has_model: whether its model is in the registry. has_containers: whether a container of it exists.
        heavy_bytes, light_bytes: what could be given up first, and the rest.
        awaits_clear: a task of it met a fault lately that may pass, and will be cleared then.
    """

    folder: str
    repository: str
    state: str
    idle_seconds: float
    has_model: bool
    has_containers: bool
    heavy_bytes: int
    light_bytes: int
    awaits_clear: bool = False

    @property
    def may_be_touched(self) -> bool:
        """Whether nobody works in it, or will again on their own."""
        known = self.state in OVER or self.state == ABSENT
        waits = self.has_containers or (self.awaits_clear and self.state != ABSENT)
        return known and not waits and self.idle_seconds > SETTLED_SECONDS


Decision = tuple[Fate, str]


def decide(runs: Iterable[RunFacts], settings: Settings) -> dict[str, Decision]:
    """Return folder -> what becomes of it and why; folders that stay as they are have a reason as well."""
    newest_first = sorted(runs, key=lambda run: run.idle_seconds)
    rank: dict[str, int] = {}
    decisions = {}
    for run in newest_first:
        decisions[run.folder] = _by_age(run, rank.get(run.repository, 0), settings)
        rank[run.repository] = rank.get(run.repository, 0) + (run.state != ABSENT)
    return decisions | _over_quota(newest_first, decisions, settings)


def _by_age(run: RunFacts, newer: int, settings: Settings) -> Decision:
    """Decide by rules, the first that applies; ``newer``: how many newer runs of its repository there are."""
    days = run.idle_seconds / DAY_SECONDS
    lighter = Fate.LIGHTENED if run.heavy_bytes else Fate.KEPT
    if not run.may_be_touched:
        why = ", with a container" * run.has_containers + ", and will be cleared" * run.awaits_clear
        return Fate.KEPT, f"it is {run.state}{why}"
    if run.state == ABSENT:
        return Fate.REMOVED, "Airflow does not know this run any more"
    if newer and newer >= settings.keep_runs_per_repository:
        return Fate.REMOVED, f"{newer} newer runs of {run.repository} are kept"
    if newer and days > settings.keep_runs_days:
        return Fate.REMOVED, f"it ended {days:.0f} days ago"
    if run.has_model:
        return lighter, "its model is in the registry"
    if days > settings.keep_checkpoints_days:
        return lighter, f"it ended {days:.0f} days ago"
    return Fate.KEPT, "it can still be cleared and resumed"


def _over_quota(
    newest_first: list[RunFacts], decisions: Mapping[str, Decision], settings: Settings
) -> dict[str, Decision]:
    """Return stricter decisions, the oldest run first, until what stays is within ``workspaces_limit_bytes``."""
    total_bytes = sum(_kept_bytes(run, decisions[run.folder][0]) for run in newest_first)
    reason = f"all runs together may take {settings.workspaces_limit_bytes} bytes"
    newest = {run.repository: run.folder for run in reversed(newest_first) if run.state != ABSENT}
    stricter: dict[str, Decision] = {}
    for fate in (Fate.LIGHTENED, Fate.REMOVED):
        for run in reversed(newest_first):
            if total_bytes <= settings.workspaces_limit_bytes:
                return stricter
            present = stricter.get(run.folder, decisions[run.folder])[0]
            is_last = fate is Fate.REMOVED and newest.get(run.repository) == run.folder
            freed_bytes = _kept_bytes(run, present) - _kept_bytes(run, fate)
            if run.may_be_touched and not is_last and freed_bytes > 0:
                stricter[run.folder] = fate, reason
                total_bytes -= freed_bytes
    return stricter


def _kept_bytes(run: RunFacts, fate: Fate) -> int:
    return {Fate.KEPT: run.heavy_bytes + run.light_bytes, Fate.LIGHTENED: run.light_bytes, Fate.REMOVED: 0}[fate]
