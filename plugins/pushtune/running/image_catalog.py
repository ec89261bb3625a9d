"""Which images there are, what each is built from, and the tag that its content gives it.

A tag ends in a hash over every file that goes into the image and into those below it. So a tag that exists is
up to date, a second run builds nothing, and two releases on one machine do not disturb each other. DAG files call
``image_tag`` while they are parsed: a few milliseconds, without a Docker engine.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pushtune.errors import UnknownImage
from pushtune.settings import PROJECT_FOLDER

REPOSITORY_PREFIX = "pushtune/"
HASH_CHARACTERS = 12
RUNTIME_FOLDER = "training"


@dataclass(frozen=True)
class Image:
    """One image; its Dockerfile and other files stand in ``images/<name>/``.

    Attributes:
        name: also the name of the folder and of the repository below ``pushtune/``.
        description: one line for people.
        parent: the image that it is built on; None for an image made by other means (see ``base_image``).
        requirements: lock file of its libraries in ``requirements/images/``; None where it adds none.
        carries_runtime: True where ``training/`` is copied into it.
    """

    name: str
    description: str
    parent: str | None = "base"
    requirements: str | None = None
    carries_runtime: bool = False


BASE = Image("base", "Python and a user without rights, from the official image or the distribution's packages", None)
KERAS = Image("keras", "TensorFlow, Keras and what nearly every training script imports", "base", "keras.txt")

# One row per family, from the most specific to the most general: the order in which they are recognised and listed.
FAMILIES = (
    Image("transformer", "attention: text and token models", "keras", "transformer.txt", carries_runtime=True),
    Image("cnn", "convolutions: pictures", "keras", "cnn.txt", carries_runtime=True),
    Image("rnn", "recurrent layers: sequences and time series", "keras", "rnn.txt", carries_runtime=True),
    Image("dense", "fully connected layers: tables and features", "keras", carries_runtime=True),
    Image("classical", "no neural network: scikit-learn and trees", "base", "classical.txt", carries_runtime=True),
)
FAMILY_NAMES = tuple(family.name for family in FAMILIES)

_IMAGES = {image.name: image for image in (BASE, KERAS, *FAMILIES)}


def find_image(name: str) -> Image:
    """Return the image called ``name``. Raises UnknownImage where there is none."""
    try:
        return _IMAGES[name]
    except KeyError:
        raise UnknownImage(
            f"An image must be one of {', '.join(_IMAGES)}.", repr(name),
            "Correct the name, or add a family as docs/adding_a_family.md says.",
        ) from None


def lineage(name: str) -> list[Image]:
    """Return the images that ``name`` is built on, the lowest first, and itself last."""
    image = find_image(name)
    return [*(lineage(image.parent) if image.parent else []), image]


def image_tag(name: str, project: Path = PROJECT_FOLDER) -> str:
    """Return ``pushtune/<name>:<hash>``, the tag of the image that the files below ``project`` describe.

    Raises:
        UnknownImage: there is no such image.
    """
    digest = hashlib.sha256()
    for image in lineage(name):
        for path in input_files(image, project):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(project).as_posix()}\0{len(content)}\0".encode() + content)
    return f"{repository(name)}:{digest.hexdigest()[:HASH_CHARACTERS]}"


def repository(name: str) -> str:
    """Return the tag of an image without the part after the colon."""
    return REPOSITORY_PREFIX + name


def input_files(image: Image, project: Path = PROJECT_FOLDER) -> list[Path]:
    """Return the files that go into ``image`` itself, in a fixed order; those of its parent are not among them."""
    files = list(_files_below(project / "images" / image.name))
    if image.requirements:
        files += [project / "requirements" / "images" / name for name in ("installer.txt", image.requirements)]
    if image.parent:
        files += _files_below(project / "images" / "shared")
    if image.carries_runtime:
        files += (path for path in _files_below(project / RUNTIME_FOLDER) if path.suffix == ".py")
    return files


def _files_below(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
