"""Repositories that commands add get names that people recognise and that nobody else has."""

import multiprocessing
import re
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pushtune.commands import added_repositories
from pushtune.commands.added_repositories import add_repository, added_file, name_for, readable_name
from pushtune.errors import AddedRepositoriesLocked
from pushtune.file_locks import try_lock
from pushtune.settings import Settings
from pushtune.watching.configuration_files import usable_repositories
from pushtune.watching.watched_repositories import RESERVED_NAMES, load_watched_repositories

ADDED_BY_EACH = 20


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://example.org/team/Digit Reader.git", "digit_reader"),
        ("git@example.org:team/mnist-cnn.git", "mnist-cnn"),
        ("/srv/git/weather.git/", "weather"),
        ("///", "repository"),
    ],
)
def test_a_name_is_the_last_part_of_the_location(location: str, name: str) -> None:
    assert readable_name(location) == name


@given(st.text(min_size=1))
def test_every_location_gives_a_valid_name(tmp_path_factory: pytest.TempPathFactory, location: str) -> None:
    folder = tmp_path_factory.mktemp("names")
    entry = {"name": readable_name(location), "url": "/srv/git/any.git", "branch": "main"}
    path = folder / "watched.yaml"
    path.write_text(yaml.safe_dump({"repositories": [entry]}))
    repositories, invalid = load_watched_repositories(path)
    assert (len(repositories), invalid) == (1, [])


def test_two_repositories_with_one_name_are_kept_apart(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for location in ("/srv/a/digits.git", "/srv/b/digits.git"):
        add_repository(settings, {"name": name_for(settings, location), "url": location, "branch": "main"})
    repositories, invalid = load_watched_repositories(added_file(settings))
    assert invalid == []
    assert len({repository.name for repository in repositories}) == 2
    assert name_for(settings, "/srv/a/digits.git") == "digits"


def test_a_name_of_the_users_own_entries_is_not_taken(tmp_path: Path) -> None:
    own = tmp_path / "watched.yaml"
    entries = [{"name": "my-net", "url": "https://example.org/my-net.git"}, {"name": "broken", "url": 5}]
    own.write_text(yaml.safe_dump({"repositories": entries}))
    settings = Settings(home=tmp_path / "home", watched_repositories=own)
    for location in ("/home/me/my-net", "https://example.org/my-net.git", "/srv/broken"):
        name = add_repository(settings, {"url": location})
        assert re.fullmatch(r"(my-net|broken)_[0-9a-f]{6}", name)
        assert [entry.url for entry in usable_repositories(settings) if entry.name == name] == [location]
        assert add_repository(settings, {"url": location}) == name, "it keeps its name"


@pytest.mark.parametrize("reserved", sorted(RESERVED_NAMES))
def test_a_name_of_pushtunes_own_dags_is_not_taken(tmp_path: Path, reserved: str) -> None:
    settings = Settings(home=tmp_path)
    name = add_repository(settings, {"url": f"/home/me/{reserved}"})
    assert name.startswith(f"{reserved}_")
    assert [entry.name for entry in load_watched_repositories(added_file(settings))[0]] == [name]


def add_many(home: Path, writer: int, start: Barrier) -> None:
    for number in range(ADDED_BY_EACH):
        start.wait(60)
        add_repository(Settings(home=home), {"url": f"/srv/{writer}/net-{number}"})


def test_commands_at_once_lose_no_entry_and_share_no_name(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("fork")
    start = processes.Barrier(2)
    writers = [processes.Process(target=add_many, args=(tmp_path, writer, start)) for writer in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    entries, invalid = load_watched_repositories(added_file(Settings(home=tmp_path)))
    assert (len(entries), len({entry.name for entry in entries}), invalid) == (2 * ADDED_BY_EACH, 2 * ADDED_BY_EACH, [])


def test_a_command_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(added_repositories, "LOCK_WAIT_SECONDS", 0)
    with (tmp_path / ".added_repositories.lock").open("w") as other:
        assert try_lock(other)
        with pytest.raises(AddedRepositoriesLocked, match="must end within 0 seconds.*still holds"):
            add_repository(Settings(home=tmp_path), {"url": "/srv/a.git"})


def test_adding_again_replaces(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for branch in ("main", "develop"):
        add_repository(settings, {"name": "digits", "url": "/srv/a.git", "branch": branch})
    assert [repository.branch for repository in load_watched_repositories(added_file(settings))[0]] == ["develop"]
