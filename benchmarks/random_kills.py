"""Kills training again and again at random moments and compares its end with that of an undisturbed run.

Run with the training environment: ``PYTHONPATH=training:. python benchmarks/random_kills.py [KILLS] [SEED]``. Each
script of ``tests/training/resume_scripts`` runs once undisturbed; then, in turn, each one is started, killed with
SIGKILL at a random moment (one time in five while it still starts, otherwise some epochs and a bit later), started
again, killed again, and at last left to finish. Prints for each script: kills, where training went on, epochs
written twice, and whether output, history, weights and objective are identical.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.training import resume_runs as runs

from pushtune_contract.progress import read_progress

KILLS_PER_RUN = 4
EARLY_SHARE = 0.2
DEADLINE_SECONDS = 300.0


@dataclass
class Tally:
    """What happened to one script."""

    kills: int = 0
    resumed_at: list[str] = field(default_factory=list)
    repeated: int = 0
    identical: bool = True
    exactness: str = ""


def main(kills: int, seed: int) -> int:
    """Print the table; return 1 if any run ended differently."""
    chance = random.Random(seed)
    scripts = sorted(path.stem for path in runs.SCRIPTS.glob("*.py"))
    tallies = {script: Tally() for script in scripts}
    with tempfile.TemporaryDirectory() as folder:
        wholes = {script: whole_run(Path(folder) / script, script) for script in scripts}
        turn = 0
        while sum(tally.kills for tally in tallies.values()) < kills:
            script = scripts[turn % len(scripts)]
            turn += 1
            attack(Path(folder) / f"{turn}-{script}", script, wholes[script], tallies[script], chance)
            print(row(script, tallies[script]), flush=True)
    print("\nscript                       kills  identical  repeated  rated        resumed")
    for script in scripts:
        print(row(script, tallies[script]))
    return 0 if all(tally.identical for tally in tallies.values()) else 1


def whole_run(folder: Path, script: str) -> "tuple[runs.Ending, float]":
    """Return how ``script`` ends undisturbed, and the seconds from its first epoch to its end."""
    ending = runs.run_through(folder, f"{script}.py")
    times = [line.unix_time for line in read_progress(folder) if line.kind != "start"]
    return ending, times[-1] - times[0]


def attack(folder: Path, script: str, whole: "tuple[runs.Ending, float]", tally: Tally, chance: random.Random) -> None:
    """Kill ``script`` up to ``KILLS_PER_RUN`` times and let it finish; count in ``tally``."""
    runs.ask(folder, f"{script}.py", checkpoint_interval_seconds=0.05)
    stdout = None
    for _ in range(KILLS_PER_RUN):
        early = chance.random() < EARLY_SHARE
        epochs = chance.randint(1, max(1, len(whole[0].epochs) // 2))
        seconds = chance.uniform(0.0, 4.0 if early else 2 * whole[1] / len(whole[0].epochs))
        stdout = run_until(folder, 1 if early else 1 + epochs, seconds)
        if stdout is not None:
            break
        tally.kills += 1
    if stdout is None:
        stdout = runs.run(folder).stdout
    killed = runs.ending(folder, stdout)
    resumed = [line.message for line in read_progress(folder) if line.kind == "resume"]
    tally.resumed_at += [message.removeprefix("resumed after epoch ").replace(", batch ", ":") for message in resumed]
    tally.repeated += len(killed.epochs) - len({epoch[:2] for epoch in killed.epochs})
    tally.exactness = killed.result.exactness
    try:
        runs.assert_same(killed, whole[0])
    except AssertionError as difference:
        tally.identical = False
        print(f"{script}: {str(difference)[:2000]}")


def run_until(folder: Path, new_lines: int, seconds: float) -> "str | None":
    """Run until SIGKILL ``seconds`` after so many new lines of progress; return the output if it ended before."""
    wanted = len(read_progress(folder)) + new_lines
    command = [sys.executable, str(runs.FOLDER / "resume_driver.py"), str(folder), str(runs.SCRIPTS), "never"]
    with subprocess.Popen(
        command, env=runs.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(read_progress(folder)) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            stdout, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return None
    assert process.returncode == 0, f"exit code {process.returncode}"
    return stdout


def row(script: str, tally: Tally) -> str:
    """Return one line of the table."""
    where = ", ".join(tally.resumed_at)
    return f"{script:28} {tally.kills:5}  {str(tally.identical):9}  {tally.repeated:8}  {tally.exactness:11}  {where}"


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(numbers + [40, 1][len(numbers) :])))
