"""One running instance for all tests of this folder, and a developer who pushes."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import Driver

from pushtune.commands import instance
from pushtune.commands.build_images import ensure_images
from pushtune.settings import Settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    home = tmp_path_factory.mktemp("end_to_end") / "home"
    home.parent.chmod(0o711)
    home.mkdir()
    nothing = home / "watched.yaml"
    nothing.write_text("repositories: []\n")
    settings = Settings(home=home, port=free_port(), watched_repositories=nothing, restart_delay_seconds=1)
    ensure_images(["cnn", "dense"], settings)
    driver = Driver(settings)
    driver.start()
    yield driver
    instance.down(settings)
    assert driver.containers() == [], "a stop leaves no container running"


@pytest.fixture(scope="session")
def scripts() -> Path:
    return Path(__file__).with_name("scripts")
