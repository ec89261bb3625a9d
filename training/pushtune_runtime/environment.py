"""What is set before any library is imported: threads, folders, no display, no terminal, seeds."""

import builtins
import os
import random
import sys
from pathlib import Path
from typing import Any

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)
# Folders in which libraries keep data sets, below the home folder and below the mount with the public data sets.
DATASET_FOLDERS = (".keras", "scikit_learn_data", "tensorflow_datasets", "nltk_data")


def prepare(threads: int, datasets_folder: Path) -> None:
    """Set the environment of the script. Call before TensorFlow or NumPy is imported."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ["MPLBACKEND"] = "Agg"
    home = _writable_home()
    os.environ["HOME"] = str(home)
    os.environ["KERAS_HOME"] = str(home / ".keras")
    os.environ["SCIKIT_LEARN_DATA"] = str(home / "scikit_learn_data")
    os.environ["TFDS_DATA_DIR"] = str(home / "tensorflow_datasets")
    offer_datasets(datasets_folder, home)
    sys.dont_write_bytecode = True  # the script's folder holds what the script writes, nothing else
    _refuse_terminal_input()


def _writable_home() -> Path:
    home = Path(os.path.expanduser("~"))
    if os.access(home, os.W_OK) and home != Path("/"):
        return home
    return Path("/tmp")  # noqa: S108  (a memory file system of this container alone)


def offer_datasets(datasets_folder: Path, home: Path) -> None:
    """Link the prepared data sets into ``home``: libraries insist on a folder that they can write to.

    The mount holds one folder per library: ``keras`` (or ``.keras``), ``scikit_learn_data``, ...; a bare
    ``datasets`` folder, which is what ``KERAS_HOME`` looks like from within, is taken as Keras' too.
    """
    for name in DATASET_FOLDERS:
        for source in (datasets_folder / name, datasets_folder / name.lstrip(".")):
            link_missing(source, home / name)
    for name in ("datasets", "models"):
        link_missing(datasets_folder / name, home / ".keras" / name)


def link_missing(source: Path, target: Path) -> None:
    """Mirror the folders of ``source`` two levels deep below ``target`` and link everything below them."""
    _link(source, target, depth=2)


def _link(source: Path, target: Path, depth: int) -> None:
    if not source.is_dir():
        return
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        if entry.is_dir() and depth > 1:
            _link(entry, place, depth - 1)
        elif not place.exists() and not place.is_symlink():
            place.symlink_to(entry)


def _refuse_terminal_input() -> None:
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  (stays open for the life of the process)

    def refuse(prompt: Any = "") -> str:
        raise EOFError(
            f"input({str(prompt)!r}) waits for a person, but nobody watches a training container; "
            "give the value a default, a command-line argument or an environment variable"
        )

    builtins.input = refuse


def seed_everything(seed: int) -> None:
    """Seed Python and NumPy. Keras draws its own seeds from ``random``; a seed in the script wins, as it comes later.

    TensorFlow's own seed is left alone: with it every epoch would see the same order of arrays.
    """
    random.seed(seed)
    try:
        import numpy
    except ImportError:
        return
    numpy.random.seed(seed % 2**32)
