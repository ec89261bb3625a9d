"""``make test``: linters, types and every test that this machine can run."""

import argparse
import subprocess
import sys
from pathlib import Path

import docker
from docker.errors import DockerException

from pushtune.commands.console import say
from pushtune.settings import PROJECT_FOLDER, Settings

TRAINING_PYTHON = PROJECT_FOLDER / ".venv-training" / "bin" / "python"
ENGINE_TIMEOUT_SECONDS = 10
NO_TESTS = 5  # pytest's exit code where it ran none


def test(_: Settings, options: argparse.Namespace) -> int:
    """Run everything, whatever fails before, or only what failed the last time; return 0 when nothing failed."""
    if options.matrix:
        return max(
            _run([str(TRAINING_PYTHON), "-m", "pytest", "tests/training", "-m", "slow"]),
            _run([sys.executable, "-m", "pytest", "--ignore=tests/training", "-m", "long"]),
        )
    with_docker = _engine_answers()
    if not with_docker:
        say("No Docker engine answers: tests that need one are left out.")
    chosen = ["-m", "not long" if with_docker else "not long and not docker"]
    training = ["-m", "not slow" if with_docker else "not slow and not docker"]
    if options.failed:
        training += ["--last-failed", "--last-failed-no-failures", "none"]
        chosen += ["--last-failed", "--last-failed-no-failures", "none"]
    steps = [
        [sys.executable, "-m", "ruff", "check", "."],
        [sys.executable, "-m", "mypy", "plugins/pushtune", "training"],
        # The runtime's tests need TensorFlow, which has an environment of its own, as it has in the images.
        # Each remembers its own failures: pytest repeats everything where it knows only failures of other tests.
        [str(TRAINING_PYTHON), "-m", "pytest", "-o", "cache_dir=.pytest_cache_training", "tests/training", *training],
        [sys.executable, "-m", "pytest", "--ignore=tests/training", *chosen],
    ]
    codes = [_run(command) for command in steps]
    # Nothing left to repeat in one of the environments is no failure.
    return max(0 if options.failed and code == NO_TESTS else code for code in codes)


def _run(command: list[str]) -> int:
    say(f"--- {Path(command[0]).parents[1].name}: {' '.join(command[1:])}")
    return subprocess.run(command, cwd=PROJECT_FOLDER, check=False).returncode


def _engine_answers() -> bool:
    try:
        client = docker.from_env(timeout=ENGINE_TIMEOUT_SECONDS)
        answers = bool(client.ping())
        client.close()
    except DockerException:
        return False
    return answers
