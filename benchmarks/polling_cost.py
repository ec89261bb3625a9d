"""What watching costs: CPU time and delay of a look at many repositories, next to a bare ``git ls-remote``.

    PYTHONPATH=plugins:training python benchmarks/polling_cost.py [--repositories 200] [--sweeps 3]

Local bare repositories; several looks at a time, as the trigger does. A remote one costs its encryption on top, and the
network's delay, which takes no CPU.
"""

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pushtune.watching.git_remote import resolve_head

LOOKS_AT_ONCE = 8
POLL_INTERVAL_SECONDS = 30


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


def measure(look: Callable[[str], None], urls: list[str], sweeps: int) -> None:
    """Print what ``look`` costs."""
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        list(pool.map(look, urls[:LOOKS_AT_ONCE]))
        started, cpu = time.monotonic(), cpu_seconds()
        for _ in range(sweeps):
            list(pool.map(look, urls))
        seconds, cpu = time.monotonic() - started, cpu_seconds() - cpu
    looks = sweeps * len(urls)
    share = cpu / looks * len(urls) / POLL_INTERVAL_SECONDS
    print(
        f"{look.__name__:10} {1000 * cpu / looks:6.1f} ms of CPU per look, {looks / seconds:6.0f} looks/s,"
        f" {len(urls)} repositories every {POLL_INTERVAL_SECONDS} s: {share:.1%} of a core"
    )


def main() -> None:
    """Create the repositories and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=200)
    parser.add_argument("--sweeps", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        urls = create(Path(folder), options.repositories)
        for look in (bare_git, pushtune):
            measure(look, urls, options.sweeps)


if __name__ == "__main__":
    main()
