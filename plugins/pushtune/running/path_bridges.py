"""Which paths of a script are replaced: those of its author's machine, by what is meant in the repository.

Input is what the inspection says about the paths in the code; nothing here looks at a file.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pushtune_contract.request import PATHS_LIMIT

OUTPUTS_FOLDER = "outputs"
PATH_LIMIT_CHARACTERS = 300
_ABSOLUTE = re.compile(r"^([A-Za-z]:)?/|^~")
# What the container has by itself: a script that names it means that.
_SYSTEM = re.compile(r"^/(bin|dev|etc|lib|lib64|opt|proc|pushtune|run|sbin|sys|tmp|usr|var)(/|$)")
# A file of this kind is as likely written by the script as read; where its path is relative, it is left alone.
_MODEL_FILE = re.compile(r"\.(h5|hdf5|keras|weights|ckpt|pkl|pickle|joblib|model|pb|tflite|json)$", re.I)
_HAS_EXTENSION = re.compile(r"[^/.]\.\w{1,12}$")


def find_bridges(paths: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return literal -> path relative to the repository; a value that ends in ``/`` is a folder to be created.

    An input that the repository holds under another prefix becomes that file. Every other absolute path of another
    machine becomes the same path below ``outputs/``, so that what the script writes there can be written, and is found
    again by the script. ``paths`` are the inspection's (``DataPath.as_document``); at most 300 are bridged.
    """
    bridges: dict[str, str] = {}
    for item in paths:
        literal = str(item["literal"])
        target = _target(item, literal.strip().replace("\\", "/"))
        if target is not None and len(bridges) < PATHS_LIMIT and _is_harmless(target):
            bridges.setdefault(literal, target)
    return bridges


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
    inside = not path.startswith("/") and ".." not in path.split("/")
    return inside and path.isprintable() and 0 < len(path) <= PATH_LIMIT_CHARACTERS
