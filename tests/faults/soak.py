"""The long storm, ``make soak``: prints each fault, the table, and where the JSON is."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.faults.storm import Storm, storm_over

from pushtune.commands.build_images import ensure_images
from pushtune.commands.console import say
from pushtune.settings import PROJECT_FOLDER, load_settings

REPOSITORIES = ("alder", "birch")


def main() -> int:
    """Entry point; returns 1 where a rule was broken."""
    options = _options()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts what runs in the background with SIGINT ignored
        signal.signal(number, _interrupted)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for name in [name for name in os.environ if name.startswith(("PUSHTUNE_", "AIRFLOW"))]:
        del os.environ[name]
    ensure_images(["dense"], load_settings())
    again = f"make soak SEED={options.seed} MINUTES={options.minutes:g} KILLS={options.kills} PAUSE={options.pause:g}"
    say(f"seed {options.seed}; to repeat: {again}")
    try:
        with storm_over(REPOSITORIES, options.seed, say) as storm:
            try:
                with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C ends the storm; a second one the calm as well
                    storm.rage(options.kills, 60 * options.minutes, options.pause)
                storm.calm()
                storm.judge()
            finally:
                _keep_logs(storm, options.keep)
    except BaseException:
        say(f"The storm was cut short. To repeat: {again}")
        raise
    _print(storm)
    result = {"seed": options.seed, "figures": storm.figures, "broken": storm.broken}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    say(f"figures: {options.json}")
    if any(storm.broken.values()):
        say(f"to repeat: {again}")
        return 1
    return 0


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--minutes", type=float, default=30, help="how long the storm lasts at most")
    parser.add_argument("--kills", type=int, default=200, help="it ends after so many")
    parser.add_argument("--pause", type=float, default=4, help="seconds between two faults, on average")
    parser.add_argument("--json", type=Path, default=PROJECT_FOLDER / ".pushtune" / "soak.json")
    parser.add_argument("--keep", type=Path, help="copy logs, workspaces and database of the instance here")
    return parser.parse_args()


def _keep_logs(storm: Storm, folder: Path | None) -> None:
    if folder is not None:
        home, sockets = storm.world.settings.home, shutil.ignore_patterns("*.sock")  # a socket cannot be copied
        shutil.copytree(home, folder, dirs_exist_ok=True, symlinks=True, ignore=sockets)


def _print(storm: Storm) -> None:
    say("\nfault                   times")
    for name, count in storm.figures["faults"].items():
        say(f"{name:22} {count:6}")
    say("\nkilled             kills  recovered  moot    p50 s    p99 s  longest s")
    for part, row in storm.figures["recovery_seconds"].items():
        times = "".join(f"{row.get(name, '-'):>9}" for name in ("p50", "p99", "longest"))
        say(f"{part:18} {row['kills']:5} {row['recovered']:10} {row['moot']:5}{times}")
    say("")
    for name, value in storm.figures.items():
        if not isinstance(value, dict | list):
            say(f"{name.replace('_', ' '):36} {value}")
    say("")
    for rule, sentences in storm.broken.items():
        say(f"{rule:36} {len(sentences)}")
        for sentence in sentences:
            say(f"    {sentence}")


if __name__ == "__main__":
    sys.exit(main())
