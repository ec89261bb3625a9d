"""What wakes a run: the watcher of a repository's asset, and the wait for a repository that does not answer.

``PushTrigger`` is level-triggered: while a watched head is unhandled in the push ledger it emits an event, at first
sight and then again after growing pauses. So an event that Airflow merges with another, drops because the DAG is
paused, or loses because a process dies, only costs time. A superfluous event costs little: the GitSensor skips its run.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from airflow.sdk import Asset, AssetWatcher, BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

from pushtune.errors import AuthenticationRefused, PushtuneError, RepositoryUnreachable
from pushtune.moments import moment_in, present
from pushtune.settings import Settings, load_settings
from pushtune.watching.credentials import Credentials, credentials_from
from pushtune.watching.due_heads import FIRST_WAKE_PAUSE_SECONDS, DueHeads
from pushtune.watching.git_remote import check_remote, list_refs
from pushtune.watching.push_table import ASSET_PREFIX
from pushtune.watching.ref_patterns import REFS_LIMIT, branch_ref, patterns_of, select, short_name
from pushtune.watching.wakes import WakeBoard
from pushtune.watching.watched_repositories import WatchedRepository

POLLS_AT_ONCE = 8
ERROR_PAUSE_LIMIT_SECONDS = 120.0

# git blocks: threads keep the triggerer's event loop free, and their number bounds what many repositories may cost.
_pollers = ThreadPoolExecutor(POLLS_AT_ONCE, thread_name_prefix="pushtune-poll")


@cache
def wake_board() -> WakeBoard:
    """Return what tells the triggers of this process that a webhook asks for a look."""
    return WakeBoard(load_settings().home)


class PushTrigger(BaseEventTrigger):
    """Emits an event while the head of a watched branch, or a watched tag, has not been handled.

    Args:
        dag_id: the DAG that trains this repository; while one of its runs is active no event is repeated.
        url, branch, connection_id: see WatchedRepository.
        poll_interval_seconds: pause between two looks. git_timeout_seconds: limit of one look.
        more_refs: patterns of further branches and of tags (see ref_patterns.patterns_of).
    """

    def __init__(
        self,
        dag_id: str,
        url: str,
        branch: str,
        connection_id: str | None = None,
        poll_interval_seconds: float = 30,
        git_timeout_seconds: float = 30,
        more_refs: Sequence[str] = (),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dag_id = dag_id
        self.url = url
        self.branch = branch
        self.connection_id = connection_id
        self.poll_interval_seconds = poll_interval_seconds
        self.git_timeout_seconds = git_timeout_seconds
        self.more_refs = list(more_refs)
        self._patterns = (branch_ref(branch), *self.more_refs)
        self._heads = DueHeads(FIRST_WAKE_PAUSE_SECONDS)
        self._errors = 0
        self._error_text = ""
        self._branch_missing = False
        self._left_out = 0

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and what builds an equal trigger."""
        names = ("dag_id", "url", "branch", "connection_id", "poll_interval_seconds", "git_timeout_seconds")
        arguments = {name: getattr(self, name) for name in names}
        if self.more_refs:  # left out otherwise: Airflow keeps the trigger of a DAG whose arguments stay the same
            arguments["more_refs"] = self.more_refs
        return f"{__name__}.{type(self).__name__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the repository for ever; no failure ends it, since nobody would start it again."""
        while True:
            pause = self.poll_interval_seconds
            try:
                refs = await self._look()
                self._recovered()
                due = await self._heads.wake_for(refs, self.asset_state_store, self._has_active_run)
                for commit, ref in list(due.items())[:1]:
                    yield _event(commit=commit, branch=short_name(ref))
            except Exception as error:  # of git, of the API server, of a secrets backend
                pause = self._failed(error)
            await wake_board().pause(self.dag_id, pause)

    async def _look(self) -> dict[str, str]:
        """Return ref -> commit of what is watched; a missing branch is nothing unusual."""
        look = partial(
            list_refs,
            self.url,
            self._patterns,
            timeout_seconds=self.git_timeout_seconds,
            credentials=await fetch_credentials_async(self.connection_id),
        )
        refs, left_out = select(await asyncio.get_running_loop().run_in_executor(_pollers, look), self._patterns)
        missing = self._patterns[0] not in refs
        if missing is not self._branch_missing:
            self._branch_missing = missing
            self.log.info("%s: the branch %r %s", self.dag_id, self.branch, "is not there" if missing else "is there")
        if left_out != self._left_out:
            self._left_out = left_out
            self.log.warning(
                "%s: at most %d branches and tags are watched, the primary branch and then by name. Received: %d more. "
                "Narrow 'branches' and 'tags' of its entry.",
                self.dag_id,
                REFS_LIMIT,
                left_out,
            )
        return refs

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
    """Waits until a repository answers, whatever the answer, or for ``limit_seconds`` since ``since`` (see ``Moment``).

    Its event is ``{"answered": bool, "error": str}``; ``error`` is the last failure when the time was over. After
    ``failures`` waits in vain, since what it answers does not help, it pauses first, longer each time.
    """

    def __init__(
        self,
        url: str,
        branch: str,
        since: dict[str, Any],
        limit_seconds: float,
        connection_id: str | None = None,
        poll_interval_seconds: float = 5,
        git_timeout_seconds: float = 30,
        failures: int = 0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url
        self.branch = branch
        self.since = since
        self.failures = failures
        self.limit_seconds = limit_seconds
        self.connection_id = connection_id
        self.poll_interval_seconds = poll_interval_seconds
        self.git_timeout_seconds = git_timeout_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and what builds an equal trigger."""
        arguments = {"url": self.url, "branch": self.branch, "since": self.since, "limit_seconds": self.limit_seconds}
        for name in ("connection_id", "poll_interval_seconds", "git_timeout_seconds", "failures"):
            arguments[name] = getattr(self, name)
        return f"{__name__}.{type(self).__name__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look with growing pauses, and emit one event."""
        pause = self.poll_interval_seconds
        if self.failures:
            await asyncio.sleep(min(pause * 2 ** min(self.failures, 20), ERROR_PAUSE_LIMIT_SECONDS))
        while True:
            try:
                await self._look()
                yield _event(answered=True, error="")
                return
            except RepositoryUnreachable as error:
                left = self.limit_seconds - moment_in(self.since).seconds_until(present())
                if left <= 0:
                    yield _event(answered=False, error=str(error))
                    return
                self.log.info("Waiting %.0f s: %s", min(pause, left), error)
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, ERROR_PAUSE_LIMIT_SECONDS)

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
        patterns_of(repository)[1:],
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
