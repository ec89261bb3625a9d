"""The three ways in which an image comes into being: a Dockerfile, a container that becomes one, a tarball.

Only the engine's plain interface is used, so the old builder of Docker 20.10 works as well as newer engines, and no
command-line tool is needed. No build step has a network.
"""

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, BuildError, ImageNotFound, NotFound
from docker.types import Mount

from pushtune.errors import ImageBuildFailed
from pushtune.running.tar_stream import tar_stream

IMAGE_LABEL = "pushtune.image"
WORK_FOLDER = "/mnt"
LOG_LINES_SHOWN = 15
INSTALL_TIMEOUT_SECONDS = 1800
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Finish:
    """What becomes of a container besides its files.

    Attributes:
        changes: Dockerfile instructions that are applied to the image. labels: set on the image.
        limits: further arguments of the container that installs, such as ``mem_limit``.
    """

    changes: tuple[str, ...] = ('CMD ["python"]', "WORKDIR /pushtune/code")
    labels: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)


BARE = Finish()
Members = Iterable[tuple[str, Path | bytes]]
OnLine = Callable[[str], None]


def image_exists(client: docker.DockerClient, tag: str) -> bool:
    """Say whether the engine holds ``tag``."""
    try:
        client.images.get(tag)
    except ImageNotFound:
        return False
    return True


def build_dockerfile(
    client: docker.DockerClient, tag: str, context: Members, arguments: Mapping[str, str], on_line: OnLine
) -> None:
    """Build ``tag`` from a context that holds a ``Dockerfile``.

    Raises:
        ImageBuildFailed: with the last lines of the build.
    """
    lines: list[str] = []
    archive = io.BytesIO(b"".join(tar_stream(context)))
    try:
        for event in client.api.build(
            fileobj=archive, custom_context=True, tag=tag, buildargs=dict(arguments), labels={IMAGE_LABEL: _name(tag)},
            network_mode="none", rm=True, forcerm=True, decode=True,
        ):  # fmt: skip
            text = (event.get("stream") or event.get("error") or "").rstrip()
            lines += text.splitlines()
            on_line(text)
            if "error" in event:
                raise build_failed(tag, "\n".join(lines[-LOG_LINES_SHOWN:]))
    except (APIError, BuildError) as error:
        raise build_failed(tag, str(error)) from error


def build_by_running(
    client: docker.DockerClient, tag: str, parent: str, script: str, members: Members, on_line: OnLine,
    finish: Finish = BARE,
) -> None:  # fmt: skip
    """Build ``tag`` as what ``parent`` becomes when the Python ``script`` runs in it as root, beside ``members``.

    One layer comes out, written once; a Dockerfile would copy the gigabytes of a framework from stage to stage.
    The members lie in a volume, which is no part of the image.

    Raises:
        ImageBuildFailed: with the last lines of the script.
    """
    container_name = "pushtune-build-" + tag.partition("/")[2].replace(":", "-")
    _remove_leftover(client, container_name)
    try:
        container = client.containers.create(
            parent, ["python", f"{WORK_FOLDER}/{script}"], name=container_name, entrypoint=[], user="0",
            network_mode="none", working_dir="/", mounts=[Mount(WORK_FOLDER, None, type="volume")],
            **finish.limits,
        )  # fmt: skip
    except APIError as error:
        raise build_failed(tag, str(error)) from error
    try:
        container.put_archive(WORK_FOLDER, tar_stream(members))
        container.start()
        with _killed_after(container, INSTALL_TIMEOUT_SECONDS):
            for line in container.logs(stream=True):
                on_line(line.decode(errors="replace").strip())
            exit_code = container.wait(timeout=INSTALL_TIMEOUT_SECONDS)["StatusCode"]
        if exit_code != 0:
            raise build_failed(tag, container.logs(tail=LOG_LINES_SHOWN).decode(errors="replace"))
        on_line("saving the layer")
        repository, _, version = tag.partition(":")
        labels = {IMAGE_LABEL: _name(tag), **finish.labels}
        container.commit(repository, version, changes=list(finish.changes), conf={"Labels": labels})
    except APIError as error:
        raise build_failed(tag, str(error)) from error
    finally:
        with suppress(APIError):  # keeps the first error; a container that stays is removed by the next build
            container.remove(force=True, v=True)


@contextmanager
def _killed_after(container: Any, limit_seconds: float) -> Iterator[None]:
    """End the container if the body takes longer, so that its log ends as well."""

    def kill() -> None:
        with suppress(APIError):  # it has just ended by itself
            container.kill()

    timer = threading.Timer(limit_seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def import_rootfs(client: docker.DockerClient, tarball: Path) -> str:
    """Return the id of a new image without a tag, made of the root file system in ``tarball``."""
    answer = client.api.import_image_from_file(str(tarball), changes=[f"LABEL {IMAGE_LABEL}=distribution"])
    last: dict[str, str] = json.loads(answer.strip().splitlines()[-1])
    if "status" not in last:
        raise build_failed("the distribution's base", str(last.get("error", last)))
    return last["status"]


def remove_old_images(client: docker.DockerClient, current: Iterable[str]) -> list[str]:
    """Remove images of earlier contents of the same names; return their tags.

    What a container still uses stays, and so does what is younger than ``KEPT_SECONDS``: a run that began before the
    contents changed still starts containers of it.
    """
    kept, removed = set(current), []
    for name in {_name(tag) for tag in kept}:
        for image in client.images.list(filters={"label": f"{IMAGE_LABEL}={name}"}):
            outdated = [tag for tag in image.tags if _name(tag) == name and tag not in kept]
            for tag in outdated if _age_seconds(image) > KEPT_SECONDS else []:
                with suppress(APIError):  # in use
                    client.images.remove(tag)
                    removed.append(tag)
    return removed


def _age_seconds(image: docker.models.images.Image) -> float:
    created = datetime.fromisoformat(image.attrs["Created"][:19] + "+00:00")  # always UTC, with nanoseconds
    return (datetime.now(UTC) - created).total_seconds()


def build_failed(tag: str, log: str) -> ImageBuildFailed:
    """Return the error for a failed build of ``tag``, with what can be done about it."""
    remedy = "Run the command again; if it fails again, the lines above say where."
    if "no space left on device" in log.lower():
        remedy = "Free some disk space where Docker keeps its images (`docker info`), and run the command again."
    return ImageBuildFailed(f"The image {tag} must build.", log, remedy)


def _remove_leftover(client: docker.DockerClient, container_name: str) -> None:
    """Remove the container of an earlier build that was killed."""
    with suppress(NotFound):
        client.containers.get(container_name).remove(force=True, v=True)


def _name(tag: str) -> str:
    return tag.partition(":")[0].rpartition("/")[2]
