"""Which paths of a script are replaced: those of its author's machine, by what is meant in the repository.

Input is what the inspection says about the paths in the code, and the names in the data folder of the entry.
"""

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pushtune_contract import layout
from pushtune_contract.request import PATHS_LIMIT

OUTPUTS_FOLDER = "outputs"
PATH_LIMIT_CHARACTERS = 300
DATA_ENTRIES_LIMIT = 20_000
_ABSOLUTE = re.compile(r"^([A-Za-z]:)?/|^~")
# What the container has by itself: a script that names it means that.
_SYSTEM = re.compile(r"^/(bin|dev|etc|lib|lib64|opt|proc|pushtune|run|sbin|sys|tmp|usr|var)(/|$)")
# A file of this kind is as likely written by the script as read; where its path is relative, it is left alone.
_MODEL_FILE = re.compile(r"\.(h5|hdf5|keras|weights|ckpt|pkl|pickle|joblib|model|pb|tflite|json)$", re.I)
_HAS_EXTENSION = re.compile(r"[^/.]\.\w{1,12}$")


def find_bridges(paths: Iterable[Mapping[str, Any]], data: Collection[str] = ()) -> dict[str, str]:
    """Return literal -> path relative to the repository; a value that ends in ``/`` is a folder to be created.

    An input that the repository holds under another prefix becomes that file; one that it does not hold becomes what
    ends like it in the data folder, whose entries are ``data`` (see ``data_entries``). Every other absolute path of
    another machine becomes the same path below ``outputs/``, so that the script can write there, and finds it again.
    ``paths`` are the inspection's (``DataPath.as_document``); at most 300 are bridged.
    """
    bridges: dict[str, str] = {}
    for item in paths:
        literal = str(item["literal"])
        target = _target(item, literal.strip().replace("\\", "/"))
        if data and item["kind"] == "input" and not item["exists"] and not item["found_at"]:
            target = _in_data_folder(literal, data) or target
        if target is not None and len(bridges) < PATHS_LIMIT and _is_harmless(target):
            bridges.setdefault(literal, target)
    return bridges


def data_entries(folder: Path | None) -> set[str]:
    """Return the files and folders below the data folder of an entry, relative to it; at most 20,000."""
    found: set[str] = set()
    for parent, folders, names in os.walk(folder or os.devnull, followlinks=False):
        relative = Path(parent).relative_to(folder or "/")
        for name in folders + names:
            if len(found) >= DATA_ENTRIES_LIMIT:
                return found
            found.add((relative / name).as_posix())
    return found


def _in_data_folder(literal: str, data: Collection[str]) -> str | None:
    """Return the path in the container of the one entry with the longest common end."""
    plain = literal.strip().replace("\\", "/")
    if _MODEL_FILE.search(plain) and not _ABSOLUTE.match(plain):
        return None
    parts = _normal(plain).split("/")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        fits = [tail] if tail in data else [path for path in data if path.endswith("/" + tail)]
        if fits:
            return f"{layout.DATA_MOUNT}/{fits[0]}" if len(fits) == 1 else None
    return None


def find_output_folders(paths: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the folders, relative to where the script starts, that its relative outputs lie in; at most 300."""
    found: dict[str, None] = {}
    for item in paths:
        plain = str(item["literal"]).strip().replace("\\", "/")
        if item["kind"] != "output" or _ABSOLUTE.match(plain):
            continue
        folder = _normal(plain if plain.endswith("/") else plain.rpartition("/")[0])
        if folder and _is_harmless(folder) and not re.search(r"[{}%*]", folder):
            found.setdefault(folder)
    return list(found)[:PATHS_LIMIT]


def _target(item: Mapping[str, Any], plain: str) -> str | None:
    absolute = bool(_ABSOLUTE.match(plain))
    if item["exists"] or _SYSTEM.match(plain):
        return None
    if item["kind"] == "input" and item["found_at"]:
        return str(item["found_at"]) if absolute or not _MODEL_FILE.search(plain) else None
    if not absolute:
        return None
    below = _normal(re.sub(r"^~", "home", re.sub(r"^([A-Za-z]):", r"\1", plain)))
    is_folder = item["kind"] == "output" and (plain.endswith("/") or not _HAS_EXTENSION.search(plain))
    return f"{OUTPUTS_FOLDER}/{below}{'/' if is_folder else ''}" if below else None


def _normal(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _is_harmless(path: str) -> bool:
    inside = not path.removeprefix(layout.DATA_MOUNT + "/").startswith("/") and ".." not in path.split("/")
    return inside and path.isprintable() and 0 < len(path) <= PATH_LIMIT_CHARACTERS
