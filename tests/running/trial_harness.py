"""A trial in a real container: a small script stands in for the runtime, so that each end can be had at will."""

import json
import os
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pushtune.errors import PushtuneError
from pushtune.running import container_labels
from pushtune.running.container_engine import ContainerEngine, connect
from pushtune.running.container_labels import TrainingLabels, installation_id
from pushtune.running.image_catalog import FAMILY_NAMES, image_tag
from pushtune.running.supervision import Supervisor
from pushtune.running.trial_container import TrialContainer
from pushtune.running.workspace import prepare_trial, request_digest, run_folder
from pushtune.settings import Settings
from pushtune_contract.request import TrialRequest

PROLOGUE = """
import json, os, signal, sys, time
TRIAL = "/pushtune/trial/"
def put(name, text, folder=TRIAL):
    with open(folder + name, "w") as stream:
        stream.write(text)
def progress(epoch, epochs=5, objective=0.5):
    with open(TRIAL + "progress.jsonl", "a") as stream:
        line = {"kind": "epoch", "phase": "train", "fit": 1, "epoch": epoch, "epochs": epochs, "seconds": 0.1}
        line.update(metrics={"accuracy": objective}, objective=objective, unix_time=time.time())
        stream.write(json.dumps(line) + "\\n")
def inspect(document):
    put("seen.json", json.dumps(document))
    end("done", 0)
def end(status, code, **more):
    put("result.json", json.dumps({"status": status, "script_sha256": "0", **more}))
    sys.exit(code)
OBJECTIVE = {"metric": "accuracy", "direction": "maximize", "value": 0.75, "best_epoch": 2, "guard": "holdout"}
"""


@pytest.fixture(scope="session")
def client() -> Any:
    """A client of the real engine."""
    try:
        return connect(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"), 30)
    except PushtuneError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def image(client: Any) -> str:
    """The smallest of the real images that is there; of which release does not matter to a stand-in for the runtime."""
    for family in ("classical", *FAMILY_NAMES):
        for found in client.images(name=image_tag(family).partition(":")[0]):
            return str(found["Id"])
    pytest.skip("no training image: build them with `make images`")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an installation of its own, with small limits."""
    return Settings(home=tmp_path / "home", trial_memory_bytes=2**28, trial_disk_bytes=2**26)


class Trial:
    """One trial whose script is ``body``; ``run`` brings it to its end as the operator does, without Airflow."""

    def __init__(self, settings: Settings, client: Any, image: str, body: str, **request: Any) -> None:
        self.settings, self.client, self.image = settings, client, image
        self.lines: list[str] = []
        self.published: list[dict[str, Any]] = []
        checkout = settings.home / "checkout"
        checkout.mkdir(parents=True, exist_ok=True)
        (checkout / "run.py").write_text(PROLOGUE + textwrap.dedent(body))
        folder = run_folder(settings, "train_digits", "manual__1")
        asked = TrialRequest(mode="trial", entry="run.py", trial_number=3, **request)
        self.spec = prepare_trial(folder, "trials/003", asked, checkout, settings)
        self.folder = Path(self.spec["folder"])
        self.owner = TrainingLabels(
            installation_id(settings), "train_digits", "manual__1", "round_1.trial", 3, self.spec["folder"],
            request_digest(self.spec["request"]), 0,
        )
        self.engine = ContainerEngine(client)
        self.container = TrialContainer(self.engine, settings, self.spec, self.owner, self.lines.append)

    def supervisor(self, **changes: Any) -> Supervisor:
        """Return a supervisor of this trial that writes into ``lines``."""
        arguments: dict[str, Any] = {
            "engine": self.engine, "spec": self.spec, "log": self.lines.append, "publish": self.published.append,
            "stop_rule": None, "used_seconds": 0.0, "disk_limit_bytes": self.settings.trial_disk_bytes,
        }
        return Supervisor(**{**arguments, **changes})

    def create(self) -> str:
        """Create the container, or return the one that exists."""
        return self.container.adopt() or self.container.create(
            self.image, entrypoint=["python3", "-u", "/pushtune/code/run.py"], environment={}
        )

    def run(self, **changes: Any) -> dict[str, Any]:
        """Train to the end and return the outcome."""
        supervisor = self.supervisor(**changes)
        return self.container.settle(self.container.run(self.create(), supervisor), supervisor)

    def seen(self) -> Any:
        """Run a script that calls ``inspect`` and return what it reported."""
        self.run()
        return json.loads((self.folder / "seen.json").read_text())

    def containers(self) -> list[Any]:
        """Return all containers of this installation."""
        found: list[Any] = self.engine.find_labelled({container_labels.INSTALLATION: installation_id(self.settings)})
        return found


@pytest.fixture
def trial(settings: Settings, client: Any, image: str) -> Iterator[Callable[..., Trial]]:
    """Return a maker of trials: ``trial(body, **request)``. All their containers are removed afterwards."""
    yield lambda body, **request: Trial(settings, client, image, body, **request)
    engine = ContainerEngine(client)
    for container in engine.find_labelled({container_labels.INSTALLATION: installation_id(settings)}):
        engine.remove(container.id)
