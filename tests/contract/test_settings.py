"""A knob that is turned too far is refused by name."""

import re
from pathlib import Path

import pytest

from pushtune.errors import InvalidSetting
from pushtune.settings import PROJECT_FOLDER, Settings, load_settings, unknown_variables


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUSHTUNE_PORT", "0"),
        ("PUSHTUNE_PORT", "eighty"),
        ("PUSHTUNE_BASE_URL", "pushtune.example.org"),
        ("PUSHTUNE_BASE_URL", "https://example.org/pushtune"),
        ("PUSHTUNE_BASE_URL", "https://ada:secret@example.org"),
        ("PUSHTUNE_BASE_URL", "ftp://example.org"),
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


@pytest.mark.parametrize("address", ["https://pushtune.example.org", "http://10.0.0.1:8443", "https://[::1]:443"])
def test_the_address_of_the_pages_may_be_that_of_a_proxy(address: str) -> None:
    assert load_settings({"PUSHTUNE_BASE_URL": f"{address}/"}).pages_url == address
    assert load_settings({"PUSHTUNE_PORT": "8090"}).pages_url == "http://127.0.0.1:8090"


def test_an_empty_variable_means_the_default() -> None:
    assert load_settings({"PUSHTUNE_PORT": ""}).port == 8080


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("PUSHTUNE_TRIAL_MEMORY", "PUSHTUNE_TRIAL_MEMORY_BYTES"),
        ("PUSHTUNE_TRIALS_AT_ONE", "PUSHTUNE_TRIALS_AT_ONCE"),
        ("PUSHTUNE_COLOUR_OF_SKY", ""),
    ],
)
def test_a_misspelt_variable_is_found(name: str, similar: str) -> None:
    known = {"PUSHTUNE_PORT": "1", "PUSHTUNE_GIT_PASSWORD": "x", "PATH": "/bin", "pushtune_port": ""}
    assert unknown_variables({name: "1", **known}) == {name: similar}


def test_every_variable_that_the_project_itself_reads_or_sets_is_known() -> None:
    named: set[str] = set()
    for folder in ("plugins", "training", "dags", "config", "docs", "images", "tests/end_to_end", "benchmarks", ".ci"):
        for path in (PROJECT_FOLDER / folder).rglob("*"):
            if path.suffix in (".py", ".md", ".yaml", ".sh", "") and path.is_file():
                named |= set(re.findall(r"\bPUSHTUNE_[A-Z0-9]+(?:_[A-Z0-9]+)*\b(?![_*])", path.read_text()))
    assert len(named) > len(Settings.model_fields) / 2
    assert unknown_variables(dict.fromkeys(named, "1")) == {}


def test_folders_stand_below_home(tmp_path: Path) -> None:
    settings = load_settings({"PUSHTUNE_HOME": str(tmp_path)})
    folders = (settings.workspaces, settings.mirrors, settings.outbox, settings.registry_folder, settings.airflow_home)
    assert all(folder.parent == tmp_path.resolve() for folder in folders)
