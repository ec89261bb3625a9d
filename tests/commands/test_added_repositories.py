"""Repositories that commands add get names that people recognise and that nobody else has."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pushtune.commands.added_repositories import add_repository, added_file, name_for, readable_name
from pushtune.settings import Settings
from pushtune.watching.watched_repositories import load_watched_repositories


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


def test_adding_again_replaces(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for branch in ("main", "develop"):
        add_repository(settings, {"name": "digits", "url": "/srv/a.git", "branch": branch})
    assert [repository.branch for repository in load_watched_repositories(added_file(settings))[0]] == ["develop"]
