"""Every hostile repository through the real stages and real containers; at the end an honest one, which trains.

All of them share one installation, with secrets at every place where an attacker looks. `pytest -s` prints the table.
"""

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.hostile.attacks import ATTACKS, HONEST, TRAINED, Attack
from tests.hostile.canaries import Canaries
from tests.hostile.hostile_repositories import (
    ESCAPE,
    ORIGIN_NAMES,
    RENDERED,
    make_repository,
    remove_deep_trees,
    remove_own_images,
)
from tests.hostile.hostile_run import Drive, Ending

from pushtune.running import supervision
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_labels import INSTALLATION, installation_id
from pushtune.settings import Settings
from pushtune.watching.watched_repositories import WatchedRepository
from pushtune_contract.reading import read_json

pytestmark = pytest.mark.docker
LIMITS: dict[str, Any] = {
    "trial_memory_bytes": 2**29, "trial_disk_bytes": 2**26, "trial_temporary_bytes": 2**25, "trial_processes": 64,
    "trial_time_limit_seconds": 120, "restart_limit": 1, "restart_delay_seconds": 0, "disk_reserve_bytes": 0,
}  # fmt: skip
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class World:
    """One installation that all repositories are pushed to, and what leaves it."""

    def __init__(self, home: Path) -> None:
        self.home = home / "home"
        self.work = home
        self.canaries = Canaries(self.home)
        self.inspected: list[dict[str, Any]] = []
        self.rows: list[str] = []
        self.calls: list[str] = []
        self._listen(socket.AF_UNIX, "\0pushtune-hostile-listener")
        self.port = int(self._listen(socket.AF_INET, ("127.0.0.1", 0))[1])

    def _listen(self, family: int, address: Any) -> Any:
        """Listen where a container could reach the host, and note whoever calls."""
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen()

        def accept() -> None:
            while True:
                listener.accept()[0].close()
                self.calls.append(str(address))

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()

    def drive(self, attack: Attack) -> Ending:
        folder = self.work / attack.name
        commit = make_repository(attack.name, folder, ORIGIN_NAMES.get(attack.name, "origin.git"))
        entry = {"name": attack.name, "url": str(commit.origin), "branch": commit.branch, **attack.entry}
        settings = Settings(home=self.home, **{**LIMITS, **attack.settings})
        self.inspected.clear()
        ending = Drive(settings, WatchedRepository.model_validate(entry)).go()
        self.rows.append(f"{attack.name:28} {attack.stopped_by:52} {ending.stage:15} {ending.seconds:6.1f} s")
        return ending


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    Path(ESCAPE).unlink(missing_ok=True)
    world = World(tmp_path_factory.mktemp("hostile"))
    yield world
    remove_deep_trees(world.home)
    world.canaries.remove()
    Path(ESCAPE).unlink(missing_ok=True)
    sys.stdout.write("\n" + "\n".join(world.rows) + "\n")
    with closing(docker.from_env()) as client:
        own = {"label": f"{INSTALLATION}={installation_id(Settings(home=world.home))}"}
        for container in client.containers.list(all=True, filters=own):
            container.remove(force=True)
        remove_own_images(client)


@pytest.fixture(autouse=True)
def environment(world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Secrets of the host, limits of the attack, short waits, and an eye on each container that is started."""
    attack: Attack = request.node.callspec.params["attack"]
    for name, value in {"home": world.home, **LIMITS, **attack.settings}.items():
        monkeypatch.setenv(f"PUSHTUNE_{name.upper()}", str(value))
    for name, value in world.canaries.environment.items():
        monkeypatch.setenv(name, value)
    for name, value in (("STOP_GRACE_SECONDS", 2.0), ("KILL_GRACE_SECONDS", 1), ("DISK_INTERVAL_SECONDS", 0.5)):
        monkeypatch.setattr(supervision, name, value)
    start = ContainerEngine.start

    def watched(engine: ContainerEngine, container_id: str) -> None:
        start(engine, container_id)
        world.inspected.append(engine._client.inspect_container(container_id))

    monkeypatch.setattr(ContainerEngine, "start", watched)
    monkeypatch.setenv("HOSTILE_LISTENER_PORT", str(world.port))


@pytest.mark.parametrize("attack", [*ATTACKS, HONEST], ids=lambda attack: attack.name)
def test_it_ends_as_it_must_and_harms_nobody(attack: Attack, world: World) -> None:
    ending = world.drive(attack)
    assert (ending.stage, bool(re.search(attack.says, ending.message))) == (attack.ends, True), ending.message
    if attack.says:
        assert re.search(attack.says, json.loads(ending.page)["report"]["error"]["message"])
    assert ending.broken_checks == []
    if attack.looks:
        assert read_json(ending.run.folder / "baseline" / "seen.json")["reached"] == []
    _nothing_escaped(world, ending)
    _no_secret_is_seen(world, ending)
    _texts_are_harmless(ending)
    _containers_were_caged_and_are_gone(world, ending)
    if attack.ends == TRAINED:
        _model_was_kept(world, attack)


def _nothing_escaped(world: World, ending: Ending) -> None:
    assert not Path(ESCAPE).exists()
    assert world.calls == []
    known = {"home", *(attack.name for attack in (*ATTACKS, HONEST))}
    assert {path.name for path in world.work.iterdir()} <= known
    ours = {"records", "faults", "checkout.json", ".attempts", "run.json", "study.db"}
    allowed = {"baseline", "retrain", "checkout", *ours}
    assert {path.name for path in ending.run.folder.iterdir()} <= allowed


def _no_secret_is_seen(world: World, ending: Ending) -> None:
    shown = json.dumps([ending.lines, ending.message, ending.terminal, world.inspected]).encode()
    assert world.canaries.seen_in(shown + ending.mail + ending.html.encode() + ending.page) == []
    for folder in (ending.run.folder, world.home / "registry", world.home / "reports"):
        assert world.canaries.seen_below(folder) == []


def _texts_are_harmless(ending: Ending) -> None:
    html = ending.html.lower()
    assert "<script" not in html and "<img" not in html and ending.page.isascii()
    for text in (*ending.lines, *ending.terminal.splitlines(), *ending.html.splitlines()):
        assert CONTROLS.search(text) is None, repr(text)[:300]
    assert not [line for line in ending.mail.split(b"\r\n\r\n")[0].splitlines() if b"victim@example.org" in line]
    everything = "\n".join([*ending.lines, ending.terminal, ending.html, ending.page.decode(), str(ending.run.folder)])
    assert RENDERED not in everything


def _containers_were_caged_and_are_gone(world: World, ending: Ending) -> None:
    with closing(docker.from_env()) as client:
        own = {"label": f"{INSTALLATION}={installation_id(ending.run.settings)}"}
        assert client.containers.list(all=True, filters=own) == []
        for document in world.inspected:
            image = client.api.inspect_image(document["Image"])
            assert document["Config"]["Env"] == image["Config"]["Env"], "nothing is added to the environment"
            _is_caged(document, ending.run.settings)


def _is_caged(document: dict[str, Any], settings: Settings) -> None:
    host = document["HostConfig"]
    assert not host["Privileged"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"] and not host["Devices"]
    assert host["ReadonlyRootfs"] and host["NetworkMode"] == "none" and host["PidMode"] == ""
    assert document["Config"]["User"] == f"{settings.container_uid}:{settings.container_uid}"
    writable = [mount["Source"] for mount in document["Mounts"] if mount["RW"]]
    assert len(writable) == 1 and Path(writable[0]).is_relative_to(settings.workspaces)
    sources = [Path(mount["Source"]) for mount in document["Mounts"]]
    assert all(path.is_relative_to(settings.workspaces) or path == settings.datasets for path in sources)


def _model_was_kept(world: World, attack: Attack) -> None:
    kept = list((world.home / "registry" / "artifacts" / attack.name).rglob("*"))
    assert [path for path in kept if path.is_file()]
    for path in kept:
        assert not path.is_symlink() and path.lstat().st_mode & 0o6022 == 0, path
