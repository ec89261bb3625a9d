"""Joins inspection and images: in which image a run is trained, and the image made ready before the first container."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pushtune.errors import UnsupportedFamily
from pushtune.running.image_catalog import FAMILY_NAMES, GPU_FAMILIES, GPU_NAME, LEGACY_NAMES, image_tag
from pushtune.settings import Settings

if TYPE_CHECKING:
    from pushtune.running.accelerator import Choice

OWN_DOCKERFILE = "Dockerfile"  # noted where the repository's own was built: on today's runtime
ENGINE_ANSWER_TIMEOUT_SECONDS = 900  # saving a layer of gigabytes keeps the engine silent
Document = dict[str, Any]


def choose_tag(inspection: Document) -> Document:
    """Return the image that the inspected code trains in: its name, today's tag, and why where it is not the usual one.

    The run keeps this image, even if an upgrade builds newer ones meanwhile.
    """
    from pushtune.running.keras_route import choose_image

    if inspection["family"] not in FAMILY_NAMES:
        raise UnsupportedFamily.of(inspection["entry"], inspection["framework"])

    route = choose_image(inspection["family"], inspection["keras_generation"], inspection["keras_markers"])
    return {"name": route.image, "tag": image_tag(route.image), "reason": route.reason}


def choose_older_tag(inspection: Document, prepared: Document, reason: str) -> Document | None:
    """Return the image with Keras 2 for code that Keras 3 has refused for ``reason``, like ``choose_tag``.

    None where the code trains with Keras 2 already, without Keras, or in an image that the repository has made.
    """
    from pushtune.running.keras_route import KERAS_2_15, WITHOUT_KERAS

    chosen: Document = inspection["chosen_image"]
    if chosen.get("refused"):  # the process that chose it died before its container started
        return chosen
    name = chosen["name"]
    if prepared.get("built_from") == OWN_DOCKERFILE or name in (*LEGACY_NAMES, *WITHOUT_KERAS):
        return None
    told = (
        f"Keras 3 refuses this code ({reason}), so it trains with TensorFlow 2.15 and its Keras, where an interrupted "
        "training starts again from its beginning"
    )
    return {"name": KERAS_2_15, "tag": image_tag(KERAS_2_15), "reason": told, "refused": True}


def make_ready(inspection: Document, checkout: Path, own_dockerfile: bool, settings: Settings) -> Document:
    """Make sure that the run's image is there; return its tag, warnings, and what was installed.

    Instant where the family's image has all that the repository needs.

    Raises:
        UnusableEnvironment: the repository asks for what cannot be had; the text names the line.
        EngineUnavailable, EngineForbidden, ImageBuildFailed, BaseImageMissing: this host cannot build now.
    """
    import docker

    from pushtune.running.container_engine import translated_errors

    with translated_errors(), closing(docker.from_env(timeout=ENGINE_ANSWER_TIMEOUT_SECONDS)) as client:
        if own_dockerfile:
            return _from_dockerfile(client, checkout, settings)
        return _from_family(client, inspection, settings)


def _from_dockerfile(client: Any, checkout: Path, settings: Settings) -> Document:
    from pushtune.running.repository_dockerfile import ensure_repository_image

    tag = ensure_repository_image(client, checkout, settings, _show)
    return {"image_tag": tag, "warnings": [], "packages": [], "built_from": OWN_DOCKERFILE}


def _from_family(client: Any, inspection: Document, settings: Settings) -> Document:
    from pushtune.commands.build_images import ensure_images
    from pushtune.running.environment_image import ensure_environment
    from pushtune.running.image_builder import image_exists
    from pushtune.running.requirement_needs import read_needs

    chosen = inspection["chosen_image"]
    accelerated = _accelerator(client, chosen, settings)
    name, tag = (GPU_NAME, image_tag(GPU_NAME)) if accelerated.accelerator else (chosen["name"], chosen["tag"])
    if not image_exists(client, tag):
        tag = ensure_images([name], settings)[name]
    environment = ensure_environment(client, tag, read_needs(inspection["requirement_sources"]), settings, _show)
    reasons = [chosen["reason"]] if chosen["name"] in LEGACY_NAMES else []
    if accelerated.reason and not accelerated.accelerator:
        reasons.append(accelerated.reason)
    return {
        "image_tag": environment.tag,
        "warnings": reasons + environment.warnings,
        "packages": environment.packages,
        "built_from": tag,
        "build_seconds": environment.seconds,
        "accelerator": accelerated.accelerator,
        "accelerator_reason": accelerated.reason,
    }


def _accelerator(client: Any, chosen: Document, settings: Settings) -> "Choice":
    """Return what the code trains on: a GPU only where its image with CUDA's libraries can run it."""
    from pushtune.commands.build_images import ensure_images
    from pushtune.running.accelerator import Choice, choose
    from pushtune.running.image_builder import image_exists

    if chosen["name"] not in GPU_FAMILIES:
        return Choice(None)

    def any_image() -> str:
        known: str = chosen["tag"]
        return known if image_exists(client, known) else ensure_images(["base"], settings)["base"]

    return choose(client, settings, any_image)


def accelerator_of_spec(prepared: Document, settings: Settings) -> Document:
    """Return the part of a training's document that gives it the GPU; empty for the CPU."""
    chosen = prepared.get("accelerator")
    if not chosen:
        return {}
    slots = {"folder": str(settings.home / "gpu-slots"), "count": settings.gpu_trials_at_once}
    return {"accelerator": {**chosen, "slots": slots}}


def _show(line: str) -> None:
    """Put a line into the task's log."""
    import logging

    if line:
        logging.getLogger(__name__).info("%s", line)
