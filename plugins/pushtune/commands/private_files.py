"""Files and folders that only their owner may read."""

import os
import secrets
from pathlib import Path

from pushtune.settings import Settings


def write_private(path: Path, text: str) -> None:
    """Create ``path`` with mode 0600 and ``text`` in it; an existing file is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: another process may be writing the same file.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def private_folders(settings: Settings) -> list[Path]:
    """Return the folders below ``home`` that hold code, models or mails and are mounted into no container.

    The home itself cannot be closed: another user of the machine, the one that training runs as, passes through it.
    """
    return [settings.mirrors, settings.outbox, settings.registry_folder, settings.home / "reports"]
