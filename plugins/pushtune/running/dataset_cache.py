"""The cache of public data sets: which files each consists of, and whether they are there.

The cache looks as the libraries want it, so that files can be put there by hand as well: ``keras/`` is what
``KERAS_HOME`` is, ``scikit_learn_data/`` what scikit-learn's data folder is.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_KERAS = "keras/datasets/"
_SKLEARN = "scikit_learn_data/"
_TF_STORAGE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class PublicDataset:
    """One data set.

    Attributes:
        files: for each file the names below the cache that libraries know it by; one of them is enough, the others
            are made from it (Keras 2 and 3 call the same archive differently).
        source: where a person gets the files; "" where only the library can make them.
    """

    files: tuple[tuple[str, ...], ...]
    source: str = ""


def _keras(*names: str) -> PublicDataset:
    return PublicDataset(tuple((_KERAS + name,) for name in names), _TF_STORAGE)


def _archive(keras_2: str, original: str) -> PublicDataset:
    names = (f"{keras_2}-target_archive", f"{keras_2}.tar.gz", original)
    return PublicDataset((tuple(_KERAS + name for name in names),), _TORONTO)


def _sklearn(*names: str) -> PublicDataset:
    return PublicDataset(tuple((_SKLEARN + name,) for name in names))


DATASETS = {
    "keras.datasets.mnist": _keras("mnist.npz"),
    "keras.datasets.fashion_mnist": PublicDataset(
        tuple(
            (f"{_KERAS}fashion-mnist/{part}-idx{kind}-ubyte.gz",)
            for part, kind in (("train-labels", 1), ("train-images", 3), ("t10k-labels", 1), ("t10k-images", 3))
        ),
        _TF_STORAGE,
    ),
    "keras.datasets.cifar10": _archive("cifar-10-batches-py", "cifar-10-python.tar.gz"),
    "keras.datasets.cifar100": _archive("cifar-100-python", "cifar-100-python.tar.gz"),
    "keras.datasets.imdb": _keras("imdb.npz", "imdb_word_index.json"),
    "keras.datasets.reuters": _keras("reuters.npz", "reuters_word_index.json"),
    "keras.datasets.boston_housing": _keras("boston_housing.npz"),
    "keras.datasets.california_housing": _keras("california_housing.npz"),
    "sklearn.datasets.fetch_california_housing": _sklearn("cal_housing_py3.pkz"),
    "sklearn.datasets.fetch_olivetti_faces": _sklearn("olivetti_py3.pkz"),
    "sklearn.datasets.fetch_20newsgroups": _sklearn("20news-bydate_py3.pkz"),
    "sklearn.datasets.fetch_covtype": _sklearn("covertype/samples_py3", "covertype/targets_py3"),
}


def make_cache_folder(cache: Path, below: str = "") -> Path:
    """Make the cache, or the folder ``below`` in it, and return it; containers may enter, whatever our umask is."""
    folder = cache / below
    folder.mkdir(parents=True, exist_ok=True)
    for place in (folder, *(parent for parent in folder.parents if parent.is_relative_to(cache))):
        _let_read(place)
    return folder


def open_cache(cache: Path) -> None:
    """Let containers read all that is in the cache: a person who puts files there may have any umask."""
    for parent, _, files in os.walk(make_cache_folder(cache), followlinks=False):
        _let_read(Path(parent))
        for path in (Path(parent) / name for name in files):
            if not path.is_symlink():
                _let_read(path)


def _let_read(place: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else's, who decides about it, or gone meanwhile
        mode = place.stat().st_mode
        wanted = 0o755 if stat.S_ISDIR(mode) else 0o444
        if mode & wanted != wanted and (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            place.chmod(stat.S_IMODE(mode) | wanted)


def is_cached(cache: Path, name: str) -> bool:
    """Say whether all files of the data set ``name``, one of ``DATASETS``, are in the cache."""
    return all(any(_found(cache, path) for path in names) for names in DATASETS[name].files)


def complete_names(cache: Path, name: str) -> None:
    """Give each file of a cached data set all the names that libraries look for."""
    for names in DATASETS[name].files:
        present = next((place for path in names if (place := _found(cache, path))), None)
        for path in names if present is not None and len(names) > 1 else ():
            if not (cache / path).exists():
                make_cache_folder(cache, path.rpartition("/")[0])
                _link_or_copy(present, cache / path)


def take_over(staging: Path, cache: Path, name: str) -> None:
    """Move the files of the data set ``name`` from ``staging`` into the cache, each whole or not at all.

    Only the known names are taken, and only plain files: whatever else a download left is not looked at.
    """
    for path in (path for names in DATASETS[name].files for path in names):
        source, target = staging / path, cache / path
        if _is_plain(staging, path) and not target.exists():
            make_cache_folder(cache, path.rpartition("/")[0])
            aside = target.with_name(f".{target.name}.part")
            try:
                shutil.move(source, aside)
                aside.chmod(0o644)
                aside.replace(target)
            finally:
                aside.unlink(missing_ok=True)


def missing_files(cache: Path, name: str) -> list[Path]:
    """Return where the files that are not there belong."""
    files = DATASETS[name].files
    return [cache / names[-1] for names in files if not any(_found(cache, path) for path in names)]


def _found(cache: Path, path: str) -> Path | None:
    return next((place for place in _places(cache, path) if place.is_file()), None)


def _places(cache: Path, path: str) -> Iterator[Path]:
    """Yield where training containers look for ``path``: folders that a person copies are often called so."""
    yield cache / path
    if path.startswith(_KERAS):
        yield cache / f".{path}"
        yield cache / path.removeprefix("keras/")


def _is_plain(folder: Path, path: str) -> bool:
    place = folder
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            return False
    return place.is_file()


def _link_or_copy(source: Path | None, target: Path) -> None:
    assert source is not None
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        aside = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, aside)
        _let_read(aside)
        aside.replace(target)
