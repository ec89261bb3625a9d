"""Which commit a run trains, if any: the repository and the ledger compared, under the lock of the mirror."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pushtune.watching.mirror import Mirror
from pushtune.watching.path_filter import first_relevant
from pushtune.watching.push_ledger import RECORDS_LIMIT, PushLedger, PushRecord
from pushtune.watching.repository_url import redacted
from pushtune.watching.watched_repositories import WatchedRepository

CAUSES = ("push", "schedule", "manual")


@dataclass(frozen=True)
class NothingToTrain:
    """The run has no work, for this reason."""

    reason: str


@dataclass(frozen=True)
class PushDecision:
    """What one run needs to know to decide.

    Attributes:
        cause: one of ``CAUSES``: what started the run. Only a ``push`` is held against the ledger and the path filters.
        run_state: tells a run's state by its id; None for a run that does not exist any more.
    """

    repository: WatchedRepository
    ledger: PushLedger
    mirror: Mirror
    run_id: str
    cause: str
    run_state: Callable[[str], str | None]

    def take(self, asked_commit: str = "") -> dict[str, Any] | NothingToTrain:
        """Claim the commit that this run trains: ``asked_commit``, or the head of the branch.

        A run that claimed a commit before gets the same one again, so that a retry changes nothing.

        Returns: see GitSensor.
        Raises: what Mirror.look, Mirror.fetch and Mirror.find_commit raise.
        """
        branch = self.repository.branch
        claimed = self.ledger.claimed_by(self.run_id)
        if claimed or asked_commit:
            with self.mirror.locked():
                if not (claimed and self.mirror.has(claimed)):
                    self.mirror.fetch(branch)
                return self._claim(self.mirror.find_commit(claimed or asked_commit), is_head=False)
        handled = self._handled(self.mirror.look(branch))
        if handled:
            return handled
        with self.mirror.locked():
            head = self.mirror.fetch(branch)  # may be newer than what the look saw
            return self._handled(head) or self._filtered(head) or self._claim(head, is_head=True)

    def _handled(self, head: str) -> NothingToTrain | None:
        record = self._settled(head)
        if self.cause != "push" or record is None or not record.handled:
            return None
        return NothingToTrain(f"{head[:12]} is not new: {record.state}, by {record.run_id}.")

    def _filtered(self, head: str) -> NothingToTrain | None:
        base = self._base(head)
        paths, ignored = self.repository.paths, self.repository.ignore_paths
        watches_all = not paths and not ignored
        if self.cause != "push" or watches_all or base is None or not self.mirror.has(base):
            return None
        with contextlib.closing(self.mirror.changed_paths(base, head)) as changed:
            if first_relevant(changed, paths, ignored) is not None:
                return None
        reason = f"No watched file changed between {base[:12]} and {head[:12]}."
        self.ledger.filter(head, self.run_id, base, self._older(base, head), reason)
        return NothingToTrain(reason)

    def _claim(self, commit: str, *, is_head: bool) -> dict[str, Any]:
        base = self._base(commit)
        older = self._older(base, commit) if is_head else []
        self.ledger.claim(commit, self.run_id, base, older, is_head=is_head)
        return {
            "commit": commit,
            "short_commit": commit[:12],
            "branch": self.repository.branch,
            "repository": redacted(self.repository.url),
            "previous_commit": base,
            "cause": self.cause,
            "superseded": len(older),
            **self.mirror.describe(commit),
        }

    def _older(self, base: str | None, head: str) -> list[str]:
        return self.mirror.commits_between(base, head, RECORDS_LIMIT)

    def _base(self, head: str) -> str | None:
        """Return the newest handled commit before ``head``, after settling those whose run vanished."""
        while base := self.ledger.base(exclude=head):
            if self.ledger.record(base) is None or self._settled(base):
                break
            self.ledger.supersede(base, head, self.run_id)
        return base

    def _settled(self, commit: str) -> PushRecord | None:
        """Return the record of ``commit``; None if its run was deleted. A run that ended silently is closed first."""
        record = self.ledger.record(commit)
        if record is None or record.state != "running" or record.run_id == self.run_id:
            return record
        state = self.run_state(record.run_id)
        if state in ("success", "failed"):
            self.ledger.close(commit, "failed", "The run ended without recording an outcome.", record.run_id)
        return self.ledger.record(commit) if state else None
