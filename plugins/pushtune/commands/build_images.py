"""Builds the images that are missing: ``python -m pushtune.commands.build_images [NAME...]``, by default all families.

What takes long overlaps: wheels are downloaded while the base is made and while other images are built.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import docker

from pushtune.commands import base_image, distribution
from pushtune.commands.console import exit_code_of, say, step
from pushtune.commands.engine import ensure_engine
from pushtune.commands.image_builder import build_by_running, build_dockerfile, image_exists, remove_old_images
from pushtune.commands.wheels import Platform, download_wheels, select_requirements
from pushtune.errors import ImageBuildFailed
from pushtune.running.image_catalog import (
    FAMILY_NAMES,
    INSTALLER_LOCK,
    LOCK_FOLDER,
    Image,
    image_tag,
    input_files,
    lineage,
)
from pushtune.settings import PROJECT_FOLDER, Settings, load_settings

INSTALL_SCRIPT = "install_libraries.py"
FREE_SPACE_REQUIRED_BYTES = 5 * 2**30


def ensure_images(names: Sequence[str] = FAMILY_NAMES, settings: Settings | None = None) -> dict[str, str]:
    """Build what is missing of ``names`` and of the images below them; return name -> tag.

    Images of earlier contents are removed. Two calls at once build nothing twice.

    Raises:
        UnknownImage, EngineMissing, EngineForbidden, BaseImageMissing, ImageBuildFailed.
    """
    settings = settings or load_settings()
    tags = {name: image_tag(name) for name in names}
    client = ensure_engine(settings)
    try:
        if _missing(client, names):
            with _only_one():
                missing = _missing(client, names)
                if missing:
                    _require_space(client)
                    settings.home.mkdir(parents=True, exist_ok=True)
                    with tempfile.TemporaryDirectory(prefix="build-", dir=settings.home) as folder:
                        _Build(client, missing, Path(folder)).run()
                remove_old_images(client, _all_tags(names))
    finally:
        client.close()
    return tags


class _Build:
    """One run over the images that are missing, parents before children."""

    def __init__(self, client: docker.DockerClient, missing: list[Image], folder: Path) -> None:
        self.client, self.missing, self.folder = client, missing, folder
        self.downloads: dict[str, Future[list[Path]]] = {}
        self.requirements: dict[str, str] = {}

    def run(self) -> None:
        base_missing = [image for image in self.missing if image.parent is None]
        start, platform = self._start(bool(base_missing))
        with ThreadPoolExecutor(max_workers=1) as downloader:
            try:
                self._begin_downloads(downloader, platform)
                for image in self.missing:
                    self._build(image, start)
            finally:
                downloader.shutdown(wait=True, cancel_futures=True)

    def _start(self, base_is_missing: bool) -> tuple[base_image.Start, Platform]:
        """Return where the base begins, and the Python that it holds or will hold."""
        machine = self.client.info()["Architecture"]
        if not base_is_missing:
            return base_image.Start(None), Platform(self._python_of(image_tag("base")), machine)
        with step("Look for the base image") as current:
            start = base_image.find_start(self.client, "base", current.note)
        if start.reference:
            return start, Platform(self._python_of(start.reference), machine)
        say(f"    No registry answers; the base is made from the distribution's packages. ({start.reason})")
        return start, Platform(distribution.python_version() or sys.version.split()[0], machine)

    def _python_of(self, reference: str) -> str:
        command = ["-c", "import platform; print(platform.python_version())"]
        output: bytes = self.client.containers.run(
            reference, command, entrypoint=["python3"], remove=True, network_mode="none"
        )
        return output.decode().strip()

    def _begin_downloads(self, downloader: ThreadPoolExecutor, platform: Platform) -> None:
        with_libraries = [image for image in self.missing if image.lock_file]
        if not with_libraries:
            return
        installer = select_requirements(_lock_text(INSTALLER_LOCK), platform)
        folder = self.folder / "installer"
        self.downloads[INSTALLER_LOCK] = downloader.submit(download_wheels, installer, folder, platform)
        for image in with_libraries:
            assert image.lock_file
            below = "\n".join(_lock_text(lower.lock_file) for lower in lineage(image.name)[:-1] if lower.lock_file)
            self.requirements[image.name] = select_requirements(_lock_text(image.lock_file), platform, below)
            self.downloads[image.name] = downloader.submit(self._download, image, platform)

    def _download(self, image: Image, platform: Platform) -> list[Path]:
        with step(f"Download the libraries of {image.name}") as current:
            return download_wheels(self.requirements[image.name], self.folder / image.name, platform, current.note)

    def _build(self, image: Image, start: base_image.Start) -> None:
        tag = image_tag(image.name)
        wheels = self._wheels(image) if image.lock_file else []
        with step(f"Build the image {image.name}") as current:
            if image.parent is None:
                base_image.build_base(self.client, image.name, tag, start, self.folder, current.note)
            elif image.lock_file:
                script = PROJECT_FOLDER / "images" / "libraries" / INSTALL_SCRIPT
                members: list[tuple[str, Path | bytes]] = [(INSTALL_SCRIPT, script)]
                members += [("requirements.txt", self.requirements[image.name].encode())]
                members += [(f"wheels/{wheel.name}", wheel) for wheel in wheels]
                build_by_running(self.client, tag, image_tag(image.parent), INSTALL_SCRIPT, members, current.note)
            else:
                build_dockerfile(self.client, tag, _context(image), {"PARENT": image_tag(image.parent)}, current.note)
        for wheel in wheels:
            if wheel.parent.name == image.name:
                wheel.unlink()

    def _wheels(self, image: Image) -> list[Path]:
        return self.downloads[INSTALLER_LOCK].result() + self.downloads[image.name].result()


def _context(image: Image) -> list[tuple[str, Path | bytes]]:
    """Return the files of a Dockerfile's context: its own folder at the top, ``training/`` beside it."""
    own_folder = PROJECT_FOLDER / "images" / image.name
    return [
        (path.relative_to(own_folder if path.is_relative_to(own_folder) else PROJECT_FOLDER).as_posix(), path)
        for path in input_files(image)
    ]


def _lock_text(name: str) -> str:
    return (PROJECT_FOLDER / LOCK_FOLDER / name).read_text()


def _missing(client: docker.DockerClient, names: Sequence[str]) -> list[Image]:
    """Return the images to build, parents first; parents of an image that exists are not needed."""
    missing: dict[str, Image] = {}
    for name in names:
        for image in reversed(lineage(name)):
            if image_exists(client, image_tag(image.name)):
                break
            missing[image.name] = image
    order = [image.name for name in names for image in lineage(name)]
    return sorted(missing.values(), key=lambda image: order.index(image.name))


def _all_tags(names: Sequence[str]) -> set[str]:
    return {image_tag(image.name) for name in names for image in lineage(name)}


def _require_space(client: docker.DockerClient) -> None:
    folder = Path(client.info()["DockerRootDir"])
    if not folder.exists():  # the engine is on another machine
        return
    free = shutil.disk_usage(folder).free
    if free < FREE_SPACE_REQUIRED_BYTES:
        raise ImageBuildFailed(
            f"Building images needs {FREE_SPACE_REQUIRED_BYTES / 2**30:.0f} GiB of free disk space in {folder}.",
            f"{free / 2**30:.1f} GiB", "Free some disk space and run the command again.",
        )


@contextmanager
def _only_one() -> Iterator[None]:
    """Let one process of this user build at a time, whichever installation it belongs to: they share the engine."""
    path = Path(tempfile.gettempdir()) / f"pushtune-images-{os.getuid()}.lock"
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("Wait for another process that builds images"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def main() -> None:
    """Build the images that the command line names and print their tags."""
    names = tuple(sys.argv[1:]) or FAMILY_NAMES
    for name, tag in ensure_images(names).items():
        say(f"{name}: {tag}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
