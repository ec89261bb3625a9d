"""Repositories that commands add to the watched ones, in a file of their own: nobody's configuration is edited."""

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
    path = added_file(settings)
    document = yaml.safe_load(path.read_text()) if path.exists() else {"repositories": []}
    others = [known for known in document["repositories"] if known["name"] != entry["name"]]
    write_private(path, yaml.safe_dump({"repositories": [*others, entry]}, sort_keys=False))


def name_for(location: str) -> str:
    """Return a name for a repository that people recognise: the last part of its path or URL.

    >>> name_for("https://example.org/team/digit reader.git")
    'digit_reader'
    """
    last = re.split(r"[/:]", location.rstrip("/"))[-1]
    name = re.sub(r"[^A-Za-z0-9_]+", "_", last.removesuffix(".git")).strip("_").lower()
    return name or "repository"
