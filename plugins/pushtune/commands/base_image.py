"""Where the images that stand on nothing begin: the official image, or a system made of the distribution's packages.

The official image is taken where the engine has it or can pull it. Where no registry answers, the same Dockerfile
builds on a root file system that mmdebstrap makes from the packages of the host's own distribution.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import docker
import requests
from docker.errors import APIError, DockerException

from pushtune.commands import distribution
from pushtune.errors import BaseImageMissing
from pushtune.running.image_builder import OnLine, build_dockerfile, image_exists, import_rootfs
from pushtune.settings import PROJECT_FOLDER

# A pull that shows no sign of life for this long counts as "no registry".
PULL_SILENCE_SECONDS = 30


@dataclass(frozen=True)
class Start:
    """What an image starts from: an image of the engine, or None for the distribution's packages."""

    reference: str | None
    reason: str = ""


def find_start(
    client: docker.DockerClient, name: str, on_line: OnLine, project: Path = PROJECT_FOLDER, registry: str = ""
) -> Start:
    """Return where ``images/<name>/Dockerfile`` starts from; pulls the official image that it names if it can.

    Args:
        registry: what stands for Docker Hub, see ``Settings.base_image_registry``; "": Docker Hub itself.

    Raises:
        BaseImageMissing: no registry answers, and this host cannot make a system of packages.
    """
    reference = in_registry(official_reference(project / "images" / name / "Dockerfile"), registry)
    if image_exists(client, reference):
        return Start(reference)
    try:
        _pull(reference, on_line)
        return Start(reference)
    except (DockerException, requests.RequestException) as error:
        reason = str(getattr(error, "explanation", None) or error)
    if shutil.which("mmdebstrap") is None and not distribution.can_install():
        raise BaseImageMissing(
            f"The image {reference} must be pulled, or made by mmdebstrap (as root on Debian or Ubuntu).", reason,
            "Let Docker reach a registry (PUSHTUNE_BASE_IMAGE_REGISTRY names another), load the image (`docker load`), "
            "or install mmdebstrap. Then run it again.",
        )
    return Start(None, reason)


def build_base(
    client: docker.DockerClient, tag: str, start: Start, context: list[tuple[str, Path | bytes]], folder: Path,
    on_line: OnLine,
) -> None:  # fmt: skip
    """Build ``tag`` on ``start``.

    Args:
        context: the files of the image's folder, ``packages.txt`` among them, as name and content.
        folder: for temporary files of some hundred megabytes.

    Raises:
        BaseImageMissing: the distribution's packages cannot be had. ImageBuildFailed: the Dockerfile failed.
    """
    parent = start.reference
    if parent is None:
        packages_file = dict(context)["packages.txt"]
        assert isinstance(packages_file, bytes)
        parent = _made_of_packages(client, packages_file.decode(), folder / "base.tar", on_line)
    build_dockerfile(client, tag, context, {"PARENT": parent}, on_line)


def official_reference(dockerfile: Path) -> str:
    """Return the official image that the argument PARENT of a Dockerfile names by default."""
    found = re.search(r"^ARG PARENT=(\S+)$", dockerfile.read_text(), re.MULTILINE)
    assert found, f"{dockerfile} names no official image"
    return found.group(1)


def in_registry(official: str, registry: str) -> str:
    """Return the name of an official image of Docker Hub in the ``registry`` that stands for it.

    >>> in_registry("python:3.11-slim", "registry.example:5000/hub")
    'registry.example:5000/hub/library/python:3.11-slim'
    """
    return f"{registry.rstrip('/')}/library/{official}" if registry else official


def _pull(reference: str, on_line: OnLine) -> None:
    with_short_silence = docker.from_env(timeout=PULL_SILENCE_SECONDS)
    try:
        repository, _, tag = reference.rpartition(":")
        for event in with_short_silence.api.pull(repository, tag, stream=True, decode=True):
            if "error" in event:
                raise APIError(event["error"])
            on_line(f"pull {reference}: {event.get('status', '')} {event.get('progress', '')}")
    finally:
        with_short_silence.close()


def _made_of_packages(client: docker.DockerClient, packages_file: str, tarball: Path, on_line: OnLine) -> str:
    lines = (line.strip() for line in packages_file.splitlines())
    packages = [line for line in lines if line and not line.startswith("#")]
    try:
        if shutil.which("mmdebstrap") is None:
            distribution.install_packages("mmdebstrap", on_line=on_line)
        distribution.make_rootfs(packages, tarball, on_line)
    except distribution.DistributionFailed as error:
        raise BaseImageMissing(
            "A base must be makeable from the distribution's packages where no registry answers.", error,
            "Check `apt-get update` on this host, or load the official image (`docker load`). Then run it again.",
        ) from error
    on_line("importing the packages")
    try:
        return import_rootfs(client, tarball)
    finally:
        tarball.unlink()
