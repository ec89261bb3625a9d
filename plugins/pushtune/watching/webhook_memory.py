"""Which deliveries a repository has had: a small file that all processes of the web server share."""

import fcntl
from collections.abc import Callable
from pathlib import Path

REMEMBERED_LIMIT = 1000


def once(home: Path, name: str, identity: str, action: Callable[[], None]) -> bool:
    """Do ``action`` unless the delivery ``identity`` was taken before; return whether it was new.

    It is remembered after the action: a crash between the two repeats a look, and loses nothing. The newest
    ``REMEMBERED_LIMIT`` deliveries of each repository are remembered.
    """
    folder = home / "webhook-deliveries"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a+", encoding="ascii", errors="replace") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        known = stream.read().split("\n")
        if identity in known:
            return False
        action()
        if len(known) > 2 * REMEMBERED_LIMIT:
            stream.truncate(0)
            stream.write("\n".join(known[-REMEMBERED_LIMIT:]))
        stream.write(f"\n{identity}")  # the line break comes first: half a line, left by a crash, spoils no other
        return True
