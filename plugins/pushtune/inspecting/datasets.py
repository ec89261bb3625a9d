"""Public data sets that the code names and that a library downloads by itself."""

import re

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.project import Project

_KERAS = re.compile(
    r"^datasets\.(mnist|fashion_mnist|cifar10|cifar100|imdb|reuters|boston_housing|california_housing)\b"
)
_SKLEARN = re.compile(r"^sklearn\.datasets\.(?:\w+\.)?(fetch_\w+)")


def find_datasets(project: Project, candidate: Candidate) -> list[str]:
    """Return names such as ``keras.datasets.mnist`` and ``sklearn.datasets.fetch_openml``, sorted."""
    found = set()
    for path, scope in candidate.reached:
        for name in project.script(path).facts.references.get(scope, ()):
            inner = keras_path(name)
            keras = _KERAS.match(inner) if inner else None
            sklearn = _SKLEARN.match(name)
            if keras:
                found.add(f"keras.datasets.{keras.group(1)}")
            elif sklearn:
                found.add(f"sklearn.datasets.{sklearn.group(1)}")
    return sorted(found)
