"""What wakes a run: the watcher of a repository's asset, and the wait for a repository that does not answer.

``PushTrigger`` is level-triggered: while the head of the branch is unhandled in the push ledger it emits an event, at
first sight and then again after growing pauses. So an event that Airflow merges with another, drops because the DAG is
paused, or loses because a process dies, only costs time. A superfluous event costs little: the GitSensor skips its run.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from airflow.sdk import Asset, AssetWatcher, BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

from pushtune.errors import AuthenticationRefused, PushtuneError, RepositoryUnreachable
from pushtune.settings import Settings, load_settings
from pushtune.watching.credentials import Credentials, credentials_from
from pushtune.watching.git_remote import check_remote, resolve_head
from pushtune.watching.push_ledger import SIGHTINGS_KEY, as_record, record_key, with_sighting
from pushtune.watching.push_table import ASSET_PREFIX
from pushtune.watching.wakes import WakeBoard
from pushtune.watching.watched_repositories import WatchedRepository

POLLS_AT_ONCE = 8
ERROR_PAUSE_LIMIT_SECONDS = 120.0
FIRST_WAKE_PAUSE_SECONDS = 60.0
WAKE_PAUSE_LIMIT_SECONDS = 3600.0

# git blocks: threads keep the triggerer's event loop free, and their number bounds what many repositories may cost.
_pollers = ThreadPoolExecutor(POLLS_AT_ONCE, thread_name_prefix="pushtune-poll")


@cache
def wake_board() -> WakeBoard:
    """Return what tells the triggers of this process that a webhook asks for a look."""
    return WakeBoard(load_settings().home)


class PushTrigger(BaseEventTrigger):
    """Emits an event while the head of a watched branch has not been handled.

    Args:
        dag_id: the DAG that trains this repository; while one of its runs is active no event is repeated.
        url, branch, connection_id: see WatchedRepository.
        poll_interval_seconds: pause between two looks. git_timeout_seconds: limit of one look.
    """

    def __init__(
        self,
        dag_id: str,
        url: str,
        branch: str,
        connection_id: str | None = None,
        poll_interval_seconds: float = 30,
        git_timeout_seconds: float = 30,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dag_id = dag_id
        self.url = url
        self.branch = branch
        self.connection_id = connection_id
        self.poll_interval_seconds = poll_interval_seconds
        self.git_timeout_seconds = git_timeout_seconds
        self._errors = 0
        self._error_text = ""
        self._branch_missing = False
        self._settled_head: str | None = None
        self._woken_for: str | None = None
        self._wake_pause_seconds = FIRST_WAKE_PAUSE_SECONDS
        self._next_wake = 0.0

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and what builds an equal trigger."""
        names = ("dag_id", "url", "branch", "connection_id", "poll_interval_seconds", "git_timeout_seconds")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the branch for ever; no failure ends it, since nobody would start it again."""
        while True:
            pause = self.poll_interval_seconds
            try:
                head = await self._head()
                self._recovered()
                if head and await self._is_due(head):
                    yield _event(commit=head, branch=self.branch)
            except Exception as error:  # of git, of the API server, of a secrets backend
                pause = self._failed(error)
            await wake_board().pause(self.dag_id, pause)

    async def _head(self) -> str | None:
        """Return the commit of the branch; None while there is no such branch, which is nothing unusual."""
        look = partial(
            resolve_head,
            self.url,
            self.branch,
            timeout_seconds=self.git_timeout_seconds,
            credentials=await fetch_credentials_async(self.connection_id),
        )
        head = await asyncio.get_running_loop().run_in_executor(_pollers, look)
        if (head is None) is not self._branch_missing:
            self._branch_missing = head is None
            self.log.info(
                "%s: the branch %r %s", self.dag_id, self.branch, "is not there" if head is None else "is there"
            )
        return head

    async def _is_due(self, head: str) -> bool:
        """Return whether an event for ``head`` is due now, and keep what the next decision needs."""
        if head == self._settled_head:
            return False  # nothing to ask the API server for
        store = self.asset_state_store
        record = as_record(await store.aget(record_key(head))) if store else None
        if record and record.handled:
            self._woken_for = None
            self._settled_head = head if record.state != "running" else None
            return False
        now = time.monotonic()
        if head != self._woken_for:
            if store:
                await store.aset(SIGHTINGS_KEY, with_sighting(await store.aget(SIGHTINGS_KEY), head, time.time()))
            self._woken_for, self._wake_pause_seconds = head, FIRST_WAKE_PAUSE_SECONDS
        elif now < self._next_wake or await self._has_active_run():
            return False
        self._next_wake = now + self._wake_pause_seconds
        self._wake_pause_seconds = min(2 * self._wake_pause_seconds, WAKE_PAUSE_LIMIT_SECONDS)
        return True

    async def _has_active_run(self) -> bool:
        """Return whether a run is active: it, or the one that waits behind it, will look at the head itself."""
        from airflow.sdk.execution_time.comms import GetDRCount
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        answer = await SUPERVISOR_COMMS.asend(GetDRCount(dag_id=self.dag_id, states=["queued", "running"]))
        return bool(getattr(answer, "count", 0))

    def _recovered(self) -> None:
        if self._errors:
            self.log.info("%s answers again after %d failures", self.dag_id, self._errors)
        self._errors, self._error_text = 0, ""

    def _failed(self, error: Exception) -> float:
        """Log a failure once, and return the growing pause before the next look."""
        self._errors += 1
        if str(error) != self._error_text:
            self._error_text = str(error)
            expected = isinstance(error, PushtuneError)
            self.log.warning("%s cannot be watched: %s", self.dag_id, error, exc_info=None if expected else error)
        longest = max(self.poll_interval_seconds, ERROR_PAUSE_LIMIT_SECONDS)
        return float(min(self.poll_interval_seconds * 2 ** min(self._errors, 20), longest))


class HeadTrigger(BaseTrigger):
    """Waits until a repository answers, whatever the answer, or until ``deadline_unix_time``.

    Its event is ``{"answered": bool, "error": str}``; ``error`` is the last failure when the time was over.
    """

    def __init__(
        self,
        url: str,
        branch: str,
        deadline_unix_time: float,
        connection_id: str | None = None,
        poll_interval_seconds: float = 5,
        git_timeout_seconds: float = 30,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url
        self.branch = branch
        self.deadline_unix_time = deadline_unix_time
        self.connection_id = connection_id
        self.poll_interval_seconds = poll_interval_seconds
        self.git_timeout_seconds = git_timeout_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and what builds an equal trigger."""
        names = ("url", "branch", "deadline_unix_time", "connection_id", "poll_interval_seconds", "git_timeout_seconds")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look with growing pauses, and emit one event."""
        pause, text = self.poll_interval_seconds, "the time was over before the first look"
        while time.time() < self.deadline_unix_time:
            try:
                await self._look()
                yield _event(answered=True, error="")
                return
            except RepositoryUnreachable as error:
                text = str(error)
                self.log.info("Waiting %.0f s: %s", pause, error)
            await asyncio.sleep(max(0.0, min(pause, self.deadline_unix_time - time.time())))
            pause = min(2 * pause, ERROR_PAUSE_LIMIT_SECONDS)
        yield _event(answered=False, error=text)

    async def _look(self) -> None:
        look = partial(
            check_remote,
            self.url,
            self.branch,
            timeout_seconds=self.git_timeout_seconds,
            credentials=await fetch_credentials_async(self.connection_id),
        )
        try:
            await asyncio.get_running_loop().run_in_executor(_pollers, look)
        except RepositoryUnreachable:
            raise
        except PushtuneError:
            return  # an answer too: the sensor says what it means


def _event(**payload: Any) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]


def watched_asset(repository: WatchedRepository, settings: Settings | None = None) -> Asset:
    """Return the asset that stands for pushes to ``repository``, with the watcher that emits its events.

    Schedule the DAG by it; give it as the only inlet to tasks that need the push ledger (never as an outlet: a task's
    success would wake the DAG again).
    """
    settings = settings or load_settings()
    trigger = PushTrigger(
        repository.name,
        repository.url,
        repository.branch,
        repository.connection_id,
        repository.poll_interval_seconds or settings.poll_interval_seconds,
        min(settings.git_timeout_seconds, 30.0),
    )
    name = f"{ASSET_PREFIX}{repository.name}"
    watchers = [AssetWatcher(name=name, trigger=trigger)] if repository.watch else []
    return Asset(name=name, uri=f"x-pushtune://{name}", watchers=watchers)


def fetch_credentials(connection_id: str | None) -> Credentials | None:
    """Return the credentials in the Airflow connection ``connection_id``; None without one. For tasks.

    Raises:
        AuthenticationRefused: there is no such connection.
    """
    if connection_id is None:
        return None
    try:
        return credentials_from(BaseHook.get_connection(connection_id))
    except AirflowNotFoundException as error:
        raise _connection_missing(connection_id) from error


async def fetch_credentials_async(connection_id: str | None) -> Credentials | None:
    """Return what ``fetch_credentials`` does. For triggers."""
    if connection_id is None:
        return None
    try:
        return credentials_from(await BaseHook.aget_connection(connection_id))
    except AirflowNotFoundException as error:
        raise _connection_missing(connection_id) from error


def _connection_missing(connection_id: str) -> AuthenticationRefused:
    return AuthenticationRefused(
        "The Airflow connection that connection_id names must exist.",
        repr(connection_id),
        f"Add it: airflow connections add {connection_id} --conn-type generic --conn-login ... --conn-password ...",
    )
