"""A champion in a real registry, and a real container that serves it in the image of its family."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.promoting.test_registry import entry_for

from pushtune.errors import PushtuneError
from pushtune.pipeline import serving
from pushtune.promoting import registry
from pushtune.promoting.champion import Score
from pushtune.promoting.served_model import ServedModels
from pushtune.promoting.serving_state import ServingState, read_state
from pushtune.running.container_engine import connect
from pushtune.running.container_labels import INSTALLATION, installation_id
from pushtune.running.image_catalog import image_tag
from pushtune.settings import Settings

DAG = "digits"
LIMIT_BYTES = 2**26
TRAIN = """
import joblib, sys
from sklearn.linear_model import LogisticRegression
joblib.dump(LogisticRegression().fit([[0, 0], [0, 1], [5, 5], [5, 6]], {labels}), "/model/model.joblib")
"""


def engine_client() -> Any:
    """Return a client of the real engine, or skip."""
    try:
        return connect("unix:///var/run/docker.sock", 30)
    except PushtuneError as error:
        pytest.skip(str(error))


class Served:
    """An installation whose entry ``digits`` asks for serving."""

    def __init__(self, home: Path, client: Any, **knobs: Any) -> None:
        self.client, self.home = client, home
        self.file = home.parent / "watched.yaml"
        self.settings = Settings(
            home=home, watched_repositories=self.file, restart_delay_seconds=0.0, serving_memory_bytes=2**29, **knobs
        )
        self.image = image_tag("classical")
        self.ask_for(True)
        self.runs = 0

    def ask_for(self, wanted: bool) -> None:
        """Write the entry."""
        line = f"  - {{name: {DAG}, url: /nowhere/{DAG}, serve: {str(wanted).lower()}}}"
        self.file.write_text(f"repositories:\n{line}\n")

    def fit(self, labels: str) -> Path:
        """Train a classifier in the image, which has scikit-learn, and return the folder of the model."""
        folder = self.home.parent / f"model {labels.strip('[]').replace(', ', '-')}"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        command = ["docker", "run", "--rm", "--network=none", "-v", f"{folder}:/model", "--entrypoint", "python"]
        subprocess.run([*command, self.image, "-c", TRAIN.format(labels=labels)], check=True, timeout=300)
        return folder

    def champion(self, model_folder: Path, value: float, image: str | None = None) -> int:
        """Register a champion and return its version."""
        self.runs += 1
        entry = entry_for(model_folder, value, f"run-{self.runs}")
        image_tags = {"image_tag": self.image if image is None else image}
        entry = replace(entry, dag_id=DAG, score=Score("accuracy", "maximize", value), tags=image_tags)
        document = registry.register_model(self.settings.registry_folder, entry, LIMIT_BYTES)
        assert document["champion"]
        return int(document["version"])

    def check(self) -> list[dict[str, Any]]:
        """Do what the check of each minute does."""
        return serving.serve_champions(self.settings)

    @property
    def state(self) -> ServingState:
        return read_state(self.settings.serving / DAG)

    def models(self) -> ServedModels:
        """Return what the web server asks."""
        return ServedModels(self.settings.serving, 10.0, self.settings.serving_body_limit_bytes)

    def predict(self, body: bytes = b'{"instances": [[0, 0], [5, 5]]}') -> tuple[int, dict[str, Any]]:
        return self.models().predict(DAG, body)

    def containers(self) -> list[dict[str, Any]]:
        """Return all containers of this installation, as the engine lists them."""
        own = {"label": f"{INSTALLATION}={installation_id(self.settings)}"}
        found: list[dict[str, Any]] = self.client.containers(all=True, filters=own)
        return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    client = engine_client()
    made = Served(tmp_path / "home", client)
    if not client.images(name=made.image):
        pytest.skip("no training image: build them with `make images`")
    yield made
    for container in made.containers():
        client.remove_container(container["Id"], force=True, v=True)
