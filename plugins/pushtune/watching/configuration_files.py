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


class RepositoryBook:
    """Finds entries by name for a process that lives long; the files are read again only when they have changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._signature: list[tuple[str, int, int]] | None = None
        self._entries: dict[str, WatchedRepository] = {}

    def find(self, name: str) -> WatchedRepository | None:
        """Return the entry ``name``; None where there is none that can be used."""
        signature = [_signature_of(path) for path in _configuration_files(self._settings)]
        if signature != self._signature:
            self._entries = {repository.name: repository for repository in usable_repositories(self._settings)}
            self._signature = signature
        return self._entries.get(name)


def _signature_of(path: Path) -> tuple[str, int, int]:
    try:
        facts = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), facts.st_mtime_ns, facts.st_size


def _configuration_files(settings: Settings) -> list[Path]:
    added = settings.home / "added_repositories.yaml"
    return [settings.watched_repositories, *([added] if added.exists() else [])]
