"""Repositories that commands add to the watched ones, in a file of their own: nobody's configuration is edited."""

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml

from pushtune.commands.private_files import write_private
from pushtune.settings import Settings


def added_file(settings: Settings) -> Path:
    """The file with the repositories that ``make demo`` and ``make train`` added."""
    return settings.home / "added_repositories.yaml"


def add_repository(settings: Settings, entry: dict[str, Any]) -> None:
    """Add ``entry``, or replace the one with the same name."""
    others = [known for known in _added(settings) if known["name"] != entry["name"]]
    write_private(added_file(settings), yaml.safe_dump({"repositories": [*others, entry]}, sort_keys=False))


def name_for(settings: Settings, location: str) -> str:
    """Return a name for the repository at ``location`` that people recognise and that no other repository has."""
    name = readable_name(location)
    taken = any(known["name"] == name and known["url"] != location for known in _added(settings))
    return f"{name}_{hashlib.sha256(location.encode()).hexdigest()[:6]}" if taken else name


def readable_name(location: str) -> str:
    """Return the last part of a path or URL in the letters that a DAG's name may have.

    >>> readable_name("https://example.org/team/Digit Reader.git")
    'digit_reader'
    """
    last = re.split(r"[/:]", location.rstrip("/"))[-1]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", last.removesuffix(".git")).strip("_-").lower()
    return name[:50] or "repository"


def _added(settings: Settings) -> list[dict[str, Any]]:
    path = added_file(settings)
    entries: list[dict[str, Any]] = yaml.safe_load(path.read_text())["repositories"] if path.exists() else []
    return entries
