"""The push ledger: every commit that was seen is recorded once, with what became of it.

States of a commit: ``running`` (a run trains it), then one of ``trained``, ``failed`` (with the reason), ``filtered``
(it changed nothing that is watched), ``superseded`` (a newer commit of the branch was trained instead of it) or
``dropped`` (its branch was deleted before a run looked). A superseded or dropped one that is a head again is trained.

The records lie in a small key-value store, in Airflow the asset's state store. It can get, set and delete, but neither
list nor compare-and-set, so each key has one kind of writer: ``sightings`` belongs to the trigger, all others to tasks,
and tasks claim a commit only while they hold the lock of the repository's mirror.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from pushtune.errors import InvalidPushOutcome
from pushtune.watching.push_record import PushRecord, as_record, record_key

RECORDS_LIMIT = 500
OUTCOMES = ("trained", "failed")

HEAD_KEY = "head"
REFS_KEY = "refs"
COMMITS_KEY = "commits"
SIGHTINGS_KEY = "sightings"
CLAIMS_KEY = "claims"
OPEN_KEY = "open"
PENDING_KEY = "pending"
ADVANCE_KEY = "advance"
_SIGHTINGS_LIMIT = 200
_CLAIMS_LIMIT = 200
_REASON_LIMIT_CHARACTERS = 2000


class Store(Protocol):
    """What the ledger needs of a key-value store; the values are JSON data."""

    def get(self, key: str, default: Any = None) -> Any: ...
    def set(self, key: str, value: Any) -> None: ...
    def delete(self, key: str) -> None: ...


@dataclass(frozen=True)
class Place:
    """Where a commit was pushed to.

    Attributes:
        ref: full name of the branch or tag. is_primary: whether it is the primary branch.
        other_heads: commits that are the head of another watched ref now; a run of this one does not pass them over.
    """

    ref: str = ""
    is_primary: bool = True
    other_heads: frozenset[str] = frozenset()

    def is_seen_by(self, sighting: Mapping[str, Any]) -> bool:
        """Return whether the trigger saw ``sighting`` here."""
        return sighting.get("ref", "") in ("", self.ref) if self.is_primary else sighting.get("ref") == self.ref


PRIMARY = Place()


@dataclass
class PushLedger:
    """The ledger of one watched repository, over a store of its own."""

    store: Store
    clock: Callable[[], float] = field(default=time.time)

    def record(self, commit: str) -> PushRecord | None:
        """Return what became of ``commit``; None where it was never seen, or is not among the newest any more."""
        return as_record(self.store.get(record_key(commit)))

    def records(self) -> list[PushRecord]:
        """Return all records, the newest last."""
        found = (self.record(commit) for commit in self.store.get(COMMITS_KEY) or [])
        return [record for record in found if record]

    def base(self, *exclude: str, ref: str | None = None) -> str | None:
        """Return the newest head that was handled; None at the beginning. Those of ``exclude`` are passed over.

        ``ref`` is a branch or tag beside the primary branch; one that was never handled begins at the primary branch.
        """
        commit: str | None = self.own_head(ref) if ref else None
        commit = commit or self.store.get(HEAD_KEY)
        for _ in range(RECORDS_LIMIT):
            record = self.record(commit) if commit else None
            if commit not in exclude and (record is None or record.handled):
                return commit
            commit = record.base if record else None
        return None

    def own_head(self, ref: str) -> str | None:
        """Return the last head of ``ref``, which is not the primary branch, that a run has taken or filtered."""
        heads: dict[str, str] = self.store.get(REFS_KEY) or {}
        return heads.get(ref)

    def keep_refs(self, refs: Mapping[str, str]) -> None:
        """Forget the heads of refs that are not among ``refs`` any more."""
        heads: dict[str, str] = self.store.get(REFS_KEY) or {}
        kept = {ref: head for ref, head in heads.items() if ref in refs}
        if kept != heads:
            self.store.set(REFS_KEY, kept)

    def unrecorded_sightings(self) -> list[dict[str, Any]]:
        """Return what the trigger saw and no run has looked at: ``commit``, ``unix_time`` and ``ref`` of each."""
        known = set(self.store.get(COMMITS_KEY) or []).difference(self._pending_without_record())
        return [{"ref": ""} | seen for seen in self.store.get(SIGHTINGS_KEY) or [] if seen["commit"] not in known]

    def claimed_by(self, run_id: str) -> tuple[str, str]:
        """Return commit and ref that this run claimed before, so that a retry trains the same; empty if none."""
        claim = (self.store.get(CLAIMS_KEY) or {}).get(run_id) or ("", "")
        return (claim, "") if isinstance(claim, str) else (claim[0], claim[1])  # a text in those of an older release

    def open_records(self) -> list[PushRecord]:
        """Return the records of claimed commits that have no end yet, and forget those that have."""
        claimed: list[str] = self.store.get(OPEN_KEY) or []
        found = [record for commit in claimed if (record := self.record(commit)) and record.state == "running"]
        if len(found) < len(claimed):
            self.store.set(OPEN_KEY, [record.commit for record in found])
        return found

    def claim(
        self,
        commit: str,
        run_id: str,
        base: str | None,
        older: list[str],
        *,
        is_head: bool = True,
        at: Place = PRIMARY,
    ) -> None:
        """Record that ``run_id`` trains ``commit``; ``older`` and whatever the trigger saw meanwhile become superseded.

        Repeating a claim changes nothing. A commit that was trained stays trained while it is trained once more.
        """
        if is_head:
            self._plan_advance(commit, older, run_id, at)
        # Before the record: a task that dies in between takes the same commit when it runs again.
        claims = {**(self.store.get(CLAIMS_KEY) or {}), run_id: [commit, at.ref]}
        self.store.set(CLAIMS_KEY, dict(list(claims.items())[-_CLAIMS_LIMIT:]))
        self.store.set(OPEN_KEY, [*dict.fromkeys([*(self.store.get(OPEN_KEY) or []), commit])][-RECORDS_LIMIT:])
        before = self.record(commit)
        if not (before and before.run_id == run_id and before.state == "running"):
            state = "trained" if before and before.state == "trained" else "running"
            self._write([commit], state, "", run_id, at, base=base, runs=(before.runs if before else 0) + 1)
        self.finish_advance(run_id)

    def filter(
        self, commit: str, run_id: str, base: str | None, older: list[str], reason: str, at: Place = PRIMARY
    ) -> None:
        """Record that ``commit`` changed nothing that is watched."""
        self._plan_advance(commit, older, run_id, at)
        self._write([commit], "filtered", reason, run_id, at, base=base)
        self.finish_advance(run_id)

    def refuse(self, commit: str, state: str, reason: str, run_id: str, at: Place = PRIMARY) -> None:
        """Record that ``commit`` is ``failed``, ``filtered`` or ``dropped`` without a training: no base for others."""
        self._write([commit], state, reason, run_id, at)

    def supersede(self, commit: str, head: str, run_id: str, at: Place = PRIMARY) -> None:
        """Record that ``commit`` will not be trained, since ``head`` came after it."""
        self._write([commit], "superseded", head, run_id, at)

    def close(self, commit: str, outcome: str, reason: str, run_id: str) -> None:
        """Record how the training of ``commit`` ended; a commit that was ever trained stays trained.

        Raises:
            InvalidPushOutcome: ``outcome`` is neither ``trained`` nor ``failed``.
        """
        if outcome not in OUTCOMES:
            raise InvalidPushOutcome(f"A push must be closed as one of {OUTCOMES}.", repr(outcome), "Pass one of them.")
        before = self.record(commit)
        if not (before and before.state == "trained" and outcome == "failed"):
            self._write([commit], outcome, reason, run_id, PRIMARY)

    def _plan_advance(self, head: str, older: list[str], run_id: str, at: Place) -> None:
        """Note which commits ``head`` passes before it has a record, so that a death in between loses none of them."""
        sightings = [seen["commit"] for seen in self.store.get(SIGHTINGS_KEY) or [] if at.is_seen_by(seen)]
        passed = dict.fromkeys([*reversed(older[: RECORDS_LIMIT - 1]), *sightings])
        others = [commit for commit in passed if commit != head and commit not in at.other_heads]
        fresh = self._without_record(others)
        plan = {"head": head, "run_id": run_id, "ref": at.ref, "is_primary": at.is_primary, "passed": fresh}
        self.store.set(ADVANCE_KEY, plan)

    def finish_advance(self, run_id: str) -> None:
        """Carry out what a claim has planned, also one of another run that died; without a record nothing was claimed.

        ``run_id``: of the run that asks, which may still be about to write the record.
        """
        plan = self.store.get(ADVANCE_KEY)
        if not plan:
            return
        head, record = plan["head"], self.record(plan["head"])
        if record and record.run_id == plan["run_id"]:
            self._write(self._without_record(plan["passed"]), "superseded", head, plan["run_id"], Place(plan["ref"]))
            if plan["is_primary"]:
                self.store.set(HEAD_KEY, head)
            else:
                self.store.set(REFS_KEY, {**(self.store.get(REFS_KEY) or {}), plan["ref"]: head})
        elif plan["run_id"] == run_id:
            return
        self.store.delete(ADVANCE_KEY)

    def _without_record(self, commits: list[str]) -> list[str]:
        recorded = set(self.store.get(COMMITS_KEY) or []).difference(self._pending_without_record())
        return [commit for commit in commits if commit not in recorded]

    def _pending_without_record(self) -> list[str]:
        """Return those whose names were written, and not their records; it may be noted longer than it is true."""
        return [commit for commit in self.store.get(PENDING_KEY) or [] if self.record(commit) is None]

    def _write(
        self,
        commits: list[str],
        state: str,
        reason: str,
        run_id: str,
        at: Place,
        *,
        base: str | None = None,
        runs: int | None = None,
    ) -> None:
        now = self.clock()
        seen = {sighting["commit"]: sighting["unix_time"] for sighting in self.store.get(SIGHTINGS_KEY) or []}
        known = {commit: self.record(commit) for commit in commits}
        fresh = [commit for commit, record in known.items() if record is None]
        self._remember(fresh)
        for commit, record in known.items():
            before = record or PushRecord(commit, state, seen_unix_time=seen.get(commit, now))
            after = replace(
                before,
                state=state,
                reason=reason[:_REASON_LIMIT_CHARACTERS],
                run_id=run_id,
                runs=before.runs if runs is None else runs,
                base=base or before.base,
                changed_unix_time=now,
                ref=at.ref or before.ref,
            )
            self.store.set(record_key(commit), asdict(after))
        if fresh:
            self._keep_pending([commit for commit in self.store.get(PENDING_KEY) or [] if commit not in known])

    def _remember(self, commits: list[str]) -> None:
        """Keep the names of new commits, before their records, and forget the oldest beyond the limit."""
        if not commits:
            return
        # A task may die before the last record is written: its commits are still to be recorded then.
        self._keep_pending([*dict.fromkeys([*(self.store.get(PENDING_KEY) or []), *commits])])
        known = [*dict.fromkeys([*(self.store.get(COMMITS_KEY) or []), *commits])]
        needed = self._needed()
        forgotten = [commit for commit in known if commit not in needed][: max(0, len(known) - RECORDS_LIMIT)]
        for old in forgotten:
            self.store.delete(record_key(old))
        kept = set(known).difference(forgotten)
        self.store.set(COMMITS_KEY, [commit for commit in known if commit in kept])

    def _needed(self) -> set[str]:
        """Return the commits that would be trained again, or have another end, if they were forgotten."""
        heads: dict[str, str] = self.store.get(REFS_KEY) or {}
        plan = self.store.get(ADVANCE_KEY) or {}
        needed = {self.store.get(HEAD_KEY), plan.get("head"), *heads.values(), *(self.store.get(OPEN_KEY) or [])}
        return needed | {sighting["commit"] for sighting in self.store.get(SIGHTINGS_KEY) or []}

    def _keep_pending(self, commits: list[str]) -> None:
        if commits:
            self.store.set(PENDING_KEY, commits[-RECORDS_LIMIT:])
        else:
            self.store.delete(PENDING_KEY)


def close_push(store: Store, push: dict[str, Any] | None, outcome: str, reason: str, run_id: str) -> None:
    """Record how a run ended: the last thing that it does, whether it went well or not.

    Args:
        store: ``context["asset_state_store"]`` of a task whose only inlet is the watched asset.
        push: what the GitSensor returned; None (the sensor skipped or failed) records nothing.
        outcome: ``trained`` or ``failed``. reason: one sentence for a person. run_id: of this run.

    Raises:
        InvalidPushOutcome: another outcome.
    """
    if push is not None:
        PushLedger(store).close(push["commit"], outcome, reason, run_id)


def with_sighting(sightings: Any, commit: str, unix_time: float, ref: str = "") -> list[Any]:
    """Return the trigger's list of sightings with ``commit`` added once, the newest last."""
    known = list(sightings or [])
    if any(sighting["commit"] == commit for sighting in known):
        return known
    return [*known, {"commit": commit, "unix_time": unix_time, "ref": ref}][-_SIGHTINGS_LIMIT:]
