"""The file of watched repositories: what is accepted, and how each mistake is told."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pushtune.watching.watched_repositories import WatchedRepository, load_watched_repositories

PROJECT = Path(__file__).resolve().parents[2]


def write(folder: Path, *entries: Any) -> Path:
    path = folder / "watched.yaml"
    path.write_text(yaml.safe_dump({"repositories": list(entries)}))
    return path


def test_the_shipped_file_is_valid_and_watches_nothing() -> None:
    assert load_watched_repositories(PROJECT / "config" / "watched_repositories.yaml") == ([], [])


def test_the_shipped_example_is_valid(tmp_path: Path) -> None:
    lines = (PROJECT / "config" / "watched_repositories.yaml").read_text().splitlines()
    start = lines.index("# repositories:")
    example = [line.removeprefix("# ") for line in lines[start:] if line.startswith("# ")]
    path = tmp_path / "example.yaml"
    path.write_text("\n".join(example))
    repositories, invalid = load_watched_repositories(path)
    assert invalid == []
    assert [repository.name for repository in repositories] == ["fashion-mnist"]
    fields = {line.split(":")[0].strip(" -") for line in example[1:]}
    assert fields == set(WatchedRepository.model_fields), "the example shows every field"


def test_name_and_url_are_enough(tmp_path: Path) -> None:
    repositories, invalid = load_watched_repositories(write(tmp_path, {"name": "digits", "url": "/srv/digits.git"}))
    assert invalid == []
    (repository,) = repositories
    assert (repository.branch, repository.rounds, repository.trials_per_round) == ("main", 3, 6)
    assert (repository.target, repository.network, repository.watch, repository.notify) == (None, False, True, ())


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("name", "Digits", "must be 1 to 63 small letters"),
        ("name", "../digits", "must be 1 to 63 small letters"),
        ("name", "check_containers", "none of check_containers"),
        ("name", "x" * 64, "must be 1 to 63 small letters"),
        ("name", 3, "valid string"),
        ("url", "ext::sh -c id", "without blanks"),
        ("url", "https://a:s3cret@h/x", "must not carry a password"),
        ("branch", "-x", "must be a branch name"),
        ("branch", "", "must be a branch name"),
        ("paths", "*.py", "valid tuple"),
        ("paths", ["/etc/*"], "must be globs relative to the repository"),
        ("ignore_paths", ["a/../../b"], "must be globs relative to the repository"),
        ("entry", "/train.py", "must be a path inside the repository"),
        ("entry", "../train.py", "must be a path inside the repository"),
        ("arguments", ["--epochs", 3], "valid string"),
        ("target", "high", "valid number"),
        ("target", True, "valid number"),
        ("target", float("nan"), "finite number"),
        ("objective", "val accuracy", "match pattern"),
        ("rounds", 0, "greater than or equal to 1"),
        ("rounds", 11, "less than or equal to 10"),
        ("rounds", True, "valid integer"),
        ("rounds", "3", "valid integer"),
        ("trials_per_round", 51, "less than or equal to 50"),
        ("epochs", 0, "greater than or equal to 1"),
        ("parallelism", 65, "less than or equal to 64"),
        ("schedule", "every monday", "must be a cron expression"),
        ("schedule", "0 3 * *", "must be a cron expression"),
        ("notify", ["nobody"], "must be e-mail addresses"),
        ("notify", ["a@b.c\r\nBcc: d@e.f"], "must be e-mail addresses"),
        ("connection_id", "a b", "match pattern"),
        ("data_folder", "data", "must be an absolute path"),
        ("data_folder", "/srv/../etc", "must be an absolute path"),
        ("data_folder", "/", "must be an absolute path"),
        ("network", "yes please", "valid boolean"),
        ("watch", 1, "valid boolean"),
        ("poll_interval_seconds", 0.5, "greater than or equal to 1"),
        ("tagret", 0.9, "must be one of arguments, branch"),
    ],
)
def test_a_wrong_value_is_told_with_file_entry_field_and_rule(
    tmp_path: Path, field: str, value: Any, rule: str
) -> None:
    path = write(tmp_path, {"name": "digits", "url": "/srv/digits.git"} | {field: value})
    repositories, (invalid,) = load_watched_repositories(path)
    assert repositories == []
    assert str(path) in invalid.message
    assert f"field '{field}" in invalid.message
    assert rule in invalid.message
    assert "Received: " in invalid.message
    assert "s3cret" not in invalid.message


@pytest.mark.parametrize("schedule", ["0 3 * * 1", "*/15 * * * *", "@daily", "0 0 1,15 * MON-FRI"])
def test_usual_schedules_are_accepted(tmp_path: Path, schedule: str) -> None:
    path = write(tmp_path, {"name": "digits", "url": "/srv/digits.git", "schedule": schedule})
    assert [repository.schedule for repository in load_watched_repositories(path)[0]] == [schedule]


def test_a_template_that_was_not_filled_in_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "watched.yaml"
    path.write_text("repositories:\n  - name: digits\n    url: {{ REPO_URL }}\n")
    repositories, (invalid,) = load_watched_repositories(path)
    assert repositories == []
    assert "a list or a mapping as a key" in invalid.message and "line 3, column 11" in invalid.message


def test_a_broken_entry_leaves_the_others_alone(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"name": "first", "url": "/srv/first.git"},
        "just a text",
        {"url": "/srv/nameless.git"},
        {"name": "first", "url": "/srv/again.git"},
        {"name": "last", "url": "/srv/last.git"},
    )
    repositories, invalid = load_watched_repositories(path)
    assert [(repository.name, repository.url) for repository in repositories] == [
        ("first", "/srv/first.git"),
        ("last", "/srv/last.git"),
    ]
    assert [entry.name for entry in invalid] == ["number 2", "number 3", "first"]
    assert "must be a mapping with at least name and url. Received: 'just a text'." in invalid[0].message
    assert "field 'name': must be given. Received: nothing." in invalid[1].message
    assert "field 'name': must be unique" in invalid[2].message


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must hold one key, 'repositories'"),
        ("[]", "must hold one key, 'repositories'"),
        ("repositories: {}", "must hold one key, 'repositories'"),
        ("repositories:", "must hold one key, 'repositories'"),
        ("repositories: []\nmore: 1", "must hold one key, 'repositories'"),
        ("repositories: [" + "a, " * 1001 + "]", "at most 1000 entries"),
        ("repositories: [", "must be plain YAML"),
    ],
)
def test_a_file_of_another_shape_is_told(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "watched.yaml"
    path.write_text(text)
    repositories, (invalid,) = load_watched_repositories(path)
    assert repositories == []
    assert invalid.name == "watched.yaml"
    assert f"{path}: " in invalid.message
    assert rule in invalid.message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    repositories, (invalid,) = load_watched_repositories(tmp_path / "missing.yaml")
    assert repositories == []
    assert "must be a readable file. Received: No such file or directory." in invalid.message
