"""Passwords, keys and connections: readable by their owner alone, and nowhere in clear."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pushtune.commands import airflow_config
from pushtune.commands.added_repositories import add_repository, added_file
from pushtune.commands.airflow_config import environment, passwords_file, read_password
from pushtune.settings import PROJECT_FOLDER, Settings

pytestmark = [pytest.mark.airflow, pytest.mark.slow]
SECRET = "SG.a-key-that-nobody-may-see.0123456789"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home as `make up` prepares it, with a connection, under a generous umask."""
    settings = Settings(home=tmp_path_factory.mktemp("private") / "home")
    before = os.umask(0o000)
    try:
        airflow_config.prepare(settings)
        add_repository(settings, {"name": "private", "url": "ssh://git@localhost/private.git"})
        subprocess.run(
            [sys.executable, "-m", "airflow", "connections", "add", "sendgrid_default", "--conn-type", "generic",
             "--conn-password", SECRET],
            env=environment(settings), cwd=PROJECT_FOLDER, check=True, capture_output=True, timeout=180,
        )  # fmt: skip
    finally:
        os.umask(before)
    return settings


def readable_by_others(folder: Path) -> list[Path]:
    """Return the files below ``folder`` that another user of the machine can open, or could replace."""
    found, waiting = [], [folder]
    while waiting:
        here = waiting.pop()
        if here.is_symlink():
            continue
        mode = here.stat().st_mode
        if here.is_dir() and mode & 0o001:
            waiting += here.iterdir()
            found += [here] if mode & 0o002 else []
        elif not here.is_dir() and mode & 0o006:
            found.append(here)
    return found


def test_no_file_of_an_installation_is_open_to_other_users(settings: Settings) -> None:
    (settings.mirrors / "private.git").mkdir()
    (settings.mirrors / "private.git" / "config").write_text("code of a private repository")
    assert readable_by_others(settings.home) == []


@pytest.mark.parametrize("name", ["run/passwords.json", "run/secrets.json", "airflow/airflow.cfg"])
def test_files_of_secrets_have_mode_0600(settings: Settings, name: str) -> None:
    assert (settings.home / name).stat().st_mode & 0o777 == 0o600


def test_the_list_of_added_repositories_has_mode_0600(settings: Settings) -> None:
    assert added_file(settings).stat().st_mode & 0o777 == 0o600


def test_no_secret_lies_anywhere_in_clear_but_in_its_own_file(settings: Settings) -> None:
    keys: dict[str, str] = json.loads((settings.run_folder / "secrets.json").read_text())
    password = read_password(passwords_file(settings))
    own = {passwords_file(settings), settings.run_folder / "secrets.json", settings.airflow_home / "airflow.cfg"}
    for path in (path for path in settings.home.rglob("*") if path.is_file() and not path.is_symlink()):
        content = path.read_bytes()
        assert SECRET.encode() not in content, f"the connection lies in clear in {path}"
        if path not in own:
            assert not [name for name, value in {**keys, "password": password}.items() if value.encode() in content]


def test_no_secret_is_in_the_environment_or_on_a_command_line_of_airflow(settings: Settings) -> None:
    keys: dict[str, str] = json.loads((settings.run_folder / "secrets.json").read_text())
    shown = json.dumps([environment(settings), airflow_config.airflow_command(settings, "scheduler")])
    assert not [name for name, value in keys.items() if value in shown]
    assert read_password(passwords_file(settings)) not in shown
