"""One thread for each of several trainings at once, or all cores for one: steps per second of both ways.

Run with the training environment: ``PYTHONPATH=training python benchmarks/threads.py [CORES] [ROUNDS]`` on a machine
that does nothing else. Each model is timed as a baseline times it (mode ``timing`` of the runtime): one process with
one thread, CORES such processes at once, one process with CORES threads; in turn, round after round. Reported:
milliseconds per step (medians over the rounds), how much faster a step gets by all cores, and what CORES trainings at
once reach together, as multiples of one training with one thread. All cores are better where the first is larger.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import read_result

ENTRY = "train.py"
TIMEOUT_SECONDS = 300
START = """
import numpy as np
import keras
from keras import layers
rng = np.random.default_rng(1)
x, y = rng.random((20_000, 28, 28, 1), dtype="float32"), rng.integers(0, 10, 20_000)
"""
END = """
model = keras.Sequential([keras.Input((28, 28, 1)), *body, layers.Flatten(), layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=BATCH, epochs=1000, verbose=0)
"""
MODELS = {
    "dense 128, batches of 32": 'BATCH, body = 32, [layers.Flatten(), layers.Dense(128, activation="relu")]',
    "dense 1024 twice, batches of 128": "BATCH, body = 128, [layers.Flatten(), layers.Dense(1024), layers.Dense(1024)]",
    "1 convolution 16, batches of 64": "BATCH, body = 64, [layers.Conv2D(16, 3), layers.MaxPooling2D()]",
    "2 convolutions 32, batches of 64": (
        "BATCH, body = 64, [layers.Conv2D(32, 3), layers.MaxPooling2D(), layers.Conv2D(32, 3), layers.MaxPooling2D()]"
    ),
    "3 convolutions 64, batches of 128": (
        'BATCH, body = 128, [layers.Conv2D(64, 3, padding="same", activation="relu") for _ in range(3)]'
    ),
}


def start(folder: Path, text: str, threads: int) -> "subprocess.Popen[bytes]":
    """Start a process that times the steps of the script ``text``."""
    code, trial = folder / "code", folder / "trial"
    code.mkdir(parents=True)
    trial.mkdir()
    (code / ENTRY).write_text(text)
    write_request(trial, TrialRequest(mode="timing", entry=ENTRY, threads=threads))
    environment = {**os.environ, "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
    command = [sys.executable, "-m", "pushtune_runtime", str(trial), str(code)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def time_steps(folder: Path, text: str, processes: int, threads: int) -> float:
    """Return the seconds of a step, the mean over ``processes`` that run at once."""
    started = [start(folder / str(number), text, threads) for number in range(processes)]
    for process in started:
        process.wait(TIMEOUT_SECONDS)
    results = [read_result(folder / str(number) / "trial") for number in range(processes)]
    return statistics.mean(result.step_seconds[str(threads)] for result in results)


def main(cores: int, rounds: int) -> None:
    """Print the table."""
    ways = ((1, 1), (cores, 1), (1, cores))
    print(f"{'ms per step':36} 1 x 1 thread  {cores} x 1 thread  1 x {cores} threads   all cores   {cores} at once")
    with tempfile.TemporaryDirectory() as place:
        for name, body in MODELS.items():
            seconds: list[list[float]] = [[] for _ in ways]
            for number in range(rounds):
                for way, (processes, threads) in enumerate(ways):
                    folder = Path(place) / f"{name[:5]}{number}{way}{len(body)}"
                    seconds[way].append(time_steps(folder, START + body + END, processes, threads))
            alone, together, wide = (statistics.median(values) for values in seconds)
            row = f"{alone * 1e3:12.2f}  {together * 1e3:12.2f}  {wide * 1e3:13.2f}"
            print(f"{name:36} {row}  {alone / wide:10.2f}  {cores * alone / together:10.2f}", flush=True)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [os.cpu_count() or 1, 3][len(numbers) :]))
