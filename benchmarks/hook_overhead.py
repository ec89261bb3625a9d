"""What the hooks cost: the same script plainly under Python and under the runtime, without checkpoints.

Run with the training environment: ``PYTHONPATH=training python benchmarks/hook_overhead.py [ROUNDS]``. Each script
runs in turn both ways, round after round, in a process of its own with one thread, so that other load hits both.
Each process measures its own ``fit``, after one that compiles. Reported: seconds of training (median over the rounds),
how much more the runtime takes (median over the rounds of the ratio within one, in CPU time and in wall time), the
share of CPU time that is spent inside the hooks, and the seconds beside ``fit``: the start of the runtime. The time
inside the hooks is taken in a third run, since looking at the clock twice for each event costs more than the event.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pushtune_contract.request import TrialRequest, write_request

ENTRY = "train.py"
TIMEOUT_SECONDS = 600
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
START = """
import json, time
import numpy as np
import keras
from keras import layers
keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
"""
END = """
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=BATCH, epochs=1, validation_split=0.2, verbose=0)
hooks = getattr(keras, "seconds_in_hooks", [0.0])
wall, cpu, inside = time.perf_counter(), time.process_time(), hooks[0]
model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_split=0.2, verbose=0)
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, hooks[0] - inside]))
"""
SCRIPTS = {
    "dense 8, batches of 8": """
BATCH, EPOCHS = 8, 8
x, y = rng.random((12_000, 20), dtype="float32"), rng.integers(0, 2, 12_000)
model = keras.Sequential([keras.Input((20,)), layers.Dense(8, activation="relu"),
                          layers.Dense(2, activation="softmax")])
""",
    "dense 128, batches of 64": """
BATCH, EPOCHS = 64, 20
x, y = rng.random((20_000, 784), dtype="float32"), rng.integers(0, 10, 20_000)
model = keras.Sequential([keras.Input((784,)), layers.Dense(128, activation="relu"), layers.Dropout(0.2),
                          layers.Dense(10, activation="softmax")])
""",
    "convolutions 16 and 32, batches of 64": """
BATCH, EPOCHS = 64, 20
x, y = rng.random((6_000, 28, 28, 1), dtype="float32"), rng.integers(0, 10, 6_000)
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
                          layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
                          layers.Dense(10, activation="softmax")])
""",
}
# The runtime with everything but the writing of checkpoints, which has a benchmark of its own.
DRIVER = """
import sys, time
from pushtune_runtime.__main__ import main
from pushtune_runtime.keras_hooks.checkpoint_listener import CheckpointListener
from pushtune_runtime.keras_hooks.fit_events import FitEvents
CheckpointListener.install = lambda self: None
seconds = [0.0]
def timed(original):
    def call(self, *args, **kwargs):
        began = time.thread_time()
        try:
            return original(self, *args, **kwargs)
        finally:
            seconds[0] += time.thread_time() - began
    return call
TOLD = ("_begin_fit", "_tell_train_begin", "_tell_epoch_begin", "_tell_batch_end", "_tell_epoch_end", "_tell_train_end")
for name in TOLD if sys.argv.pop(1) == "timed" else ():
    setattr(FitEvents, name, timed(getattr(FitEvents, name)))
install = FitEvents.install
def install_and_show(self, classes):
    install(self, classes)
    for root in classes.roots:
        root.seconds_in_hooks = seconds
FitEvents.install = install_and_show
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Cost:
    """Seconds of one process."""

    fit_wall: float
    fit_cpu: float
    in_hooks: float
    all_wall: float
    all_cpu: float


def run(folder: Path, command: list[str]) -> Cost:
    """Run ``command``, whose last line of output is what it measured."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
    environment.update(dict.fromkeys(THREADS, "1"))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(*json.loads(done.stdout.splitlines()[-1]), wall, cpu)


def all_ways(text: str, folder: Path) -> list[list[str]]:
    """Return the commands that run the script ``text`` plainly, under the runtime, and with the hooks timed."""
    code = folder / "code"
    code.mkdir(parents=True)
    (code / ENTRY).write_text(text)
    commands = [[sys.executable, str(code / ENTRY)]]
    for way in ("untimed", "timed"):
        (folder / way).mkdir()
        write_request(folder / way, TrialRequest(mode="baseline", entry=ENTRY))
        commands.append([sys.executable, "-c", DRIVER, way, str(folder / way), str(code)])
    return commands


def measure(text: str, rounds: int, folder: Path) -> str:
    """Return the row of one script."""
    costs: list[list[Cost]] = [[], [], []]
    for number in range(rounds):
        commands = all_ways(text, folder / str(number))
        for way in (0, 1, 2) if number % 2 == 0 else (2, 1, 0):
            costs[way].append(run(folder, commands[way]))

    def median(way: int, field: str) -> float:
        return statistics.median(getattr(cost, field) for cost in costs[way])

    def more(field: str) -> float:
        pairs = zip(costs[0], costs[1], strict=True)
        return statistics.median(getattr(hooked, field) / getattr(plain, field) - 1 for plain, hooked in pairs)

    extra = median(1, "all_cpu") - median(0, "all_cpu") - median(1, "fit_cpu") + median(0, "fit_cpu")
    inside = statistics.median(cost.in_hooks / cost.fit_cpu for cost in costs[2])
    plain = f"{median(0, 'fit_cpu'):8.2f} {median(0, 'fit_wall'):8.2f}"
    return f"{plain}  {more('fit_cpu'):+8.2%} {more('fit_wall'):+8.2%} {inside:8.2%}  {extra:+10.2f}"


def main(rounds: int) -> None:
    """Print the table."""
    print(f"{'':40} s CPU    s wall       CPU     wall   inside  s beside it (CPU)")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SCRIPTS.items():
            print(f"{name:38} {measure(START + text + END, rounds, Path(folder) / name[:8])}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
