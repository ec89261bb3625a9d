"""Which images there are, what each is built from, and the tag that its content gives it.

A tag ends in a hash over every file that goes into the image and into those below it. So a tag that exists is
up to date, and a second run builds nothing. DAG files call ``image_tag`` while they are parsed: it takes a few
milliseconds and needs no Docker engine.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pushtune.errors import UnknownImage
from pushtune.settings import PROJECT_FOLDER

REPOSITORY_PREFIX = "pushtune/"
HASH_CHARACTERS = 12
RUNTIME_FOLDER = "training"
LOCK_FOLDER = "requirements/images"
INSTALLER_LOCK = "installer.txt"
SYSTEM_FOLDER = "system"  # below images/: what the images share that start from nothing of ours


@dataclass(frozen=True)
class Image:
    """One image: a lock file installed on its parent, or else the Dockerfile in ``images/<name>/``.

    Attributes:
        name: also the name of the repository below ``pushtune/``.
        parent: the image that it is built on; None where it starts from an official image or from packages.
        lock_file: the lock file below ``requirements/images/`` that is all it adds; None with a Dockerfile.
        carries_runtime: True where ``training/`` is part of the Dockerfile's context.
    """

    name: str
    parent: str | None
    lock_file: str | None = None
    carries_runtime: bool = False


@dataclass(frozen=True)
class Family:
    """A kind of model, and the image that trains it.

    Attributes:
        name: what the detectors return; also the image and the folder ``images/<name>/``.
        description: one line for people.
        stands_on: ``keras`` (with TensorFlow) or ``base`` (Python alone).
        lock_file: libraries that the family adds; None where it adds none.
    """

    name: str
    description: str
    stands_on: str = "keras"
    lock_file: str | None = None


# From the most specific to the most general: the order in which families are recognised and listed.
FAMILIES = (
    Family("transformer", "attention: text and token models", lock_file="transformer.txt"),
    Family("cnn", "convolutions: pictures", lock_file="cnn.txt"),
    Family("rnn", "recurrent layers: sequences and time series", lock_file="rnn.txt"),
    Family("dense", "fully connected layers: tables and features"),
    Family("classical", "no neural network: scikit-learn and trees", stands_on="base", lock_file="classical.txt"),
)
FAMILY_NAMES = tuple(family.name for family in FAMILIES)

# Keras 2, for code that Keras 3 cannot run (``keras_route`` says which); each holds what all families with a neural
# network hold, so that one image serves them all. Built when a push needs it first.
LEGACY_NAMES = ("keras_2_15", "keras_2_12")

# All families with a neural network, with the libraries of CUDA. Built when a push needs it first.
GPU_NAME = "gpu"
GPU_FAMILIES = tuple(family.name for family in FAMILIES if family.stands_on == "keras")


def _family_images(family: Family) -> list[Image]:
    # The libraries are an image of their own, so that a change of the runtime does not install them again.
    if family.lock_file is None:
        return [Image(family.name, family.stands_on, carries_runtime=True)]
    libraries = Image(f"{family.name}-libraries", family.stands_on, family.lock_file)
    return [libraries, Image(family.name, libraries.name, carries_runtime=True)]


def _whole_images(name: str) -> list[Image]:
    libraries = Image(f"{name}-libraries", "base", f"{name}.txt")
    return [libraries, Image(name, libraries.name, carries_runtime=True)]


# What docker-compose.yaml runs besides trainings.
COMPOSE_NAMES = ("airflow", "postgres", "redis")

_IMAGES = {
    image.name: image
    for image in (
        Image("base", None),
        Image("keras", "base", "keras.txt"),
        *(image for family in FAMILIES for image in _family_images(family)),
        *(image for name in (*LEGACY_NAMES, GPU_NAME) for image in _whole_images(name)),
        Image("airflow-system", None),
        Image("airflow-libraries", "airflow-system", "airflow.txt"),
        Image("airflow", "airflow-libraries"),
        Image("postgres", None),
        Image("redis", None),
    )
}


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
            facts = path.stat()
            content_digest = _digest(path, facts.st_mtime_ns, facts.st_size)
            digest.update(f"{path.relative_to(project).as_posix()}\0{content_digest}\0".encode())
    return f"{repository(name)}:{digest.hexdigest()[:HASH_CHARACTERS]}"


def repository(name: str) -> str:
    """Return the tag of an image without the part after the colon."""
    return REPOSITORY_PREFIX + name


def input_files(image: Image, project: Path = PROJECT_FOLDER) -> list[Path]:
    """Return the files that go into ``image`` itself, in a fixed order; those of its parent are not among them."""
    if image.lock_file:
        files = list(_files_below(project / "images" / "libraries"))
        return files + [project / LOCK_FOLDER / name for name in (INSTALLER_LOCK, image.lock_file)]
    files = list(_files_below(project / "images" / image.name))
    if image.parent is None:
        files += _files_below(project / "images" / SYSTEM_FOLDER)
    if image.carries_runtime:
        files += runtime_files(project)
    return files


def runtime_files(project: Path = PROJECT_FOLDER) -> list[Path]:
    """Return the source files of the runtime and of the contract, in a fixed order."""
    return [path for path in _files_below(project / RUNTIME_FOLDER) if path.suffix == ".py"]


@lru_cache(maxsize=4096)
def _digest(path: Path, changed_nanoseconds: int, size_bytes: int) -> str:
    """Return the hash of a file; read again only once it has changed, since a DAG file asks for many tags."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files_below(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
