"""Kills training again and again at random moments and compares its end with that of an undisturbed run.

Run with the training environment: ``PYTHONPATH=training:. python benchmarks/random_kills.py [KILLS] [SEED] [SECONDS]``.
Each script of ``tests/training/resume_scripts`` runs once undisturbed; then, in turn, each one is started, killed with
SIGKILL at a random moment (one time in five while it still starts, otherwise some epochs and a bit later), started
again, killed again, and at last left to finish. Prints for each script: kills, where training went on, epochs
written twice, whether output, history, weights and objective are identical, and how many temporary files are left.
After SECONDS no further script is started.

Processes are forked from one that has imported TensorFlow and done nothing with it: the import takes longer than the
scripts do.
"""

import gc
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.training import corpus_worker
from tests.training import resume_runs as runs

from pushtune_contract.exit_codes import ExitCode
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
    left: int = 0
    identical: bool = True
    exactness: str = ""


def main(kills: int, seed: int, seconds: float) -> int:
    """Print the table; return 1 if any run ended differently."""
    corpus_worker.import_tensorflow()
    gc.freeze()
    chance, deadline = random.Random(seed), time.monotonic() + seconds
    scripts = sorted(path.stem for path in runs.SCRIPTS.glob("*.py"))
    tallies = {script: Tally() for script in scripts}
    with tempfile.TemporaryDirectory() as folder:
        wholes = {script: whole_run(Path(folder) / script, script) for script in scripts}
        turn = 0
        while sum(tally.kills for tally in tallies.values()) < kills and time.monotonic() < deadline:
            script = scripts[turn % len(scripts)]
            turn += 1
            attack(Path(folder) / f"{turn}-{script}", script, wholes[script], tallies[script], chance)
            print(row(script, tallies[script]), flush=True)
    print("\nscript                       kills  identical  repeated  left  rated        resumed")
    for script in scripts:
        print(row(script, tallies[script]))
    print(f"{sum(tally.kills for tally in tallies.values())} kills of {turn} runs")
    return 0 if all(tally.identical for tally in tallies.values()) else 1


def whole_run(folder: Path, script: str) -> "tuple[runs.Ending, float]":
    """Return how ``script`` ends undisturbed, and the seconds from its first epoch to its end."""
    runs.ask(folder, f"{script}.py")
    ending = runs.ending(folder, finish(folder))
    times = [line.unix_time for line in read_progress(folder) if line.kind != "start"]
    return ending, times[-1] - times[0]


def attack(folder: Path, script: str, whole: "tuple[runs.Ending, float]", tally: Tally, chance: random.Random) -> None:
    """Kill ``script`` up to ``KILLS_PER_RUN`` times and let it finish; count in ``tally``."""
    runs.ask(folder, f"{script}.py", checkpoint_interval_seconds=0.05)
    stdout = None
    for _ in range(KILLS_PER_RUN):
        early = chance.random() < EARLY_SHARE
        epochs = chance.randint(1, max(1, len(whole[0].epochs) // 2))
        seconds = chance.uniform(0.0, 1.0 if early else 2 * whole[1] / len(whole[0].epochs))
        stdout = run_until(folder, 1 if early else 1 + epochs, seconds)
        if stdout is not None:
            break
        tally.kills += 1
    if stdout is None:
        stdout = finish(folder)
    killed = runs.ending(folder, stdout)
    resumed = [line.message for line in read_progress(folder) if line.kind == "resume"]
    tally.resumed_at += [message.removeprefix("resumed after epoch ").replace(", batch ", ":") for message in resumed]
    tally.repeated += len(killed.epochs) - len({epoch[:2] for epoch in killed.epochs})
    tally.left += sum(path.name.endswith(".tmp") or ".aside" in path.name for path in folder.rglob("*"))
    tally.exactness = killed.result.exactness
    try:
        runs.assert_same(killed, whole[0])
    except AssertionError as difference:
        tally.identical = False
        print(f"{script}: {str(difference)[:2000]}")


def start(folder: Path) -> int:
    """Run the request in ``folder`` in a forked child; return its process id. What it prints goes to ``stdout``."""
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        os.setsid()
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
        from pushtune_runtime.__main__ import main as run
        from pushtune_runtime.keras_hooks import checkpoint_listener

        checkpoint_listener.COST_SHARE = 1.0  # the epochs of these scripts are too short to pay for a checkpoint each
        code = run([str(folder), str(runs.SCRIPTS)])
        sys.stdout.flush()
    finally:
        os._exit(code)


def finish(folder: Path) -> str:
    """Run the request in ``folder`` to its end and return what the script printed."""
    output = run_until(folder, sys.maxsize, 0.0)
    assert output is not None, f"it took longer than {DEADLINE_SECONDS} s"
    return output


def run_until(folder: Path, new_lines: int, seconds: float) -> "str | None":
    """Run until SIGKILL ``seconds`` after so many new lines of progress; return the output if it ended before."""
    wanted = len(read_progress(folder)) + new_lines
    child = start(folder)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if len(read_progress(folder)) >= wanted:
            wanted, deadline = sys.maxsize, time.monotonic() + seconds
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            assert code == ExitCode.DONE, f"exit code {code}: {(folder / 'stderr').read_text()[-2000:]}"
            return (folder / "stdout").read_text()
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def row(script: str, tally: Tally) -> str:
    """Return one line of the table."""
    facts = f"{tally.kills:5}  {str(tally.identical):9}  {tally.repeated:8}  {tally.left:4}  {tally.exactness:11}"
    return f"{script:28} {facts}  {', '.join(tally.resumed_at)}"


if __name__ == "__main__":
    environment = runs.environment()
    if os.environ.get("PYTHONHASHSEED") != environment["PYTHONHASHSEED"]:
        environment["PYTHONPATH"] = os.pathsep.join([str(runs.TRAINING), str(runs.TRAINING.parent)])
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606
    numbers = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(numbers + [40, 1, 86_400][len(numbers) :])))
