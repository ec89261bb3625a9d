"""Which repository and branch ``make train`` takes, for the states that repositories are found in."""

import os
from pathlib import Path

import pytest
from tests.watching.git_origin import Origin

from pushtune.commands.plain_folder import BRANCH
from pushtune.commands.train import _repository
from pushtune.settings import Settings

NOTE = "Note: changes that are not committed are not trained"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    origin = Origin(tmp_path)
    origin.commit()
    return origin.work


def test_what_is_not_committed_is_told(settings: Settings, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _repository(settings, str(folder), None) == (str(folder), "main")
    assert NOTE not in capsys.readouterr().out
    (folder / "new.py").write_text("")
    assert _repository(settings, str(folder), "other") == (str(folder), "other")
    assert NOTE in capsys.readouterr().out


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_repository_of_somebody_else_is_taken(settings: Settings, folder: Path) -> None:
    for place in (folder, *folder.rglob("*")):
        os.chown(place, 12_345, 12_345)
    assert _repository(settings, str(folder), None) == (str(folder), "main")


def test_the_note_about_changes_never_fails_the_command(settings: Settings, folder: Path) -> None:
    (folder / ".git" / "index").write_bytes(b"broken")
    assert _repository(settings, str(folder), None) == (str(folder), "main")


def test_a_plain_folder_is_committed(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "train.py").write_text("print(1)\n")
    location, branch = _repository(settings, str(tmp_path / "plain"), None)
    assert (Path(location).parent, branch) == (settings.home / "copies", BRANCH)
