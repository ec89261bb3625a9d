"""Builds the images that are missing: ``python -m pushtune.commands.build_images [NAME...]``, by default all families.

What takes long overlaps: wheels are downloaded while the base is made and while other images are built.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from pushtune.commands import base_image, distribution
from pushtune.commands.console import exit_code_of, say, step
from pushtune.commands.engine import ensure_engine
from pushtune.errors import ImageBuildFailed
from pushtune.running.build_lock import only_one_build
from pushtune.running.image_builder import build_by_running, build_dockerfile, image_exists, remove_old_images
from pushtune.running.image_catalog import (
    FAMILY_NAMES,
    GPU_NAME,
    INSTALLER_LOCK,
    LOCK_FOLDER,
    SYSTEM_FOLDER,
    Image,
    image_tag,
    input_files,
    lineage,
)
from pushtune.running.scratch import scratch_folder
from pushtune.running.wheels import Platform, download_wheels, select_requirements
from pushtune.settings import PROJECT_FOLDER, Settings, load_settings

INSTALL_SCRIPT = "install_libraries.py"
# A busy engine may lose the output of a container that ends at once.
OUTPUT_ATTEMPTS = 5
FREE_SPACE_REQUIRED_BYTES = 5 * 2**30
# The wheels of CUDA's libraries, what is unpacked of them, and the layer that this becomes.
GPU_SPACE_REQUIRED_BYTES = 20 * 2**30


def ensure_images(names: Sequence[str] = FAMILY_NAMES, settings: Settings | None = None) -> dict[str, str]:
    """Build what is missing of ``names`` and of the images below them; return name -> tag.

    Images of earlier contents are removed after a day. Two calls at once build nothing twice.

    Raises:
        UnknownImage, EngineMissing, EngineForbidden, BaseImageMissing, ImageBuildFailed.
    """
    settings = settings or load_settings()
    plans = {image.name: _plan(image) for name in names for image in lineage(name)}
    client = ensure_engine(settings)
    try:
        if _missing(client, plans, names):
            with _only_one():
                _build_missing(client, plans, names, settings)
    finally:
        client.close()
    return {name: plans[name].tag for name in names}


@dataclass(frozen=True)
class _Plan:
    """An image to build: its tag and the small files that the tag stands for, read at the same moment."""

    image: Image
    tag: str
    context: list[tuple[str, Path | bytes]]


def _plan(image: Image) -> _Plan:
    """Return the plan of ``image``; its folder and the shared one are the top of the context, beside ``training/``."""
    tops = [PROJECT_FOLDER / "images" / name for name in (image.name, SYSTEM_FOLDER)]
    context: list[tuple[str, Path | bytes]] = []
    for path in input_files(image):
        top = next((top for top in tops if path.is_relative_to(top)), PROJECT_FOLDER)
        context.append((path.relative_to(top).as_posix(), path.read_bytes()))
    return _Plan(image, image_tag(image.name), context)


def _build_missing(
    client: docker.DockerClient, plans: dict[str, _Plan], names: Sequence[str], settings: Settings
) -> None:
    missing = _missing(client, plans, names)
    if missing:
        _require_space(client, [plan.image for plan in missing])
        with scratch_folder(settings, "build") as folder:
            _Build(client, plans, missing, folder, settings.base_image_registry).run()
    remove_old_images(client, {plan.tag for plan in plans.values()})


class _Build:
    """One run over the images that are missing, parents before children."""

    def __init__(
        self, client: docker.DockerClient, plans: dict[str, _Plan], missing: list[_Plan], folder: Path,
        registry: str = "",
    ) -> None:  # fmt: skip
        self.registry = registry
        self.client, self.plans, self.missing, self.folder = client, plans, missing, folder
        self.downloads: dict[str, Future[list[Path]]] = {}
        self.requirements: dict[str, str] = {}
        self.starts: dict[str, base_image.Start] = {}

    def run(self) -> None:
        for plan in self.missing:
            if plan.image.parent is None:
                self.starts[plan.image.name] = self._find_start(plan.image.name)
        with ThreadPoolExecutor(max_workers=1) as downloader:
            try:
                self._begin_downloads(downloader)
                for plan in self.missing:
                    self._build(plan)
            finally:
                downloader.shutdown(wait=True, cancel_futures=True)

    def _find_start(self, name: str) -> base_image.Start:
        with step(f"Look for what the image {name} starts from") as current:
            start = base_image.find_start(self.client, name, current.note, registry=self.registry)
        if start.reference is None and all(other.reference for other in self.starts.values()):
            say(f"    No registry answers, so the distribution's packages are used. ({start.reason})")
        return start

    def _platform(self, image: Image) -> Platform:
        """Return the Python that ``image`` holds or will hold."""
        lowest = lineage(image.name)[0].name
        machine = self.client.info()["Architecture"]
        if lowest not in self.starts:
            return Platform(self._python_of(self.plans[lowest].tag), machine)
        reference = self.starts[lowest].reference
        if reference:
            return Platform(self._python_of(reference), machine)
        return Platform(distribution.python_version() or sys.version.split()[0], machine)

    def _python_of(self, reference: str) -> str:
        command = ["-c", "import platform; print(platform.python_version())"]
        for _ in range(OUTPUT_ATTEMPTS):
            output: bytes = self.client.containers.run(
                reference, command, entrypoint=["python3"], remove=True, network_mode="none"
            )
            if output.strip():
                return output.decode().strip()
        raise ImageBuildFailed(
            f"The image {reference} must say which Python it holds.", "no output", "Run the command again."
        )

    def _begin_downloads(self, downloader: ThreadPoolExecutor) -> None:
        platforms: dict[str, Platform] = {}  # of the images that start from nothing of ours, by name
        for image in [plan.image for plan in self.missing if plan.image.lock_file]:
            below = lineage(image.name)[:-1]
            platform = platforms.get(below[0].name) or self._platform(image)
            platforms[below[0].name] = platform
            if INSTALLER_LOCK not in self.downloads:
                installer = select_requirements(_lock_text(INSTALLER_LOCK), platform)
                folder = self.folder / "installer"
                self.downloads[INSTALLER_LOCK] = downloader.submit(download_wheels, installer, folder, platform)
            assert image.lock_file
            installed = "\n".join(_lock_text(lower.lock_file) for lower in below if lower.lock_file)
            self.requirements[image.name] = select_requirements(_lock_text(image.lock_file), platform, installed)
            self.downloads[image.name] = downloader.submit(self._download, image, platform)

    def _download(self, image: Image, platform: Platform) -> list[Path]:
        with step(f"Download the libraries of {image.name}") as current:
            return download_wheels(self.requirements[image.name], self.folder / image.name, platform, current.note)

    def _build(self, plan: _Plan) -> None:
        image = plan.image
        wheels = self._wheels(image) if image.lock_file else []
        with step(f"Build the image {image.name}") as current:
            if image.parent is None:
                start = self.starts[image.name]
                base_image.build_base(self.client, plan.tag, start, plan.context, self.folder, current.note)
                return
            parent = self.plans[image.parent].tag
            if image.lock_file:
                members = [(path.rpartition("/")[2], content) for path, content in plan.context]
                members += [("requirements.txt", self.requirements[image.name].encode())]
                members += [(f"wheels/{wheel.name}", wheel) for wheel in wheels]
                build_by_running(self.client, plan.tag, parent, INSTALL_SCRIPT, members, current.note)
            else:
                build_dockerfile(self.client, plan.tag, plan.context, {"PARENT": parent}, current.note)
        for wheel in self.folder.joinpath(image.name).glob("*.whl"):
            wheel.unlink()

    def _wheels(self, image: Image) -> list[Path]:
        return self.downloads[INSTALLER_LOCK].result() + self.downloads[image.name].result()


def _lock_text(name: str) -> str:
    return (PROJECT_FOLDER / LOCK_FOLDER / name).read_text()


def _missing(client: docker.DockerClient, plans: dict[str, _Plan], names: Sequence[str]) -> list[_Plan]:
    """Return what is to be built for ``names``, parents first. The parents of an image that exists are not needed."""
    needed, missing = set(names), []
    for plan in reversed(plans.values()):
        if plan.image.name in needed and not image_exists(client, plan.tag):
            missing.append(plan)
            needed.add(plan.image.parent or "")
    return missing[::-1]


def _require_space(client: docker.DockerClient, images: Sequence[Image]) -> None:
    with_cuda = any(image.lock_file == f"{GPU_NAME}.txt" for image in images)
    required_bytes = GPU_SPACE_REQUIRED_BYTES if with_cuda else FREE_SPACE_REQUIRED_BYTES
    folder = Path(client.info()["DockerRootDir"])
    if not folder.exists():  # the engine is on another machine
        return
    free = shutil.disk_usage(folder).free
    if free < required_bytes:
        raise ImageBuildFailed(
            f"Building images needs {required_bytes / 2**30:.0f} GiB of free disk space in {folder}.",
            f"{free / 2**30:.1f} GiB", "Free some disk space and run the command again." + (
                " PUSHTUNE_ACCELERATOR=cpu does without the image for GPUs." if with_cuda else ""
            ),
        )


@contextmanager
def _only_one() -> Iterator[None]:
    """Let one process build at a time, and show that the other one is waited for."""
    with ExitStack() as waiting:

        def show() -> None:
            waiting.enter_context(step("Wait for another process that builds images"))

        with only_one_build(show):
            waiting.close()
            yield


def main() -> None:
    """Build the images that the command line names and print their tags."""
    names = tuple(sys.argv[1:]) or FAMILY_NAMES
    for name, tag in ensure_images(names).items():
        say(f"{name}: {tag}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
