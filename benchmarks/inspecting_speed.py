"""How fast a repository is understood: files per second, on one core.

    PYTHONPATH=plugins:training python benchmarks/inspecting_speed.py [--files 5000]

Three repositories are made in a temporary folder: scripts that all train (the worst case: each one is a candidate), an
application in which one script of the many trains, and a data set of pictures around one script.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pushtune.inspecting.inspection import inspect_checkout

TRAINING = """
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

EPOCHS = {number}


def build(units=32):
    model = keras.Sequential([layers.Conv2D(units, 3), layers.Flatten(), layers.Dense(10)])
    model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    x, y = np.zeros((10, 8, 8, 1)), np.zeros((10, 10))
    model = build()
    model.fit(x, y, epochs=EPOCHS, validation_split=0.2)
    print(model.evaluate(x, y))
"""
MODULE = """
import json
import os
from dataclasses import dataclass


@dataclass
class Record{number}:
    name: str
    value: int = {number}

    def save(self, folder):
        with open(os.path.join(folder, self.name), "w") as stream:
            json.dump(self.__dict__, stream)


def load(folder, name):
    with open(os.path.join(folder, name)) as stream:
        return Record{number}(**json.load(stream))
"""


def _scripts(root: Path, count: int) -> None:
    for number in range(count):
        _write(root / f"part_{number // 100}" / f"script_{number}.py", TRAINING.format(number=number))


def _application(root: Path, count: int) -> None:
    for number in range(count - 1):
        _write(root / f"package_{number // 100}" / f"module_{number}.py", MODULE.format(number=number))
    _write(root / "train.py", TRAINING.format(number=1))


def _pictures(root: Path, count: int) -> None:
    for number in range(count - 1):
        _write(root / "data" / f"class_{number // 500}" / f"{number}.png", "not a picture")
    _write(root / "train.py", TRAINING.format(number=1))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _measure(name: str, make: Callable[[Path, int], None], count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), count)
        walls = []
        for _ in range(3):
            start = time.perf_counter()
            inspection = inspect_checkout(Path(folder))
            walls.append(time.perf_counter() - start)
    median = sorted(walls)[1]
    print(f"{name:12} {count:6} files  {median:6.2f} s  {count / median:8.0f} files/s  entry {inspection.entry}")


def main() -> None:
    """Print one line for each repository: median of three runs, after one core is all there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000, help="files in each repository")
    count = parser.parse_args().files
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name, make in (("all train", _scripts), ("application", _application), ("pictures", _pictures)):
        _measure(name, make, count)


if __name__ == "__main__":
    main()
