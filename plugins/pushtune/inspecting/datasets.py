"""Public data sets that the code names and that a library downloads by itself."""

import re

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.project import Project

_KERAS = re.compile(
    r"^datasets\.(mnist|fashion_mnist|cifar10|cifar100|imdb|reuters|boston_housing|california_housing)\b"
)
_SKLEARN = re.compile(r"^sklearn\.datasets\.(?:\w+\.)?(fetch_\w+)")


def find_datasets(project: Project, candidate: Candidate) -> dict[str, str]:
    """Return name -> place, sorted: ``keras.datasets.mnist``, ``sklearn.datasets.fetch_openml`` -> ``train.py:12``."""
    found: dict[str, str] = {}
    for path, scope in candidate.reached:
        for read, line in project.script(path).facts.references.get(scope, {}).items():
            name = _dataset(read)
            if name is not None:
                found.setdefault(name, f"{path}:{line}")
    return dict(sorted(found.items()))


def _dataset(name: str) -> str | None:
    inner = keras_path(name)
    keras = _KERAS.match(inner) if inner else None
    sklearn = _SKLEARN.match(name)
    if keras:
        return f"keras.datasets.{keras.group(1)}"
    return f"sklearn.datasets.{sklearn.group(1)}" if sklearn else None
