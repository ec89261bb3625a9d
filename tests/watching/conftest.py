"""What the tests of watching share: a repository that is watched, and an installation that watches it."""

from pathlib import Path

import pytest
from tests.watching.git_origin import Origin

from pushtune.settings import Settings, load_settings


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """An empty watched repository."""
    folder = tmp_path / "remote"
    folder.mkdir()
    return Origin(folder)


@pytest.fixture
def installation(tmp_path: Path) -> Settings:
    """Settings of an installation of its own."""
    return load_settings({"PUSHTUNE_HOME": str(tmp_path / "home"), "PUSHTUNE_GIT_TIMEOUT_SECONDS": "20"})
