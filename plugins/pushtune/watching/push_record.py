"""What became of one commit that was pushed, as the push ledger keeps it."""

from dataclasses import dataclass
from typing import Any

HANDLED = ("running", "trained", "failed", "filtered")


@dataclass(frozen=True)
class PushRecord:
    """What became of one commit.

    Attributes:
        state: ``running``, ``trained``, ``failed``, ``filtered``, ``superseded`` or ``dropped``.
        reason: why, for a person; for ``superseded`` the newer commit.
        run_id: the run that decided it. runs: how many runs trained it.
        base: the handled commit before it: what its changes are relative to.
        seen_unix_time, changed_unix_time: first sight, and the last change of state; seconds since 1970, UTC.
        ref: full name of the branch or tag that it was pushed to; empty in records of an older release.
    """

    commit: str
    state: str
    reason: str = ""
    run_id: str = ""
    runs: int = 0
    base: str | None = None
    seen_unix_time: float = 0.0
    changed_unix_time: float = 0.0
    ref: str = ""

    @property
    def handled(self) -> bool:
        """Whether this commit needs no run any more while it is the head of its branch."""
        return self.state in HANDLED


def record_key(commit: str) -> str:
    """Return the key of a commit's record."""
    return f"commit:{commit}"


def as_record(document: Any) -> PushRecord | None:
    """Return the record in a stored value; None for a missing one, or one of another release that does not fit."""
    try:
        return PushRecord(**document)
    except TypeError:
        return None
