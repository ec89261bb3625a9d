"""Which images of repositories are still in use, and the removal of the others.

An image that was built for a repository (``environment``, ``repository``) belongs to the installation that built it, by
its label or, for those without one, by the mark that its use leaves in ``<home>/environments``.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import closing
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


def mark_used(tag: str, settings: Settings) -> None:
    """Note that a run uses the image now."""
    mark = _mark(tag, settings)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _mark(tag: str, settings: Settings) -> Path:
    return settings.home / "environments" / tag.rpartition(":")[2]


def remove_unused_images(settings: Settings, kept_tags: Collection[str]) -> list[dict[str, Any]]:
    """Remove the images that no kept run names and that none has asked for in ``image_unused_days``.

    Args:
        kept_tags: what the runs that are kept were trained in.

    Returns:
        per image ``what``, ``bytes`` (of its own layers, as far as the engine tells) and ``reason``.
    """
    import docker

    from pushtune.running.container_engine import translated_errors

    with (
        translated_errors(),
        closing(docker.from_env(timeout=ENGINE_TIMEOUT_SECONDS)) as client,
        only_one_build(),  # an image is marked as used after its build
    ):
        records = [_removed(client, found, settings, kept_tags) for found in _of_installation(client, settings)]
        return [record for record in records if record is not None]


def _of_installation(client: Any, settings: Settings) -> Iterator[tuple[str, Any]]:
    own = installation_id(settings)
    for kind in KINDS:
        for image in client.images.list(filters={"label": f"{IMAGE_LABEL}={kind}"}):
            if image.labels.get(INSTALLATION_LABEL, own) == own:
                yield from ((tag, image) for tag in image.tags)


def _removed(
    client: Any, tagged: tuple[str, Any], settings: Settings, kept_tags: Collection[str]
) -> dict[str, Any] | None:
    tag, image = tagged
    mark = _mark(tag, settings)
    if tag in kept_tags or not mark.exists():
        return None
    unused_days = (time.time() - mark.stat().st_mtime) / DAY_SECONDS
    if unused_days < settings.image_unused_days:
        return None
    size_bytes = _own_bytes(client, image)
    try:
        client.images.remove(tag)
    except ImageNotFound:
        size_bytes = 0
    except APIError:  # a container still uses it
        return None
    mark.unlink(missing_ok=True)
    return {"what": tag, "bytes": size_bytes, "reason": f"no kept run uses it, unused for {unused_days:.0f} days"}


def _own_bytes(client: Any, image: Any) -> int:
    """Return the bytes of the layers above the image that it was built on."""
    parent = image.attrs.get("Parent")
    try:
        return int(image.attrs["Size"]) - (int(client.images.get(parent).attrs["Size"]) if parent else 0)
    except ImageNotFound:
        return 0
