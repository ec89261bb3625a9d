"""Versions that somebody made or named champion by hand: they carry none of Pushtune's tags, or wrong ones."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow import MlflowClient

from pushtune.errors import NoFormerChampion, RegistryUnavailable, ServingRefused
from pushtune.promoting import registry
from pushtune.promoting.champion import Score
from pushtune.promoting.model_entry import ModelEntry
from pushtune.promoting.model_version import document_of, score_of
from pushtune.promoting.registry_store import open_registry, tracking_uri

NAME = "digits"
TAGS = {"pushtune.metric": "accuracy", "pushtune.direction": "maximize", "pushtune.value": "0.9"}


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.keras").write_bytes(b"weights")
    return folder


@pytest.fixture
def client(tmp_path: Path, model_folder: Path) -> MlflowClient:
    register(tmp_path, model_folder, 0.9, "run-1")
    return MlflowClient(tracking_uri=tracking_uri(tmp_path), registry_uri=tracking_uri(tmp_path))


def register(registry_folder: Path, model_folder: Path, value: float, run_key: str) -> dict[str, Any]:
    entry = ModelEntry(NAME, run_key, model_folder, Score("accuracy", "maximize", value))
    return registry.register_model(registry_folder, entry, 2**20)


def name_by_hand(client: MlflowClient, model_folder: Path, tags: dict[str, str] | None = None) -> int:
    version = client.create_model_version(NAME, source=model_folder.as_uri(), tags=tags)
    client.set_registered_model_alias(NAME, "champion", version.version)
    return int(version.version)


@pytest.mark.parametrize(
    "changed", [{"value": "nan"}, {"value": "inf"}, {"value": "high"}, {"direction": "up"}, {"metric": None}]
)
def test_what_cannot_be_compared_is_no_score(changed: dict[str, str | None]) -> None:
    tags = {**TAGS, **{f"pushtune.{name}": text for name, text in changed.items()}}
    version: Any = SimpleNamespace(tags={name: text for name, text in tags.items() if text is not None})
    assert score_of(version) is None
    version.tags = TAGS
    assert score_of(version) == Score("accuracy", "maximize", 0.9)


def test_a_champion_named_by_hand_can_be_read_and_is_not_compared_with(
    tmp_path: Path, model_folder: Path, client: MlflowClient
) -> None:
    number = name_by_hand(client, model_folder)
    known = registry.champion(tmp_path, NAME)
    assert known is not None and (known["version"], known["score"], known["champion"]) == (number, None, False)
    assert known == document_of(client.get_model_version(NAME, str(number)))
    answer = register(tmp_path, model_folder, 0.5, "run-2")
    assert answer["champion"] and answer["replaced_version"] == number
    assert answer["reason"].endswith("the champion was named by hand and has no score to compare with.")
    assert registry.roll_back(tmp_path, NAME)["version"] == number
    assert registry.roll_back(tmp_path, NAME)["version"] == 1
    with pytest.raises(NoFormerChampion, match="with no earlier champion"):
        registry.roll_back(tmp_path, NAME)


def test_it_is_not_served(tmp_path: Path, model_folder: Path, client: MlflowClient) -> None:
    assert registry.champion_to_serve(tmp_path, NAME) is not None
    name_by_hand(client, model_folder)
    with pytest.raises(ServingRefused, match="Received: version 2 of 'digits', which was named champion by hand"):
        registry.champion_to_serve(tmp_path, NAME)


def test_what_was_deleted_by_hand_is_no_damage(tmp_path: Path, client: MlflowClient) -> None:
    deleted = "Somebody has deleted it there meanwhile"
    with pytest.raises(RegistryUnavailable, match=deleted) as caught, open_registry(tmp_path) as opened:
        opened.get_model_version(NAME, "7")
    assert "restored from a copy" not in str(caught.value)
