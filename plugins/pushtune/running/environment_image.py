"""The image of one repository: its family's image and, on top, what the repository needs beyond that.

Keyed by the family's image and the needed lines, so equal needs share an image and a second run builds nothing. pip
runs on the host, takes wheels only and executes nothing of them; what installs them is a container without a network,
without capabilities and without any secret of the host. TensorFlow, Keras, NumPy and whatever else the image holds stay
as they are: a repository that pins others gets a note.
"""

import hashlib
import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from packaging.utils import parse_wheel_filename

from pushtune.errors import EnvironmentTooLarge
from pushtune.running import bounded_pip, image_catalog, stub_wheels
from pushtune.running.bounded_pip import Attempt
from pushtune.running.build_lock import only_one_build
from pushtune.running.container_labels import installation_id
from pushtune.running.disk_reserve import require_engine_space
from pushtune.running.image_builder import (
    Finish,
    Members,
    OnLine,
    build_by_running,
    image_exists,
)
from pushtune.running.image_contents import ImageContents, look_into
from pushtune.running.image_use import INSTALLATION_LABEL, mark_used
from pushtune.running.requirement_needs import Need
from pushtune.running.scratch import scratch_folder
from pushtune.running.wheel_search import Found, WheelSearch
from pushtune.running.wheels import Platform, download_wheels, select_requirements
from pushtune.settings import PROJECT_FOLDER, Settings

NAME = "environment"
NOTES_LABEL = "pushtune.environment"
INSTALL_SCRIPT = "install_libraries.py"
INSTALLED_LIMIT_BYTES = 8 * 2**30
INSTALL_LIMITS: Mapping[str, Any] = {
    "mem_limit": 2 * 2**30, "pids_limit": 1024, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"],
}  # fmt: skip


@dataclass(frozen=True)
class Environment:
    """An image that a repository can be trained in.

    Attributes:
        tag: of the image. warnings: what differs from what the repository asks for, each with file and line.
        packages: what was installed on top of the family's image, as ``name==version``.
        built: False where the image was there already. seconds: how long it took to make it ready.
    """

    tag: str
    warnings: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    built: bool = False
    seconds: float = 0.0


def environment_tag(family_tag: str, needs: Sequence[Need]) -> str:
    """Return the tag of the environment with ``needs`` on top of ``family_tag``."""
    lines = sorted(f"{need.line}\0{need.is_imported}" for need in needs)
    digest = hashlib.sha256("\n".join([family_tag, *lines]).encode()).hexdigest()
    return f"{image_catalog.repository(NAME)}:{digest[: image_catalog.HASH_CHARACTERS]}"


def ensure_environment(
    client: docker.DockerClient, family_tag: str, needs: Sequence[Need], settings: Settings, on_line: OnLine
) -> Environment:
    """Return the environment of a repository; build its image unless it is there. Without needs: the family's image.

    Args:
        family_tag: an image that the engine holds.
        on_line: is told what happens.

    Raises:
        RequirementMissing, RequirementNeedsSources, RequirementConflict: the entry imports what cannot be had.
        EnvironmentTooLarge: it would not fit. ImageBuildFailed: this host cannot build now. ImageMissing, ImageBroken.
        DiskAlmostFull: try again later.
    """
    if not needs:
        return Environment(family_tag)
    started = time.monotonic()
    tag = environment_tag(family_tag, needs)
    built = not image_exists(client, tag)
    if built:
        require_engine_space(client, settings)
        with only_one_build(lambda: on_line("Waiting for another process that builds images.")):
            if not image_exists(client, tag):
                _build(client, tag, family_tag, needs, settings, on_line)
    mark_used(tag, settings)
    return _described(client, tag, needs, built, time.monotonic() - started)


def _described(
    client: docker.DockerClient, tag: str, needs: Sequence[Need], built: bool, seconds: float
) -> Environment:
    label = json.loads(client.images.get(tag).labels[NOTES_LABEL])
    warnings = [f"{need.place}: {label['notes'][need.name]}" for need in needs if need.name in label["notes"]]
    return Environment(tag, warnings, label["packages"], built, round(seconds, 3))


def _build(
    client: docker.DockerClient, tag: str, family_tag: str, needs: Sequence[Need], settings: Settings, on_line: OnLine
) -> None:
    contents = look_into(client, family_tag)
    with scratch_folder(settings, "environment") as folder:
        found = _find_wheels(contents, needs, folder, on_line)
        _require_size(found.wheels)
        packages = [_requirement(wheel) for wheel in found.wheels]
        on_line(f"Installing {', '.join(packages) or 'nothing'}.")
        members = _members(found.wheels, _installer(contents.platform, settings))
        notes = json.dumps({"notes": found.notes, "packages": packages})
        finish = _like(client, family_tag, {NOTES_LABEL: notes, INSTALLATION_LABEL: installation_id(settings)})
        build_by_running(client, tag, family_tag, INSTALL_SCRIPT, members, on_line, finish)


def _find_wheels(contents: ImageContents, needs: Sequence[Need], folder: Path, on_line: OnLine) -> Found:
    """Return wheels for all needs that the image does not meet itself, without the stand-ins for its own content."""
    versions = stub_wheels.provided(contents.distributions)
    constraints = stub_wheels.write_stubs(versions, folder / "provided")
    stand_ins = {path.name for path in (folder / "provided").iterdir()}

    def attempt(lines: Sequence[str]) -> Attempt:
        return bounded_pip.download(lines, constraints, folder / "download", contents.platform, on_line)

    def download(asked: Sequence[Need]) -> Attempt:
        done = attempt([need.line for need in asked])
        names = {path.name.partition("-")[0].replace("_", "-") for path in done.wheels}
        if stub_wheels.WINDOWED_OPENCV in names and not names & {stub_wheels.HEADLESS_OPENCV}:
            done = attempt([*(need.line for need in asked), stub_wheels.HEADLESS_OPENCV])
        return Attempt(tuple(path for path in done.wheels if path.name not in stand_ins), done.log, done.failed)

    def is_known(name: str) -> bool:
        return bounded_pip.is_known(name, folder / "look", contents.platform)

    brought = {need.name for need in needs if need.name in versions and need.name != stub_wheels.WINDOWED_OPENCV}
    search = WheelSearch(download, is_known, contents.platform.python_minor)
    found = search.run([need for need in needs if need.name not in brought])
    own = {
        need.name: f"{need.line} is not applied: the image brings {need.name} {versions[need.name]}"
        for need in needs
        if need.name in brought and need.is_pinned
    }
    return Found(found.wheels, {**found.notes, **own})


def _requirement(wheel: Path) -> str:
    name, version, *_ = parse_wheel_filename(wheel.name)
    return f"{name}=={version}"


def _members(wheels: Sequence[Path], installer: Sequence[Path]) -> Members:
    lines = [f"{_requirement(path)} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in wheels]
    script = PROJECT_FOLDER / "images" / "libraries" / INSTALL_SCRIPT
    return [
        (INSTALL_SCRIPT, script.read_bytes()),
        ("requirements.txt", "".join(lines).encode()),
        *((f"wheels/{path.name}", path) for path in [*installer, *wheels]),
    ]


def _installer(platform: Platform, settings: Settings) -> list[Path]:
    """Return the wheel of the program that installs wheels; it is downloaded once."""
    lock = (PROJECT_FOLDER / image_catalog.LOCK_FOLDER / image_catalog.INSTALLER_LOCK).read_text()
    key = hashlib.sha256(f"{lock}\0{platform}".encode()).hexdigest()[: image_catalog.HASH_CHARACTERS]
    folder = settings.home / "installer" / key
    if not folder.is_dir():
        with scratch_folder(settings, "installer") as aside:
            download_wheels(select_requirements(lock, platform), aside / "wheels", platform)
            folder.parent.mkdir(parents=True, exist_ok=True)
            (aside / "wheels").rename(folder)
    return sorted(folder.glob("*.whl"))


def _require_size(wheels: Sequence[Path]) -> None:
    size_bytes = 0
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            size_bytes += sum(entry.file_size for entry in archive.infolist())
    if size_bytes > INSTALLED_LIMIT_BYTES:
        raise EnvironmentTooLarge(
            f"What a repository needs must take at most {INSTALLED_LIMIT_BYTES / 2**30:.0f} GiB.",
            f"{size_bytes / 2**30:.1f} GiB in {len(wheels)} distributions", "Remove what the training does not need.",
        )


def _like(client: docker.DockerClient, family_tag: str, labels: Mapping[str, str]) -> Finish:
    """Return what gives the new image the user and the entry point of the family's image."""
    config = client.images.get(family_tag).attrs["Config"]
    changes = (
        "CMD []", f"ENTRYPOINT {json.dumps(config['Entrypoint'])}", f"USER {config['User']}",
        f"WORKDIR {config['WorkingDir']}",
    )  # fmt: skip
    return Finish(changes, labels, INSTALL_LIMITS)
