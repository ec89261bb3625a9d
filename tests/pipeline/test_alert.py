"""Who is told what was given up: those whom the entry names, else the author of the commit."""

import time
from pathlib import Path
from typing import Any

import pytest

from pushtune.healing.action_log import keep
from pushtune.pipeline.alert import alert
from pushtune.records import recorded
from pushtune.running.workspace import name_run, run_folder
from pushtune.settings import Settings

ENTRIES = """
repositories:
  - {name: digits, url: /srv/digits.git}
  - {name: named, url: /srv/named.git, notify: [team@example.org]}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "watched.yaml").write_text(ENTRIES)
    return Settings(home=tmp_path / "home", watched_repositories=tmp_path / "watched.yaml")


def give_up(settings: Settings, dag_id: str, run_id: str, **changes: Any) -> None:
    keep(settings, {
        "verdict": "given_up", "dag_id": dag_id, "run_id": run_id, "task_id": "train_cnn", "map_index": -1, "name": "n",
        "attempt": 2, "reason": "no try left", "container_id": "c", "unix_time": time.time(), "action": "removed",
        **changes,
    })  # fmt: skip


def check_out(settings: Settings, dag_id: str, run_id: str, **document: str) -> Path:
    folder = run_folder(settings, dag_id, run_id)
    name_run(folder, dag_id, run_id)
    with recorded(folder, "check_out") as kept:
        kept.update(document)
    return folder


def recipients(settings: Settings) -> Any:
    mail = alert(settings)
    assert mail is not None
    return mail["to"]


def test_without_recipients_in_the_entry_the_author_of_the_run_is_told(settings: Settings) -> None:
    check_out(settings, "digits", "r1", author_email="ann@example.org")
    check_out(settings, "digits", "r2", author_email="bob@example.org")
    give_up(settings, "digits", "r1")
    assert recipients(settings) == ["ann@example.org"]


def test_whom_the_entry_names_is_told_instead(settings: Settings) -> None:
    check_out(settings, "named", "r1", author_email="ann@example.org")
    give_up(settings, "named", "r1")
    assert recipients(settings) == ["team@example.org"]


def test_of_a_served_model_the_author_of_the_newest_run_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second, (dag_id, email) in enumerate(
        [("digits", "old@example.org"), ("digits", "new@example.org"), ("digits", ""), ("named", "other@example.org")]
    ):
        monkeypatch.setattr("pushtune.records.time.time", lambda second=second: 1_000.0 + second)
        check_out(settings, dag_id, f"r{second}", author_email=email)
    monkeypatch.undo()
    give_up(settings, "digits", "", version=3)
    assert recipients(settings) == ["new@example.org"]


@pytest.mark.parametrize("version", [{}, {"version": 3}])
def test_a_mail_without_a_known_author_is_kept_for_nobody(settings: Settings, version: dict[str, int]) -> None:
    folder = check_out(settings, "digits", "r1")
    give_up(settings, "digits", "r1", **version)
    (folder / "records" / "check_out.json").write_text("{")
    assert recipients(settings) == []


def test_the_author_of_an_entry_that_is_broken_or_gone_is_not_told(settings: Settings) -> None:
    """It may have named others, since its owner does not know the authors."""
    check_out(settings, "gone", "r1", author_email="ann@example.org")
    give_up(settings, "gone", "r1")
    assert recipients(settings) == []
