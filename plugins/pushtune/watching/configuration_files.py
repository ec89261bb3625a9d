"""All repositories that are watched: those of the configuration, and those that commands have added."""

from pathlib import Path

from pushtune.settings import Settings
from pushtune.watching.watched_repositories import WatchedRepository, load_watched_repositories


def usable_repositories(settings: Settings) -> list[WatchedRepository]:
    """Return the valid entries of the configuration and of what the commands added; the first of a name counts."""
    found: dict[str, WatchedRepository] = {}
    for path in _configuration_files(settings):
        for repository in load_watched_repositories(path)[0]:
            found.setdefault(repository.name, repository)
    return list(found.values())


def broken_entries(settings: Settings) -> list[str]:
    """Return one message for each entry that cannot be used."""
    return [
        invalid.message for path in _configuration_files(settings) for invalid in load_watched_repositories(path)[1]
    ]


def _configuration_files(settings: Settings) -> list[Path]:
    added = settings.home / "added_repositories.yaml"
    return [settings.watched_repositories, *([added] if added.exists() else [])]
