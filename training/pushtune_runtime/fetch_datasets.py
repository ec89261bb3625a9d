"""``python -m pushtune_runtime.fetch_datasets FOLDER NAME...``: downloads public data sets with their libraries.

Runs in a container of its own that has a network and holds no code of a repository. What was fetched lies below
``FOLDER`` as the libraries want it; ``FOLDER/outcome.json`` says for each name why it failed, or "" where it did not.

Where PUSHTUNE_DATASET_MIRROR names a mirror, nothing else is asked: what libraries want from ``https://host/path``
comes from ``<mirror>/host/path``, redirects included.
"""

import importlib
import os
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, List
from urllib.parse import urlsplit

from pushtune_contract.reading import write_json

MIRROR_VARIABLE = "PUSHTUNE_DATASET_MIRROR"
OUTCOME_FILE = "outcome.json"
ANSWER_TIMEOUT_SECONDS = 60.0
REASON_LIMIT_CHARACTERS = 500


def _keras(name: str, further: str = "") -> None:
    module = getattr(importlib.import_module("keras").datasets, name)
    module.load_data()
    if further:
        getattr(module, further)()


def _sklearn(fetcher: str) -> None:
    getattr(importlib.import_module("sklearn.datasets"), fetcher)()


LOADERS: Dict[str, Callable[[], None]] = {
    "keras.datasets.mnist": lambda: _keras("mnist"),
    "keras.datasets.fashion_mnist": lambda: _keras("fashion_mnist"),
    "keras.datasets.cifar10": lambda: _keras("cifar10"),
    "keras.datasets.cifar100": lambda: _keras("cifar100"),
    "keras.datasets.imdb": lambda: _keras("imdb", "get_word_index"),
    "keras.datasets.reuters": lambda: _keras("reuters", "get_word_index"),
    "keras.datasets.boston_housing": lambda: _keras("boston_housing"),
    "keras.datasets.california_housing": lambda: _keras("california_housing"),
    "sklearn.datasets.fetch_california_housing": lambda: _sklearn("fetch_california_housing"),
    "sklearn.datasets.fetch_olivetti_faces": lambda: _sklearn("fetch_olivetti_faces"),
    "sklearn.datasets.fetch_20newsgroups": lambda: _sklearn("fetch_20newsgroups"),
    "sklearn.datasets.fetch_covtype": lambda: _sklearn("fetch_covtype"),
}


class MirrorHandler(urllib.request.BaseHandler):
    """Asks the mirror at ``address`` instead of the host that a library names."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/") + "/"

    def default_open(self, request: urllib.request.Request) -> Any:
        """Return the mirror's answer; None where the request goes to the mirror already."""
        if request.full_url.startswith(self.address):
            return None
        parts = urlsplit(request.full_url)
        place = f"{self.address}{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return self.parent.open(place, timeout=request.timeout)


def use_mirror(address: str) -> None:
    """Let the downloads of this process go to the mirror at ``address``; "": to the hosts themselves."""
    if address:
        urllib.request.install_opener(urllib.request.build_opener(MirrorHandler(address)))


def fetch(folder: Path, names: List[str]) -> Dict[str, str]:
    """Fetch the data sets ``names`` into ``folder``; return name -> why it failed, "" where it did not."""
    os.environ.update(
        HOME=str(folder), KERAS_HOME=str(folder / "keras"), SCIKIT_LEARN_DATA=str(folder / "scikit_learn_data"),
        KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="",
    )  # fmt: skip
    (folder / "keras").mkdir(exist_ok=True)
    socket.setdefaulttimeout(ANSWER_TIMEOUT_SECONDS)
    use_mirror(os.environ.get(MIRROR_VARIABLE, ""))
    outcome: Dict[str, str] = {}
    for name in names:
        outcome[name] = _fetch_one(name)
        write_json(folder / OUTCOME_FILE, outcome)  # after each, in case the time is used up
    return outcome


def _fetch_one(name: str) -> str:
    loader = LOADERS.get(name)
    if loader is None:
        return f"there is no loader for {name}"
    try:
        loader()
    except Exception as error:  # whatever a library makes of a broken download
        return (str(error) or type(error).__name__)[:REASON_LIMIT_CHARACTERS]
    return ""


if __name__ == "__main__":
    failed = {name: reason for name, reason in fetch(Path(sys.argv[1]), sys.argv[2:]).items() if reason}
    sys.exit(f"failed: {failed}" if failed else 0)
