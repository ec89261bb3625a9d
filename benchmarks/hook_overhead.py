"""What the hooks cost, measured in two ways: the time inside of them, and the same ``fit`` with and without them.

Run with the training environment: ``PYTHONPATH=training python benchmarks/hook_overhead.py [BLOCKS]``. The script
trains again and again in one process under the runtime, without checkpoints, while ``fit`` and the events of its loop
are the hooked ones or Keras' own, in the order hooked, own, own, hooked; the heartbeat goes with the hooks. A fit of
one epoch stands beside each long one, and is subtracted from it: what is left are epochs alone. Reported, as medians:

- seconds of the epochs with Keras' own methods;
- the share of the epochs that is spent inside the hooks, by a clock in them: it resolves a hundredth of a percent, but
  does not see what hooks cause elsewhere (another order of the samples, a busier processor cache);
- how much more CPU time, and wall time, the epochs take with the hooks than without, the former with the range that
  holds the true median at 95 % (order statistics). It would see everything, but the machine's own pace drifts by more
  than hooks cost, so the range is wide;
- milliseconds inside the hooks once per ``fit``, however long it is: hold-out, search for copies, saving of the model;
- the share inside the hooks of a ``fit`` that trains for 10 and for 60 s, both together;
- CPU seconds that the runtime needs to start, from whole processes. One thread each.
"""

import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from pushtune_contract.request import TrialRequest, write_request

ENTRY = "train.py"
TIMEOUT_SECONDS = 3600
STARTS = 3
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
seconds_inside_hooks = getattr(keras, "seconds_inside_hooks", float)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
def train(epochs):
    cpu, wall, inside = time.process_time(), time.perf_counter(), seconds_inside_hooks()
    model.fit(x, y, batch_size=BATCH, epochs=epochs, validation_split=0.2, verbose=0)
    wall = time.perf_counter() - wall
    return [time.process_time() - cpu, wall, seconds_inside_hooks() - inside]
train(1)  # compiles
times = {"short": [], "long": []}
for number in range(4 * BLOCKS):
    keras.use_hooks(number % 4 in (0, 3))
    times["short"].append(train(1))
    times["long"].append(train(EPOCHS))
print(json.dumps(times))
"""
SCRIPTS = {
    "dense 8, batches of 8": """
BATCH, EPOCHS = 8, 2
x, y = rng.random((12_000, 20), dtype="float32"), rng.integers(0, 2, 12_000)
model = keras.Sequential([keras.Input((20,)), layers.Dense(8, activation="relu"),
                          layers.Dense(2, activation="softmax")])
""",
    "dense 128, batches of 64": """
BATCH, EPOCHS = 64, 7
x, y = rng.random((20_000, 784), dtype="float32"), rng.integers(0, 10, 20_000)
model = keras.Sequential([keras.Input((784,)), layers.Dense(128, activation="relu"), layers.Dropout(0.2),
                          layers.Dense(10, activation="softmax")])
""",
    "convolutions 16 and 32, batches of 64": """
BATCH, EPOCHS = 64, 7
x, y = rng.random((6_000, 28, 28, 1), dtype="float32"), rng.integers(0, 10, 6_000)
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
                          layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
                          layers.Dense(10, activation="softmax")])
""",
}
# The runtime with everything but the writing of checkpoints, which has a benchmark of its own.
DRIVER = """
import sys
import time
from pushtune_runtime.__main__ import main
from pushtune_runtime.heartbeat import HeartbeatThread
from pushtune_runtime.keras_hooks.checkpoint_listener import CheckpointListener
from pushtune_runtime.keras_hooks.fit_events import FitEvents
CheckpointListener.install = lambda self: None
beat, install = HeartbeatThread._beat, FitEvents.install
inside = [0.0]
def timed(method):
    def call(*args):
        begin = time.perf_counter()
        try:
            return method(*args)
        finally:
            inside[0] += time.perf_counter() - begin
    return call
FitEvents._tell, FitEvents._tell_batch_end = timed(FitEvents._tell), timed(FitEvents._tell_batch_end)
def install_and_remember(self, classes):
    events = [name for name in vars(classes.callback_list) if name.startswith("on_")]
    places = [(classes.trainer, name) for name in ("fit", "evaluate")]
    places += [(classes.callback_list, name) for name in events]
    own = [getattr(place, name) for place, name in places]
    install(self, classes)
    hooked = []
    def use_hooks(wanted):
        if not hooked:
            hooked.extend(getattr(place, name) for place, name in places)
        for (place, name), method in zip(places, hooked if wanted else own):
            setattr(place, name, method)
        HeartbeatThread._beat = beat if wanted else lambda self: None
    for root in classes.roots:
        root.use_hooks, root.seconds_inside_hooks = use_hooks, lambda: inside[0]
FitEvents.install = install_and_remember
sys.exit(main(sys.argv[1:]))
"""


def run(folder: Path, text: str, *, hooked: bool) -> tuple[dict[str, list[list[float]]], float]:
    """Run the script ``text``; return seconds of its short and long fits (CPU, wall, in hooks), CPU seconds of all."""
    code, trial = folder / "code", folder / "trial"
    for place in (code, trial):
        place.mkdir(parents=True)
    (code / ENTRY).write_text(text)
    write_request(trial, TrialRequest(mode="baseline", entry=ENTRY))
    command = ["-c", DRIVER, str(trial), str(code)] if hooked else [str(code / ENTRY)]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
    environment.update(dict.fromkeys(THREADS, "1"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(done.stdout.splitlines()[-1]), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def epochs_alone(times: dict[str, list[list[float]]], which: int) -> list[float]:
    """Return seconds of all epochs but one of each long fit: CPU time (``which`` 0), wall time (1), in hooks (2)."""
    return [long[which] - short[which] for long, short in zip(times["long"], times["short"], strict=True)]


def blocks_of(seconds: list[float]) -> list[tuple[float, float]]:
    """Return for each block the seconds with hooks and with Keras' own methods."""
    blocks = [seconds[begin : begin + 4] for begin in range(0, len(seconds), 4)]
    return [((first + fourth) / 2, (second + third) / 2) for first, second, third, fourth in blocks]


def median_range(values: list[float]) -> tuple[float, float, float]:
    """Return the median of 6 or more values and the range in which the true one lies at 95 %, whatever they follow."""
    ordered = sorted(values)
    rank = max(0, math.floor(len(ordered) / 2 - 1.96 * math.sqrt(len(ordered)) / 2) - 1)
    return statistics.median(ordered), ordered[rank], ordered[-1 - rank]


def measure(text: str, blocks: int, folder: Path) -> str:
    """Return the row of one script."""
    times, _ = run(folder / "fits", f"BLOCKS = {blocks}\n{text}", hooked=True)
    cpu = blocks_of(epochs_alone(times, 0))
    own = statistics.median(seconds for _, seconds in cpu)
    share, low, high = median_range([with_hooks / seconds - 1 for with_hooks, seconds in cpu])
    wall = statistics.median(with_hooks / seconds - 1 for with_hooks, seconds in blocks_of(epochs_alone(times, 1)))
    in_hooks = statistics.median(with_hooks for with_hooks, _ in blocks_of(epochs_alone(times, 2)))
    in_epochs = in_hooks / statistics.median(with_hooks for with_hooks, _ in blocks_of(epochs_alone(times, 1)))
    once = statistics.median(with_hooks for with_hooks, _ in blocks_of([entry[2] for entry in times["short"]]))
    starts = [
        run(folder / f"{hooked}{number}", f"BLOCKS = 0\n{text}", hooked=hooked)[1]
        for number in range(STARTS)
        for hooked in (True, False)
    ]
    start = statistics.median(starts[::2]) - statistics.median(starts[1::2])
    return (
        f"{own:6.2f} {in_epochs:8.2%} {share:+10.2%} ({low:+.2%} to {high:+.2%}) {wall:+8.2%} {1000 * once:9.0f}"
        f" {in_epochs + once / 10:8.2%} {in_epochs + once / 60:8.2%} {start:+8.2f}"
    )


def main(blocks: int) -> None:
    """Print the table."""
    print(f"{'':38} s of epochs, in hooks, more CPU (range), more wall; ms once; of 10 s, of 60 s; s to start")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SCRIPTS.items():
            print(f"{name:38} {measure(START + text + END, blocks, Path(folder) / name[:8])}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
