"""The official base is pulled where a registry answers: from a real one on this machine that stands for Docker Hub."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.images.oci_registry import Registry, serve_registry

from pushtune.commands import base_image, build_images, distribution
from pushtune.commands.base_image import Start, find_start, in_registry
from pushtune.errors import InvalidSetting
from pushtune.running.image_catalog import Image
from pushtune.settings import PROJECT_FOLDER, load_settings

OFFICIAL = base_image.official_reference(PROJECT_FOLDER / "images/base/Dockerfile")


@pytest.fixture
def client() -> Iterator[Any]:
    made = docker.from_env()
    yield made
    made.close()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    if not os.environ.get("DOCKER_HOST", "unix:").startswith("unix:"):
        pytest.skip("an engine on another machine does not reach a registry on this one")
    (tmp_path / "blobs").mkdir()
    made = Registry(tmp_path / "blobs")
    with serve_registry(made):
        yield made


@pytest.fixture
def remove(client: Any) -> Iterator[Callable[[str], str]]:
    tags: list[str] = []

    def later(tag: str) -> str:
        tags.append(tag)
        return tag

    yield later
    for tag in reversed(tags):
        client.images.remove(tag, force=True)


@pytest.mark.parametrize("name", ["docker.io@x", "https://hub.example", "-x.y", "a.b c", "namespace"])
def test_a_registry_is_a_host_and_a_path(name: str) -> None:
    with pytest.raises(InvalidSetting, match="PUSHTUNE_BASE_IMAGE_REGISTRY must be valid"):
        load_settings({"PUSHTUNE_BASE_IMAGE_REGISTRY": name})
    for good in ("hub.example", "hub.example:5000/a_b/c", "localhost", "hub:5000", "127.0.0.1:5000"):
        assert load_settings({"PUSHTUNE_BASE_IMAGE_REGISTRY": good}).base_image_registry == good


def test_without_a_registry_the_name_is_the_official_one() -> None:
    assert in_registry(OFFICIAL, "") == OFFICIAL == "python:3.11-slim-bookworm"


@pytest.mark.docker
@pytest.mark.slow
def test_the_base_is_built_on_what_the_registry_gives(
    client: Any, registry: Registry, remove: Callable[[str], str], tmp_path: Path
) -> None:
    """The registry's image is a system of packages under the official name; the engine has to pull all of it."""
    packages = (PROJECT_FOLDER / "images/base/packages.txt").read_text()
    if not distribution.can_install():
        pytest.skip("needs root on Debian or Ubuntu, to make what the registry holds")
    made = base_image._made_of_packages(client, packages, tmp_path / "base.tar", lambda line: None)
    reference = in_registry(OFFICIAL, registry.address)
    registry.push(client, made, "library/python", OFFICIAL.partition(":")[2])
    client.images.remove(made, force=True)
    lines: list[str] = []
    start = find_start(client, "base", lines.append, registry=registry.address)
    remove(reference)
    assert start == Start(reference)
    assert any("/v2/library/python/blobs/" in path for path in registry.asked)
    assert any("Download complete" in line for line in lines)
    asked = len(registry.asked)
    assert find_start(client, "base", lines.append, registry=registry.address) == start
    assert len(registry.asked) == asked, "what the engine holds is not pulled again"
    tag = remove("pushtune-test/official-base:1")
    context = build_images._plan(Image("base", None)).context
    base_image.build_base(client, tag, start, context, tmp_path, lines.append)
    command = ["python", "-c", "import sys; print(sys.prefix)"]
    said = client.containers.run(tag, command, remove=True, network_mode="none")
    assert said.decode().strip() == "/opt/venv"


@pytest.mark.docker
def test_an_image_that_the_registry_does_not_have_is_told(client: Any, registry: Registry) -> None:
    """The ways out of it are those of an absent registry, which test_base_image.py tries."""
    start = find_start(client, "base", lambda line: None, registry=registry.address)
    assert start.reference is None
    assert "manifest unknown" in start.reason or "not found" in start.reason
    assert registry.asked
