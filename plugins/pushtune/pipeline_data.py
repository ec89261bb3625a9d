"""Joins inspection and running: the public data sets that the code names are there before the first training."""

import logging
import os
from typing import Any

from pushtune.settings import Settings

ENGINE_URL = "unix:///var/run/docker.sock"
ENGINE_ANSWER_TIMEOUT_SECONDS = 120
FAMILY_WITH_KERAS = "dense"


def provide_data(inspection: dict[str, Any], settings: Settings) -> list[str]:
    """Fetch the public data sets that are missing; return a warning for each that could not be had."""
    places = inspection.get("dataset_places") or {}
    if not places:
        return []
    from pushtune.running.container_engine import ContainerEngine, connect
    from pushtune.running.datasets import provide_datasets

    client = connect(os.environ.get("DOCKER_HOST") or ENGINE_URL, ENGINE_ANSWER_TIMEOUT_SECONDS)
    try:
        return provide_datasets(
            places,
            lambda: _image(inspection, settings),
            ContainerEngine(client),
            settings,
            lambda line: logging.getLogger(__name__).info("%s", line),
        )
    finally:
        client.close()


def _image(inspection: dict[str, Any], settings: Settings) -> str:
    """Return one of our own images: what a repository added to its image must not run where there is a network."""
    from pushtune.commands.build_images import ensure_images

    name = inspection["chosen_image"]["name"]
    if name == "classical" and any(place.startswith("keras.") for place in inspection["dataset_places"]):
        name = FAMILY_WITH_KERAS
    return ensure_images([name], settings)[name]
