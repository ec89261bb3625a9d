"""How long a killed training container takes to train again, step by step, on a machine that does nothing else.

    PYTHONPATH=.:plugins:training .venv/bin/python -m tests.faults.measure_recovery --kills 8

One training is killed again and again, each time some epochs after it was resumed. Each line of the table is a kill,
each column the seconds from the stage before it to this one.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.faults import world
from tests.faults.evidence import diary
from tests.faults.world import World

from pushtune.commands.build_images import ensure_images
from pushtune.commands.console import say
from pushtune.running.container_labels import TRIAL_FOLDER
from pushtune.settings import load_settings
from pushtune_contract.layout import PROGRESS_FILE

STAGES = ("died", "created", "started", "runtime", "script", "imported", "fit", "first step", "all")
PATIENCE_SECONDS = 120
EPOCHS_BETWEEN = 3


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--delay", type=float, default=10.0, help="restart_delay_seconds, the product's default")
    parser.add_argument("--early", action="store_true", help="kill before anything was trained since the last kill")
    options = parser.parse_args()
    world.SCRIPT = Path(__file__).with_name("scripts") / "stages.py"
    world.RESTART_DELAY_SECONDS = options.delay
    ensure_images(["dense"], load_settings())
    with tempfile.TemporaryDirectory(prefix="pushtune-recovery-") as name:
        Path(name).chmod(0o711)
        made = World(Path(name), ["alder"], random.Random(1))
        try:
            made.begin()
            rows = [_kill(made, options.early) for _ in range(options.kills)]
        finally:
            made.end()
    _print(rows)
    return 0


def _kill(made: World, early: bool) -> dict[str, float]:
    """Kill the training container once it has got on, and return how long each stage of its recovery took."""
    container = _wait(lambda: next(iter(made.reality.containers()), None))
    folder = Path(container.labels[TRIAL_FOLDER])
    process = _wait(lambda: _newest(folder, "script"))["process"]
    if not early:
        _wait(lambda: _count(folder, process, "end") >= EPOCHS_BETWEEN)
    killed = time.time()
    container.kill(signal="SIGKILL")
    _wait(lambda: any(note["what"] == "step" and note["unix_time"] > killed for note in diary(folder)))
    found = _stages(made, folder, killed)
    say("  ".join(f"{name} {seconds:.2f}" for name, seconds in found.items()))
    return found


def _stages(made: World, folder: Path, killed: float) -> dict[str, float]:
    events = {event.action: event.unix_time for event in reversed(made.reality.events) if event.unix_time > killed}
    notes = {note["what"]: note["unix_time"] for note in reversed(diary(folder)) if note["unix_time"] > killed}
    times = {
        "died": events["die"], "created": events["create"], "started": events["start"],
        "runtime": _started(folder, events["start"]), "script": notes["script"], "imported": notes["imported"],
        "fit": notes["begin"], "first step": notes["step"],
    }  # fmt: skip
    before, found = killed, dict[str, float]()
    for name, unix_time in times.items():
        found[name], before = unix_time - before, unix_time
    return {**found, "all": times["first step"] - killed}


def _started(folder: Path, after: float) -> float:
    lines = [json.loads(line) for line in (folder / PROGRESS_FILE).read_text().splitlines()]
    return float(min(line["unix_time"] for line in lines if line["kind"] == "start" and line["unix_time"] > after))


def _newest(folder: Path, what: str) -> dict[str, Any] | None:
    return next((note for note in reversed(diary(folder)) if note["what"] == what), None)


def _count(folder: Path, process: str, what: str) -> int:
    return sum(note["what"] == what and note["process"] == process for note in diary(folder))


def _wait(look: Any) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError(f"nothing within {PATIENCE_SECONDS} s")


def _print(rows: list[dict[str, float]]) -> None:
    for name in STAGES:
        seconds = sorted(row[name] for row in rows)
        say(f"{name:10}  median {statistics.median(seconds):6.2f} s   longest {seconds[-1]:6.2f} s")


if __name__ == "__main__":
    sys.exit(main())
