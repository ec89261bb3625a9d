"""Which images of repositories are still in use, and the removal of the others.

An image that was built for a repository (``environment``, ``repository``) belongs to the installation that built it, by
its label or, for those without one, by the mark that its use leaves in ``<home>/environments``.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound

from pushtune.running.build_lock import only_one_build
from pushtune.running.container_labels import installation_id
from pushtune.running.image_builder import IMAGE_LABEL
from pushtune.settings import Settings

KINDS = ("environment", "repository")
INSTALLATION_LABEL = "pushtune.installation"
ENGINE_TIMEOUT_SECONDS = 300  # removing gigabytes keeps the engine silent
DAY_SECONDS = 86_400
SETTLED_DAYS = 1.0  # the run that asked for it may not have recorded it yet, or may be tried again


def mark_used(tag: str, settings: Settings) -> None:
    """Note that a run uses the image now."""
    mark = _mark(tag, settings)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _mark(tag: str, settings: Settings) -> Path:
    return settings.home / "environments" / tag.rpartition(":")[2]


def remove_unused_images(settings: Settings, kept_tags: Collection[str]) -> list[dict[str, Any]]:
    """Remove the images that no kept run names and that none has asked for in ``image_unused_days``.

    While all of them take more than ``images_limit_bytes``, those that no kept run names go earlier, the one first that
    was not asked for for the longest time.

    Args:
        kept_tags: what the runs that are kept were trained in.

    Returns:
        per image ``what``, ``bytes`` (of its own layers, as far as the engine tells) and ``reason``.
    """
    import docker

    from pushtune.running.container_engine import translated_errors

    records: list[dict[str, Any]] = []
    with (
        translated_errors(),
        closing(docker.from_env(timeout=ENGINE_TIMEOUT_SECONDS)) as client,
        only_one_build(),  # an image is marked as used after its build
    ):
        found = sorted(_of_installation(client, settings), key=lambda image: -image.unused_days)
        total_bytes = sum(image.own_bytes for image in found)
        for image in found:
            reason = _reason(image, total_bytes, settings)
            if image.tag not in kept_tags and reason and _removed(client, image, settings):
                records.append({"what": image.tag, "bytes": image.own_bytes, "reason": reason})
                total_bytes -= image.own_bytes
    return records


@dataclass(frozen=True)
class _Image:
    """An image of a repository, built or used by this installation."""

    tag: str
    own_bytes: int
    unused_days: float


def _of_installation(client: Any, settings: Settings) -> Iterator[_Image]:
    own = installation_id(settings)
    for kind in KINDS:
        for image in client.images.list(filters={"label": f"{IMAGE_LABEL}={kind}"}):
            tags = [tag for tag in image.tags if _mark(tag, settings).exists()]
            if tags and image.labels.get(INSTALLATION_LABEL, own) == own:
                own_bytes = _own_bytes(client, image)
                for tag in tags:
                    seconds = time.time() - _mark(tag, settings).stat().st_mtime
                    yield _Image(tag, own_bytes, seconds / DAY_SECONDS)


def _reason(image: _Image, total_bytes: int, settings: Settings) -> str:
    unused = f"no kept run uses it, unused for {image.unused_days:.0f} days"
    if image.unused_days >= settings.image_unused_days:
        return unused
    if total_bytes > settings.images_limit_bytes and image.unused_days > SETTLED_DAYS:
        return f"{unused}, and all together may take {settings.images_limit_bytes} bytes"
    return ""


def _removed(client: Any, image: _Image, settings: Settings) -> bool:
    try:
        client.images.remove(image.tag)
    except ImageNotFound:
        pass
    except APIError:  # a container still uses it
        return False
    _mark(image.tag, settings).unlink(missing_ok=True)
    return True


def _own_bytes(client: Any, image: Any) -> int:
    """Return the bytes of the layers above the image that it was built on."""
    parent = image.attrs.get("Parent")
    try:
        return int(image.attrs["Size"]) - (int(client.images.get(parent).attrs["Size"]) if parent else 0)
    except ImageNotFound:
        return 0
