"""Repositories that commands add to the watched ones, in a file of their own: nobody's configuration is edited."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from pushtune.commands.private_files import write_private
from pushtune.errors import AddedRepositoriesLocked
from pushtune.file_locks import wait_for_lock
from pushtune.settings import Settings
from pushtune.watching.watched_repositories import RESERVED_NAMES, load_watched_repositories

LOCK_WAIT_SECONDS = 30


def added_file(settings: Settings) -> Path:
    """The file with the repositories that ``make demo`` and ``make train`` added."""
    return settings.home / "added_repositories.yaml"


def add_repository(settings: Settings, entry: dict[str, Any]) -> str:
    """Add ``entry``, or replace the one with the same name; return that. Without one a free name is chosen.

    Raises:
        AddedRepositoriesLocked: another command does not leave the file.
    """
    # Two commands at once would each write what the other has not read, or choose the same name.
    with _only_writer(settings):
        name = str(entry.get("name") or name_for(settings, entry["url"]))
        others = [known for known in _added(settings) if known["name"] != name]
        document = {"repositories": [*others, {"name": name} | entry]}
        write_private(added_file(settings), yaml.safe_dump(document, sort_keys=False))
    return name


def name_for(settings: Settings, location: str) -> str:
    """Return a name for the repository at ``location`` that people recognise and that no other repository has.

    The entries that the user wrote count more than the added ones, so their names are taken whatever they point to.
    """
    name = readable_name(location)
    usable, broken = load_watched_repositories(settings.watched_repositories)
    own = {entry.name for entry in usable} | {entry.name for entry in broken}
    taken = {known["name"] for known in _added(settings) if known["url"] != location}
    free = name not in own | taken | RESERVED_NAMES
    return name if free else f"{name}_{hashlib.sha256(location.encode()).hexdigest()[:6]}"


def readable_name(location: str) -> str:
    """Return the last part of a path or URL in the letters that a DAG's name may have.

    >>> readable_name("https://example.org/team/Digit Reader.git")
    'digit_reader'
    """
    last = re.split(r"[/:]", location.rstrip("/"))[-1]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", last.removesuffix(".git")).strip("_-").lower()
    return name[:50] or "repository"


@contextmanager
def _only_writer(settings: Settings) -> Iterator[None]:
    path = added_file(settings).with_name(".added_repositories.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600), "w") as lock:
        if not wait_for_lock(lock, LOCK_WAIT_SECONDS):
            raise AddedRepositoriesLocked(
                f"Another command that adds a repository must end within {LOCK_WAIT_SECONDS} seconds.",
                f"it still holds {path}", "End that command, then run this again.",
            )
        yield


def _added(settings: Settings) -> list[dict[str, Any]]:
    path = added_file(settings)
    entries: list[dict[str, Any]] = yaml.safe_load(path.read_text())["repositories"] if path.exists() else []
    return entries
