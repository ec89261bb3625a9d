"""When the watcher of a repository wakes a run: what it has seen, compared with what the push ledger says."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from pushtune.watching.push_ledger import COMMITS_KEY, SIGHTINGS_KEY, with_sighting
from pushtune.watching.push_record import PushRecord, as_record, record_key

FIRST_WAKE_PAUSE_SECONDS = 60.0
WAKE_PAUSE_LIMIT_SECONDS = 3600.0


class AsyncStore(Protocol):
    """What is needed of the ledger's store in a trigger."""

    async def aget(self, key: str, default: Any = None) -> Any: ...
    async def aset(self, key: str, value: Any) -> None: ...


class DueHeads:
    """Decides, look by look, whether a run has to be woken; ``clock`` only says when a commit was seen, for people.

    A head is due while the ledger does not call it handled, and where it calls it running while no run is active: its
    run was deleted, or has ended without a word. A head that was due and is none any more, since its branch was deleted
    or went back to an older commit, is due until a run has written down what became of it.
    """

    def __init__(
        self, first_pause_seconds: float = FIRST_WAKE_PAUSE_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._first_pause_seconds = first_pause_seconds
        self._settled: set[str] = set()
        self._unsettled: dict[str, str] | None = None
        self._woken_for: dict[str, str] = {}
        self._pause_seconds = first_pause_seconds
        self._next_wake = 0.0

    async def wake_for(
        self, refs: Mapping[str, str], store: AsyncStore | None, is_busy: Callable[[], Awaitable[bool]]
    ) -> dict[str, str]:
        """Return the due commits with their refs if a run has to be woken for them now; nothing otherwise.

        A change of what is due wakes at once, and again after growing pauses while no run is active.

        Args:
            refs: ref -> commit of all that is watched, as the repository says now.
            is_busy: tells whether a run is active, which will look at the repository itself.
        """
        due = await self._due(refs, store, is_busy)
        if self._unsettled is None:
            self._unsettled = await _unrecorded(store)
        await self._keep_sightings(due, self._unsettled, store)
        due |= await self._passed(refs, due, self._unsettled, store)
        now = time.monotonic()
        if due != self._woken_for:
            self._woken_for, self._pause_seconds = due, self._first_pause_seconds
        elif not due or now < self._next_wake or await is_busy():
            return {}
        self._next_wake = now + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, WAKE_PAUSE_LIMIT_SECONDS)
        return due

    async def _due(
        self, refs: Mapping[str, str], store: AsyncStore | None, is_busy: Callable[[], Awaitable[bool]]
    ) -> dict[str, str]:
        heads: dict[str, str] = {}
        for ref, commit in refs.items():
            heads.setdefault(commit, ref)  # of two refs with the same head, the one that comes first
        self._settled &= set(heads)
        due = {}
        for commit in [commit for commit in heads if commit not in self._settled]:
            record = await _record(store, commit)
            if record is None or not record.handled or (record.state == "running" and not await is_busy()):
                due[commit] = heads[commit]
            elif record.state != "running":
                self._settled.add(commit)  # nothing to ask the API server for any more
        return due

    async def _keep_sightings(
        self, due: Mapping[str, str], unsettled: dict[str, str], store: AsyncStore | None
    ) -> None:
        fresh = {commit: ref for commit, ref in due.items() if commit not in unsettled}
        if fresh and store is not None:
            sightings = await store.aget(SIGHTINGS_KEY)
            for commit, ref in fresh.items():
                sightings = with_sighting(sightings, commit, self._clock(), ref)
            await store.aset(SIGHTINGS_KEY, sightings)
        unsettled.update(fresh)  # last: what could not be written is fresh at the next look as well

    async def _passed(
        self, refs: Mapping[str, str], due: Mapping[str, str], unsettled: dict[str, str], store: AsyncStore | None
    ) -> dict[str, str]:
        heads, due_refs = set(refs.values()), set(due.values())
        passed = {}
        for commit, ref in list(unsettled.items()):
            if commit in due or ref in due_refs:
                continue  # the run that takes the ref's head writes down what became of this one
            if await _record(store, commit) is not None or store is None:
                del unsettled[commit]
            elif commit not in heads:
                passed[commit] = ref
        return passed


async def _unrecorded(store: AsyncStore | None) -> dict[str, str]:
    """Return commit -> ref of what an earlier process saw and no run has written down."""
    if store is None:
        return {}
    recorded = set(await store.aget(COMMITS_KEY) or [])
    return {
        sighting["commit"]: sighting.get("ref", "")
        for sighting in await store.aget(SIGHTINGS_KEY) or []
        if sighting["commit"] not in recorded
    }


async def _record(store: AsyncStore | None, commit: str) -> PushRecord | None:
    return as_record(await store.aget(record_key(commit))) if store else None
