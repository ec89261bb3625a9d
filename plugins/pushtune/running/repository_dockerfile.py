"""A repository's own Dockerfile as the image of its training, where its entry allows the build; our runtime on top.

A build runs what the Dockerfile says, as root of a container with a network, so it is done for repositories alone whose
entry says ``build_dockerfile: true``. It gets no secret (no credentials, no proxy, no build argument) and no privilege,
and its memory and time are bounded. The training itself runs hardened like any other.
"""

import hashlib
import os
import stat
import tarfile
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import docker
import requests
import urllib3
from docker.auth import AuthConfig
from docker.errors import APIError

from pushtune.errors import DockerfileFailed, DockerfileRefused, ImageBroken
from pushtune.running.build_lock import only_one_build
from pushtune.running.disk_reserve import require_engine_space
from pushtune.running.image_builder import IMAGE_LABEL, OnLine, build_dockerfile, image_exists
from pushtune.running.image_catalog import HASH_CHARACTERS, repository, runtime_files
from pushtune.running.image_contents import ImageContents, look_into
from pushtune.running.image_use import mark_used
from pushtune.settings import PROJECT_FOLDER, Settings

NAME = "repository"
DOCKERFILE = "Dockerfile"
BUILD_LIMIT_SECONDS = 1800
BUILD_MEMORY_BYTES = 4 * 2**30
OLDEST_PYTHON = (3, 8)
LOG_LINES_SHOWN = 12
LOG_LINES_TOLD = 2000
LINE_LIMIT_CHARACTERS = 2000
_REGISTRY_SIGNS = ("lookup ", "no such host", "connection refused", "i/o timeout", "TLS handshake", "unreachable")
_RUNTIME_LAYER = """\
ARG PARENT
FROM ${PARENT}
USER 0
COPY training/ /opt/pushtune/training/
RUN ["PYTHON", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/opt/pushtune/training"]
ENV PYTHONPATH=/opt/pushtune/training:${PYTHONPATH} HOME=/tmp MPLBACKEND=Agg TF_CPP_MIN_LOG_LEVEL=2 \\
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /pushtune/code
HEALTHCHECK NONE
STOPSIGNAL SIGTERM
USER 10001
CMD []
ENTRYPOINT ["PYTHON", "-m", "pushtune_runtime"]
"""


def repository_tag(checkout: Path) -> str:
    """Return the tag of the image that the files of ``checkout`` and today's runtime make."""
    digest = hashlib.sha256(_RUNTIME_LAYER.encode())
    for path in runtime_files():
        digest.update(path.read_bytes())
    with tempfile.TemporaryFile() as context:
        _write_context(checkout, context)
        digest.update(hashlib.file_digest(context, "sha256").digest())
    return f"{repository(NAME)}:{digest.hexdigest()[:HASH_CHARACTERS]}"


def ensure_repository_image(
    client: docker.DockerClient, checkout: Path, settings: Settings, on_line: OnLine
) -> str:
    """Return the tag of the image that the Dockerfile at the top of ``checkout`` makes; build it unless it is there.

    Raises:
        DockerfileRefused: there is none, or its image cannot be trained in. DockerfileFailed: it does not build.
        ImageBuildFailed: our layer cannot be put on top. DiskAlmostFull: try again later.
    """
    if not stat.S_ISREG(_mode(checkout / DOCKERFILE)):
        raise DockerfileRefused(
            "A repository whose entry says build_dockerfile: true must have a Dockerfile at its top.", "none",
            "Push one, or remove build_dockerfile from the entry in watched_repositories.yaml.",
        )
    tag = repository_tag(checkout)
    if not image_exists(client, tag):
        require_engine_space(client, settings)
        with only_one_build(lambda: on_line("Waiting for another process that builds images.")):
            if not image_exists(client, tag):
                _build(client, tag, checkout, settings, on_line)
    mark_used(tag, settings)
    return tag


def _build(client: docker.DockerClient, tag: str, checkout: Path, settings: Settings, on_line: OnLine) -> None:
    theirs = f"{tag}-as-pushed"
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.home) as context:
        _write_context(checkout, context)
        _build_theirs(theirs, context, on_line)
    try:
        _require_harmless(client.images.get(theirs).attrs["Config"])
        layer = _RUNTIME_LAYER.replace("PYTHON\"", f"{_python_of(client, theirs)}\"")
        members = [(path.relative_to(PROJECT_FOLDER).as_posix(), path) for path in runtime_files()]
        build_dockerfile(client, tag, [("Dockerfile", layer.encode()), *members], {"PARENT": theirs}, on_line)
    finally:
        client.images.remove(theirs, noprune=True)


def _require_harmless(config: Mapping[str, Any]) -> None:
    """Refuse what their image would do to the containers and builds that start from it."""
    if volumes := config.get("Volumes"):
        raise DockerfileRefused(
            "A Dockerfile must declare no VOLUME: what a training writes there would have no limit.",
            ", ".join(sorted(volumes)), "Remove the VOLUME instruction.",
        )
    if triggers := config.get("OnBuild"):
        raise DockerfileRefused(
            "A Dockerfile must leave no ONBUILD instruction: it would run while our runtime is put on top.",
            "; ".join(map(str, triggers))[:LINE_LIMIT_CHARACTERS],
            "Remove the ONBUILD instruction, or start from an image without one.",
        )


def _build_theirs(tag: str, context: BinaryIO, on_line: OnLine) -> None:
    deadline, last, told = time.monotonic() + BUILD_LIMIT_SECONDS, deque[str](maxlen=LOG_LINES_SHOWN), 0
    try:
        with _events(tag, context) as events:
            for event in events:
                text = str(event.get("stream") or event.get("error") or "")[:LINE_LIMIT_CHARACTERS].rstrip()
                last.extend(text.splitlines())
                if told < LOG_LINES_TOLD:
                    on_line(text)
                    told += 1
                if "error" in event:
                    raise _failed("\n".join(last))
                if time.monotonic() > deadline:
                    raise _failed(f"the build was ended after {BUILD_LIMIT_SECONDS} seconds")
    except APIError as error:
        raise _failed(str(error.explanation or error)) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _failed(f"nothing was heard of the build for {BUILD_LIMIT_SECONDS} seconds: {error}") from error


@contextmanager
def _events(tag: str, context: BinaryIO) -> Iterator[Any]:
    """Start the build and yield its events; neither the host's proxy settings nor its registry passwords go along.

    A connection of its own: closing it ends a build that is still under way.
    """
    api = docker.from_env(timeout=BUILD_LIMIT_SECONDS).api
    api._auth_configs = AuthConfig({})
    try:
        yield api.build(
            fileobj=context, custom_context=True, tag=tag, labels={IMAGE_LABEL: NAME}, rm=True, forcerm=True,
            decode=True, timeout=BUILD_LIMIT_SECONDS, use_config_proxy=False,
            container_limits={"memory": BUILD_MEMORY_BYTES, "memswap": BUILD_MEMORY_BYTES},
        )  # fmt: skip
    finally:
        api.close()


def _failed(log: str) -> DockerfileFailed:
    remedy = "Correct the Dockerfile (`docker build .` shows the same) and push again."
    if any(sign in log for sign in _REGISTRY_SIGNS):
        remedy = (
            "No registry answers, so the image that FROM names cannot be pulled: load it into this host's engine "
            "(`docker load`), let Docker reach a registry, or set build_dockerfile: false in the repository's entry."
        )
    return DockerfileFailed("The repository's own Dockerfile must build.", log, remedy)


def _python_of(client: docker.DockerClient, tag: str) -> str:
    """Return the name of the image's Python, ``python`` first: in a virtual environment it is the right one."""
    problem = ""
    for name in ("python", "python3"):
        try:
            contents = look_into(client, tag, name)
        except ImageBroken as error:
            problem = str(error.received)
            continue
        _require_python(contents)
        return name
    raise DockerfileRefused(
        "The image of a repository's own Dockerfile must hold Python.", problem,
        "Start from an image with Python, or install it in the Dockerfile.",
    )


def _require_python(contents: ImageContents) -> None:
    version = tuple(int(part) for part in contents.platform.python_minor.split("."))
    if version < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise DockerfileRefused(
            f"Python in the image of a repository's own Dockerfile must be {oldest} or newer.",
            contents.platform.python, "Start from an image with a newer Python.",
        )


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _write_context(checkout: Path, context: BinaryIO) -> None:
    """Write the files of ``checkout`` as an archive, equal for equal files; links stay links, ``.git`` is left out."""
    with tarfile.open(fileobj=context, mode="w") as archive:
        for parent, folders, names in os.walk(checkout, followlinks=False):
            folders[:] = sorted(name for name in folders if name != ".git")
            for name in sorted(names + [name for name in folders if (Path(parent) / name).is_symlink()]):
                path = Path(parent) / name
                header = archive.gettarinfo(path, path.relative_to(checkout).as_posix())
                if not (header.isreg() or header.issym()):
                    continue
                header.uid = header.gid = header.mtime = 0
                header.uname = header.gname = ""
                header.mode = 0o755 if header.mode & 0o100 else 0o644
                if header.isreg():
                    with path.open("rb") as file:
                        archive.addfile(header, file)
                else:
                    archive.addfile(header)
    context.seek(0)
