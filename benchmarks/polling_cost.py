"""What watching costs: 500 repositories in one triggerer at a poll every 10 s, and a single look beside plain git.

    PYTHONPATH=plugins:training python benchmarks/polling_cost.py [--repositories 500] [--seconds 60]

The last line is the real thing: that many triggers in one event loop, with their threads, wakes and ledger, and the git
processes that they start, in cores. Local bare repositories, each with a settled head, as nearly all are nearly always.
A remote one costs its encryption on top, and the network's delay, which takes no CPU.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pushtune.watching.git_remote import resolve_head

LOOKS_AT_ONCE = 8
LOOKS = 200
POLL_INTERVAL_SECONDS = 10


def create(folder: Path, count: int) -> list[str]:
    """Create ``count`` repositories with one commit each; return their addresses."""
    first = folder / "0.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", first], check=True)
    tree = subprocess.run(["git", "mktree"], cwd=first, input=b"", check=True, capture_output=True).stdout.strip()
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    commit = subprocess.run(
        ["git", *identity, "commit-tree", "-m", "first", tree], cwd=first, check=True, capture_output=True
    ).stdout.strip()
    subprocess.run(["git", "update-ref", "refs/heads/main", commit], cwd=first, check=True)
    for number in range(1, count):
        subprocess.run(["cp", "-r", first, folder / f"{number}.git"], check=True)
    return [str(folder / f"{number}.git") for number in range(count)]


def bare_git(url: str) -> None:
    """Look as a shell script would."""
    subprocess.run(["git", "ls-remote", "--", url, "refs/heads/main"], check=True, capture_output=True)


def pushtune(url: str) -> None:
    """Look as the trigger does."""
    assert resolve_head(url, "main", timeout_seconds=30)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of all that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measure(look: Callable[[str], None], urls: list[str]) -> None:
    """Print what one ``look`` costs."""
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        list(pool.map(look, urls[:LOOKS_AT_ONCE]))
        started, cpu = time.monotonic(), cpu_seconds()
        list(pool.map(look, urls[:LOOKS]))
        seconds, cpu = time.monotonic() - started, cpu_seconds() - cpu
    looks = len(urls[:LOOKS])
    print(f"{look.__name__:10} {1000 * cpu / looks:6.1f} ms of CPU per look, {looks / seconds:6.0f} looks/s")


class Settled:
    """The ledger of a repository whose head was trained."""

    async def aget(self, key: str, default: Any = None) -> Any:
        """Return the record of any commit."""
        return {"commit": key.removeprefix("commit:"), "state": "trained"} if key.startswith("commit:") else default


async def watch(urls: list[str], seconds: float) -> tuple[int, float]:
    """Let one trigger per repository run; return (looks, CPU seconds) of ``seconds`` after all have begun."""
    from pushtune.watching import push_trigger

    looks = 0
    ask = push_trigger.list_refs

    def counted(*arguments: Any, **options: Any) -> dict[str, str]:
        nonlocal looks
        looks += 1
        return ask(*arguments, **options)

    push_trigger.list_refs = counted
    tasks = []
    for number, url in enumerate(urls):
        trigger = push_trigger.PushTrigger(f"repository-{number}", url, "main", None, POLL_INTERVAL_SECONDS)
        trigger.asset_state_store = Settled()  # type: ignore[assignment]
        tasks.append(asyncio.ensure_future(anext(trigger.run())))
        await asyncio.sleep(POLL_INTERVAL_SECONDS / len(urls))
    await asyncio.sleep(POLL_INTERVAL_SECONDS)
    looks, cpu = 0, cpu_seconds()
    await asyncio.sleep(seconds)
    found = looks, cpu_seconds() - cpu
    for task in tasks:
        task.cancel()
    return found


def main() -> None:
    """Create the repositories and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        urls = create(Path(folder), options.repositories)
        for look in (bare_git, pushtune):
            measure(look, urls)
        os.environ["PUSHTUNE_HOME"] = folder
        looks, cpu = asyncio.run(watch(urls, options.seconds))
    print(
        f"triggers   {1000 * cpu / max(1, looks):6.1f} ms of CPU per look, {looks / options.seconds:6.0f} looks/s:"
        f" {len(urls)} repositories every {POLL_INTERVAL_SECONDS} s take {cpu / options.seconds:.1%} of a core"
    )


if __name__ == "__main__":
    main()
