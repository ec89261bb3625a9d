"""What watching costs: 500 repositories in one triggerer at a poll every 10 s, and a single look beside plain git.

    PYTHONPATH=.:plugins:training python benchmarks/polling_cost.py [--repositories 500] [--seconds 60]

The last line is the real thing: that many triggers in one event loop, with their threads, wakes and ledger, and the
processes that they start, in cores. Local bare repositories, each with a settled head, as nearly all are nearly always.
The line before is one look over HTTP, whose server is another process and not counted; its share is computed. HTTPS
costs its encryption on top, and the network's delay, which takes no CPU.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.watching.git_http_server import serve

from pushtune.watching.git_remote import list_refs

LOOKS_AT_ONCE = 8
LOOKS = 100
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
    assert list_refs(url, ["refs/heads/main"], timeout_seconds=30)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of all that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measure(name: str, look: Callable[[str], None], urls: list[str]) -> None:
    """Print what one ``look`` costs."""
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        list(pool.map(look, urls[:LOOKS_AT_ONCE]))
        started, cpu = time.monotonic(), cpu_seconds()
        list(pool.map(look, urls[:LOOKS]))
        seconds, cpu = time.monotonic() - started, cpu_seconds() - cpu
    looks = len(urls[:LOOKS])
    share = 500 / POLL_INTERVAL_SECONDS * cpu / looks
    print(
        f"{name:15} {1000 * cpu / looks:6.2f} ms of CPU per look, {looks / seconds:6.0f} looks/s;"
        f" 500 every {POLL_INTERVAL_SECONDS} s would take {share:.1%} of a core"
    )


def serve_until_told(folder: str, ends: Any) -> None:
    """Serve the repositories in ``folder`` over HTTP in a process of its own."""
    with serve(Path(folder)) as address:
        ends.send(address)
        ends.recv()


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
        measure("git, local", bare_git, urls)
        measure("pushtune, local", pushtune, urls)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve_until_told, args=(folder, theirs))
        server.start()
        address = ours.recv()
        over_http = [f"{address}/{number}.git" for number in range(len(urls))]
        measure("git, HTTP", bare_git, over_http)
        measure("pushtune, HTTP", pushtune, over_http)
        ours.send(None)
        server.join()
        os.environ["PUSHTUNE_HOME"] = folder
        looks, cpu = asyncio.run(watch(urls, options.seconds))
    print(
        f"triggers, local {1000 * cpu / max(1, looks):6.2f} ms of CPU per look, {looks / options.seconds:6.0f} looks/s;"
        f" {len(urls)} repositories every {POLL_INTERVAL_SECONDS} s take {cpu / options.seconds:.1%} of a core"
    )


if __name__ == "__main__":
    main()
