"""What checkpoints cost, as a share of the training time, beside Keras' own BackupAndRestore and no checkpoints.

Run with the training environment: ``PYTHONPATH=training python benchmarks/checkpoint_cost.py [ROUNDS] [FOLDER]``. Three
copies of one model train in turn in the same process, round after round, so that other load on the machine hits all of
them. Reported for each model: seconds per epoch without checkpoints (median over the rounds), the extra time of the two
others relative to that (median of the ratios within a round), and for ours the time inside the checkpoint code itself,
which other load disturbs least, with its size, number and longest write. FOLDER decides which disk is written to.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from pushtune_contract.request import TrialRequest
from pushtune_runtime.interruption import Interruption
from pushtune_runtime.keras_hooks.checkpoint_listener import CheckpointListener
from pushtune_runtime.keras_hooks.fit_events import FitEvents, FitListener
from pushtune_runtime.keras_hooks.keras_classes import find_classes
from pushtune_runtime.keras_hooks.randomness import SeededRandomness
from pushtune_runtime.keras_hooks.shuffling import EpochShuffling
from pushtune_runtime.session import Session

EPOCHS_PER_ROUND = 4
ARMS = ("none", "ours", "BackupAndRestore")


@dataclass
class Writes:
    """The checkpoints that were written."""

    seconds: list[float] = field(default_factory=list)
    bytes: int = 0


class Bench:
    """Trains models with the hooks in place and measures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        session = Session(TrialRequest(mode="baseline", entry="task.py"), folder, folder)
        self.shuffling = EpochShuffling(1)
        interruption = Interruption(session, lambda: None)
        self.checkpoints = CheckpointListener(session, self.shuffling, SeededRandomness(1), interruption)
        self.events = FitEvents([])
        self.events.install(find_classes(keras))
        self.shuffling.install()
        self.checkpoints.install()
        self.writes = Writes()
        self._watch_writes()

    def _watch_writes(self) -> None:
        write = self.checkpoints._write

        def timed(*args: Any) -> None:
            began = time.perf_counter()
            write(*args)
            self.writes.seconds.append(time.perf_counter() - began)
            newest = max(self.checkpoints._series().glob("[0-9]*"))
            self.writes.bytes = sum(path.stat().st_size for path in newest.iterdir())

        setattr(self.checkpoints, "_write", timed)  # noqa: B010  (mypy refuses to assign to a method)

    def train(self, arm: str, model: Any, x: Any, y: Any) -> float:
        """Return the seconds per epoch of one ``fit``."""
        listeners: list[FitListener] = [self.shuffling]
        if arm == "ours":
            listeners.append(self.checkpoints)
        self.events.listeners[:] = listeners
        backup = keras.callbacks.BackupAndRestore(str(self.folder / "backup"))
        callbacks = [backup] if arm == "BackupAndRestore" else []
        began = time.perf_counter()
        model.fit(x, y, epochs=EPOCHS_PER_ROUND, batch_size=64, verbose=0, callbacks=callbacks)
        return (time.perf_counter() - began) / EPOCHS_PER_ROUND


def dense(width: int) -> Any:
    """Return a network with two dense layers of ``width``."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(width, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(width, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def convolutions() -> Any:
    """Return a network with two convolutions."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


CASES = (
    ("tiny epochs: dense 32, 1,000 images", lambda: dense(32), 1_000),
    ("dense 128, 20,000 images", lambda: dense(128), 20_000),
    ("convolutions, 6,000 images", convolutions, 6_000),
    ("large state: dense 1500, 4,000 images", lambda: dense(1500), 4_000),
)


def measure(bench: Bench, build: Any, images: int, rounds: int) -> str:
    """Return the row of one case."""
    chance = np.random.default_rng(1)
    x = chance.random((images, 28, 28), dtype=np.float32)
    y = chance.integers(0, 10, images)
    models = {arm: build() for arm in ARMS}
    for arm, model in models.items():
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        bench.train(arm, model, x[:128], y[:128])  # compiles
    bench.writes = Writes()
    seconds: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for number in range(rounds):
        for arm in ARMS[number % 3 :] + ARMS[: number % 3]:
            seconds[arm].append(bench.train(arm, models[arm], x, y))
    extra = {arm: statistics.median(np.divide(seconds[arm], seconds["none"])) - 1 for arm in ARMS[1:]}
    writes = bench.writes
    inside = sum(writes.seconds) / (sum(seconds["ours"]) * EPOCHS_PER_ROUND)
    return (
        f"{statistics.median(seconds['none']):8.3f}  {extra['ours']:+7.1%}  {extra['BackupAndRestore']:+16.1%}  "
        f"{inside:6.2%}  {len(writes.seconds):4} of {rounds * EPOCHS_PER_ROUND:<4}  {writes.bytes / 1e6:8.2f}  "
        f"{statistics.median(writes.seconds) * 1e3:9.1f}  {max(writes.seconds) * 1e3:9.1f}"
    )


def main(rounds: int, folder: "str | None") -> None:
    """Print the table."""
    keras.utils.set_random_seed(1)
    print(f"{'':40} s/epoch     ours  BackupAndRestore  inside  written of   MB state  median ms    longest")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        bench = Bench(Path(place))
        for name, build, images in CASES:
            print(f"{name:40} {measure(bench, build, images, rounds)}", flush=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(int(arguments[0]) if arguments else 7, arguments[1] if len(arguments) > 1 else None)
