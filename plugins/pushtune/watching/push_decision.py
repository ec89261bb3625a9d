"""Which commit a run trains, if any: the repository and the ledger compared, under the lock of the mirror."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pushtune.errors import BranchMissing, CheckoutRefused, CommitMissing
from pushtune.watching.mirror import Mirror
from pushtune.watching.path_filter import first_relevant
from pushtune.watching.push_ledger import RECORDS_LIMIT, Place, PushLedger
from pushtune.watching.push_record import PushRecord
from pushtune.watching.ref_patterns import branch_ref, patterns_of, short_name
from pushtune.watching.repository_url import redacted
from pushtune.watching.watched_repositories import WatchedRepository

CAUSES = ("push", "schedule", "manual")


@dataclass(frozen=True)
class NothingToTrain:
    """The run has no work, for this reason."""

    reason: str


GONE = NothingToTrain("What was pushed is gone: nothing that is watched is there any more.")


@dataclass(frozen=True)
class PushDecision:
    """What one run needs to know to decide.

    Attributes:
        cause: one of ``CAUSES``: what started the run. Only a ``push`` is held against the ledger and the path filters,
            and may be one to a further branch or a tag.
        run_state: tells a run's state by its id; None for a run that does not exist any more.
    """

    repository: WatchedRepository
    ledger: PushLedger
    mirror: Mirror
    run_id: str
    cause: str
    run_state: Callable[[str], str | None]

    def take(self, asked_commit: str = "") -> dict[str, Any] | NothingToTrain:
        """Claim the commit that this run trains: ``asked_commit``, or a head, of several the one that was seen first.

        A run that claimed a commit before gets the same one again, so that a retry changes nothing.

        Returns: see GitSensor.
        Raises: what Mirror.look, Mirror.fetch and Mirror.find_commit raise.
        """
        claimed, ref = self.ledger.claimed_by(self.run_id)
        if claimed or asked_commit:
            with self.mirror.locked():
                place = self._place_of(claimed or asked_commit, ref)
                if not (claimed and self.mirror.has(claimed)):
                    self.mirror.fetch(branch_ref(self.repository.branch))
                return self._claim(self.mirror.find_commit(claimed or asked_commit), place, is_head=False)
        if self.cause != "push":
            heads = self.mirror.look_at(patterns_of(self.repository))
            if branch_ref(self.repository.branch) not in heads:
                self.mirror.look(self.repository.branch)  # says why it is not there
            with self.mirror.locked():
                return self._take_head(branch_ref(self.repository.branch), heads)
        return self._take_push(self.mirror.look_at(patterns_of(self.repository)))

    def _take_push(self, heads: dict[str, str]) -> dict[str, Any] | NothingToTrain:
        """Take a head of ``heads`` (ref -> commit); the primary branch may be missing while others are there."""
        seen = {sighting["commit"]: position for position, sighting in enumerate(self.ledger.unrecorded_sightings())}
        waiting = sorted(heads, key=lambda ref: seen.get(heads[ref], len(seen)))
        reasons = []
        taken: dict[str, Any] | NothingToTrain | None = None
        for ref in waiting:
            taken = self._handled(heads[ref])
            if taken is None:
                with self.mirror.locked():
                    taken = self._take_or_refuse(ref, heads)  # may be newer than what the look saw
            if not isinstance(taken, NothingToTrain):
                break
            reasons.append(taken)
        with self.mirror.locked():
            self._write_off(heads)
        return taken if taken and not isinstance(taken, NothingToTrain) else next(iter(reasons), GONE)

    def _take_or_refuse(self, ref: str, heads: dict[str, str]) -> dict[str, Any] | NothingToTrain:
        """Take the head of ``ref``; one that can never be trained is recorded, so that it does not hold up others."""
        place = self._place(ref, heads)
        try:
            return self._take_head(ref, heads)
        except BranchMissing:
            del heads[ref]  # deleted since the look
            return NothingToTrain(f"{short_name(ref)} is gone.")
        except CommitMissing as error:
            self.ledger.refuse(heads[ref], "filtered", str(error), self.run_id, place)
            return NothingToTrain(str(error))
        except CheckoutRefused as error:
            self.ledger.refuse(heads[ref], "failed", str(error), self.run_id, place)
            raise

    def _take_head(self, ref: str, heads: Mapping[str, str]) -> dict[str, Any] | NothingToTrain:
        head, place = self.mirror.fetch(ref), self._place(ref, heads)
        return self._handled(head) or self._filtered(head, place) or self._claim(head, place, is_head=True)

    def _handled(self, head: str) -> NothingToTrain | None:
        record = self._settled(head)
        if self.cause != "push" or record is None or not record.handled:
            return None
        return NothingToTrain(f"{head[:12]} is not new: {record.state}, by {record.run_id}.")

    def _filtered(self, head: str, place: Place) -> NothingToTrain | None:
        base, vanished = self._base(head, place)
        paths, ignored = self.repository.paths, self.repository.ignore_paths
        watches_all = not paths and not ignored
        if self.cause != "push" or watches_all or base is None or not self.mirror.has(base):
            return None
        with contextlib.closing(self.mirror.changed_paths(base, head)) as changed:
            if first_relevant(changed, paths, ignored) is not None:
                return None
        reason = f"No watched file changed between {base[:12]} and {head[:12]}."
        self.ledger.filter(head, self.run_id, base, self._older(base, head), reason, place)
        self._supersede(vanished, head, place)
        return NothingToTrain(reason)

    def _claim(self, commit: str, place: Place, *, is_head: bool) -> dict[str, Any]:
        base, vanished = self._base(commit, place)
        older = self._older(base, commit) if is_head else []
        self.ledger.claim(commit, self.run_id, base, older, is_head=is_head, at=place)
        self._supersede(vanished, commit, place)
        return {
            "commit": commit,
            "short_commit": commit[:12],
            "branch": short_name(place.ref),
            "ref": place.ref,
            "repository": redacted(self.repository.url),
            "previous_commit": base,
            "cause": self.cause,
            "superseded": len(older),
            **self.mirror.describe(commit),
        }

    def _older(self, base: str | None, head: str) -> list[str]:
        return self.mirror.commits_between(base, head, RECORDS_LIMIT)

    def _base(self, head: str, place: Place) -> tuple[str | None, list[str]]:
        """Return the newest handled commit before ``head``, and those between them whose run vanished."""
        self.ledger.finish_advance(self.run_id)
        own = None if place.is_primary else place.ref
        vanished: list[str] = []
        while base := self.ledger.base(head, *vanished, ref=own):
            if self.ledger.record(base) is None or self._settled(base):
                break
            if own and self.ledger.own_head(own) is None:
                return None, []  # it is the primary branch's, whose own next run settles it
            vanished.append(base)
        return base, vanished

    def _supersede(self, vanished: list[str], head: str, place: Place) -> None:
        for commit in vanished:
            if commit not in place.other_heads:
                self.ledger.supersede(commit, head, self.run_id, place)

    def _settled(self, commit: str) -> PushRecord | None:
        """Return the record of ``commit``; None if its run was deleted. A run that ended silently is closed first."""
        record = self.ledger.record(commit)
        if record is None or record.state != "running" or record.run_id == self.run_id:
            return record
        state = self.run_state(record.run_id)
        if state in ("success", "failed"):
            self.ledger.close(commit, "failed", "The run ended without recording an outcome.", record.run_id)
        return self.ledger.record(commit) if state else None

    def _write_off(self, heads: Mapping[str, str]) -> None:
        """Record what became of the commits that nothing watched leads to any more: seen ones, and ended runs' ones."""
        self.ledger.finish_advance(self.run_id)
        self.ledger.keep_refs(heads)
        current = set(heads.values())
        for record in self.ledger.open_records():
            if self._settled(record.commit) is None:  # a head is taken by a later run, as any that is not handled
                self.ledger.refuse(record.commit, "dropped", "Its run was deleted.", record.run_id, Place(record.ref))
        for seen in self.ledger.unrecorded_sightings():
            ref = seen["ref"] or branch_ref(self.repository.branch)
            if seen["commit"] in current:
                continue
            if ref not in heads:
                reason = f"{short_name(ref)} was deleted before a run looked at it."
                self.ledger.refuse(seen["commit"], "dropped", reason, self.run_id, Place(ref))
            elif self.ledger.record(heads[ref]) is not None:
                self.ledger.supersede(seen["commit"], heads[ref], self.run_id, Place(ref))

    def _place(self, ref: str, heads: Mapping[str, str]) -> Place:
        others = frozenset(commit for other, commit in heads.items() if other != ref)
        return Place(ref, ref == branch_ref(self.repository.branch), others)

    def _place_of(self, commit: str, claimed_ref: str) -> Place:
        """Return where ``commit`` was pushed to, as far as the ledger knows it; the primary branch otherwise."""
        record = self.ledger.record(commit)
        known = claimed_ref or (record.ref if record else "")
        return self._place(known or branch_ref(self.repository.branch), {})
