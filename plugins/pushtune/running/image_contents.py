"""Looks into an image: its Python and the distributions in it. What runs for that has no network and no rights."""

import json
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, ContainerError, ImageNotFound
from docker.types import LogConfig
from packaging.utils import canonicalize_name
from requests.exceptions import RequestException

from pushtune.errors import ImageBroken, ImageMissing
from pushtune.running.wheels import Platform

LOOK_TIMEOUT_SECONDS = 120
OUTPUT_LIMIT_BYTES = 2**20
_LOOK = """
import json, platform, sys
from importlib import metadata
names = {d.metadata["Name"]: d.version for d in metadata.distributions() if d.metadata["Name"]}
sys.stdout.write(json.dumps([platform.python_version(), platform.machine(), names]))
"""


@dataclass(frozen=True)
class ImageContents:
    """Attributes: platform (what wheels have to fit), distributions (normalised name -> version)."""

    platform: Platform
    distributions: dict[str, str]


def look_into(client: docker.DockerClient, tag: str, python: str = "python") -> ImageContents:
    """Return what is in the image ``tag``.

    Args:
        python: the interpreter to ask.

    Raises:
        ImageMissing: there is no such image. ImageBroken: its Python does not answer.
    """
    try:
        version, machine, names = json.loads(_output(client, tag, [python, "-c", _LOOK]))
        found: dict[str, str] = {canonicalize_name(str(name)): str(version) for name, version in dict(names).items()}
        return ImageContents(Platform(str(version), str(machine)), found)
    except ImageNotFound:
        raise ImageMissing("The image must be there.", tag, "Build it: make images") from None
    except (APIError, ContainerError, RequestException, ValueError, TypeError) as error:
        raise ImageBroken(
            f"The program {python} in an image must be Python 3.8 or newer.", f"{tag}: {str(error)[-500:]}",
            "Check the image, or the Dockerfile that it is built from.",
        ) from error


def _output(client: docker.DockerClient, tag: str, command: list[str]) -> str:
    container: Any = client.containers.create(
        tag, command[1:], entrypoint=command[:1], network_mode="none", read_only=True, cap_drop=["ALL"], user="65534",
        security_opt=["no-new-privileges"], mem_limit="1g", pids_limit=64, working_dir="/",
        log_config=LogConfig(type="json-file", config={"max-size": str(OUTPUT_LIMIT_BYTES), "max-file": "1"}),
    )  # fmt: skip
    try:
        container.start()
        code = container.wait(timeout=LOOK_TIMEOUT_SECONDS)["StatusCode"]
        output = container.logs(stdout=True, stderr=False)[:OUTPUT_LIMIT_BYTES].decode(errors="replace")
        if code != 0:
            problem = container.logs(stdout=False, stderr=True, tail=5).decode(errors="replace")
            raise ContainerError(container, code, command, tag, problem.encode())
        return str(output)
    finally:
        container.remove(force=True, v=True)


