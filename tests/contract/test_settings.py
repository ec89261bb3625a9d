"""A knob that is turned too far is refused by name."""

from pathlib import Path

import pytest

from pushtune.errors import InvalidSetting
from pushtune.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUSHTUNE_PORT", "0"),
        ("PUSHTUNE_PORT", "eighty"),
        ("PUSHTUNE_TRIAL_CPUS", "-1"),
        ("PUSHTUNE_TRIAL_CPUS", "0.001"),
        ("PUSHTUNE_TRIAL_CPUS", "nan"),
        ("PUSHTUNE_TRIAL_TIME_LIMIT_SECONDS", "inf"),
        ("PUSHTUNE_TRIAL_TIME_LIMIT_SECONDS", "1e300"),
        ("PUSHTUNE_RESTART_DELAY_SECONDS", "nan"),
        ("PUSHTUNE_CONTAINER_UID", "4294967296"),
        ("PUSHTUNE_TRIAL_MEMORY_BYTES", "1"),
        ("PUSHTUNE_TRIAL_MEMORY_BYTES", "9223372036854775808"),
    ],
)
def test_a_bad_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"{name} must be valid.*Received: '{value}'"):
        load_settings({name: value})


def test_every_number_has_a_lowest_and_a_highest_value() -> None:
    for name, field in Settings.model_fields.items():
        if field.annotation in (int, float):
            bounds = {type(bound).__name__ for bound in field.metadata}
            assert {"Ge", "Gt"} & bounds and "Le" in bounds, name


def test_an_empty_variable_means_the_default() -> None:
    assert load_settings({"PUSHTUNE_PORT": ""}).port == 8080


def test_folders_stand_below_home(tmp_path: Path) -> None:
    settings = load_settings({"PUSHTUNE_HOME": str(tmp_path)})
    folders = (settings.workspaces, settings.mirrors, settings.outbox, settings.registry_folder, settings.airflow_home)
    assert all(folder.parent == tmp_path.resolve() for folder in folders)
