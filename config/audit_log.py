"""Lets the API server write its audit log in a thread, where Airflow 3.3 does it on the event loop.

With SQLite one request at a time may write. The transaction of a request ends when the event loop gets to it; so a
request that waits on the event loop for its turn to write waits for what only the event loop could end, and with it
everything that asks the API server, until the wait for the lock is over (a minute). Two clicks at once were enough.
"""

import functools
from typing import Any

from airflow.api_fastapi.logging import decorators
from starlette.concurrency import run_in_threadpool


class _CommitLater:
    """A session whose ``commit`` is only noted."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.is_wanted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def commit(self) -> None:
        """Note that it was asked for."""
        self.is_wanted = True


def write_beside_the_event_loop() -> None:
    """Wrap ``action_logging``; call before the routes, which take it when they are imported."""
    original = decorators.action_logging

    @functools.wraps(original)
    def action_logging(event: str | None = None) -> Any:
        write = original(event)

        @functools.wraps(write)
        async def log_action(request: Any, session: Any, user: Any) -> None:
            later = _CommitLater(session)
            await write(request, later, user)
            if later.is_wanted:
                await run_in_threadpool(session.commit)

        return log_action

    decorators.action_logging = action_logging
