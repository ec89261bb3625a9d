"""A knob that is turned too far is refused by name."""

from pathlib import Path

import pytest

from pushtune.errors import InvalidSetting
from pushtune.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUSHTUNE_PORT", "0"),
        ("PUSHTUNE_PORT", "eighty"),
        ("PUSHTUNE_TRIAL_CPUS", "-1"),
        ("PUSHTUNE_TRIAL_MEMORY_BYTES", "1"),
    ],
)
def test_a_bad_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"{name} must be valid.*Received: '{value}'"):
        load_settings({name: value})


def test_an_empty_variable_means_the_default() -> None:
    assert load_settings({"PUSHTUNE_PORT": ""}).port == 8080


def test_folders_stand_below_home(tmp_path: Path) -> None:
    settings = load_settings({"PUSHTUNE_HOME": str(tmp_path)})
    folders = (settings.workspaces, settings.mirrors, settings.outbox, settings.registry_folder, settings.airflow_home)
    assert all(folder.parent == tmp_path.resolve() for folder in folders)
