"""Joins inspection and running: the data that the code names is there before training, or named as missing."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pushtune.running.path_bridges import data_entries, find_bridges, find_output_folders
from pushtune.settings import Settings
from pushtune_contract import layout

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


def lfs_warnings(checked_out: Mapping[str, Any]) -> list[str]:
    """Return a warning where files of the checkout are still pointers of Git LFS."""
    facts = checked_out.get("lfs") or {}
    if not facts.get("left"):
        return []
    more = facts["left_files"] - 1
    others = f" and {more} more" if more else ""
    return [f"{facts['left'][0]}{others}: only the Git LFS pointer is there, not the content. {facts['reason']}"]


def path_fields(inspection: Mapping[str, Any], data_folder: str | None) -> dict[str, Any]:
    """Return the fields of a trial's request that let the script find its files."""
    entries = data_entries(Path(data_folder)) if data_folder else set()
    return {
        "path_bridges": find_bridges(inspection["paths"], entries),
        "output_folders": find_output_folders(inspection["paths"]),
    }


def still_missing(inspection: Mapping[str, Any], data_folder: str | None) -> list[str]:
    """Return the inspection's warnings without those about files that the data folder serves."""
    bridges = path_fields(inspection, data_folder)["path_bridges"]
    served = tuple(
        f"{item['file']}:{item['line']}: {item['literal']} is not in the repository"
        for item in inspection["paths"]
        if bridges.get(item["literal"], "").startswith(layout.DATA_MOUNT + "/")
    )
    return [warning for warning in inspection["warnings"] if not warning.startswith(served)]


def _image(inspection: dict[str, Any], settings: Settings) -> str:
    """Return one of our own images: what a repository added to its image must not run where there is a network."""
    from pushtune.commands.build_images import ensure_images

    name = inspection["chosen_image"]["name"]
    if name == "classical" and any(place.startswith("keras.") for place in inspection["dataset_places"]):
        name = FAMILY_WITH_KERAS
    return ensure_images([name], settings)[name]
