"""How the webhook wakes the watcher: an empty file per repository, which the triggerer finds and removes.

The API server and the triggerer are two processes, on several hosts perhaps; what both see is the installation's home.
"""

import asyncio
import contextlib
from collections import defaultdict
from pathlib import Path

LISTING_INTERVAL_SECONDS = 0.5


def wakes_folder(home: Path) -> Path:
    """Return the folder of the files that ask for a look."""
    return home / "wakes"


def ask_for_look(home: Path, name: str) -> None:
    """Ask the watcher of the repository ``name`` to look at once. ``name`` must be that of an entry."""
    folder = wakes_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()


class WakeBoard:
    """Tells the waiting triggers of one process: one listing of one small folder, however many repositories wait."""

    def __init__(self, home: Path) -> None:
        self._folder = wakes_folder(home)
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._reader: asyncio.Task[None] | None = None

    async def pause(self, name: str, seconds: float) -> bool:
        """Wait ``seconds``, or until a look at ``name`` is asked for; return whether that was so.

        The request is removed before this returns, so that one that comes later is not lost.
        """
        event = asyncio.Event()
        self._waiting[name].add(event)
        self._read()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting[name].discard(event)
            if not self._waiting[name]:
                del self._waiting[name]
        return True

    def _read(self) -> None:
        loop = asyncio.get_running_loop()
        if self._reader is None or self._reader.done() or self._reader.get_loop() is not loop:
            self._reader = loop.create_task(self._read_while_somebody_waits())

    async def _read_while_somebody_waits(self) -> None:
        while self._waiting:
            for name in await asyncio.to_thread(self._asked):
                for event in self._waiting.get(name, ()):
                    event.set()
            await asyncio.sleep(LISTING_INTERVAL_SECONDS)

    def _asked(self) -> list[str]:
        """Return the names that wait and are asked for, after removing the requests."""
        try:
            asked = [path for path in self._folder.iterdir() if path.name in self._waiting]
        except OSError:  # no webhook has come yet; or the folder is away, and polling goes on without it
            return []
        for path in asked:
            with contextlib.suppress(OSError):
                path.unlink()
        return [path.name for path in asked]
