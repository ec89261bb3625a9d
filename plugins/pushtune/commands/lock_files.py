"""Compiles the lock files again: versions and hashes, no addresses."""

import subprocess
import sys
import tempfile
from pathlib import Path

from pushtune.commands.console import step
from pushtune.settings import PROJECT_FOLDER

COMPILER = "uv"


def compile_lock_files() -> None:
    """Compile each ``requirements/**/*.in`` to the lock file beside it. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="pushtune-lock-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([f"{folder}/bin/python", "-m", "pip", "install", "--quiet", COMPILER], check=True)
        for source in _sources():
            with step(f"Lock {source.relative_to(PROJECT_FOLDER)}"):
                _compile(Path(folder) / "bin" / COMPILER, source)


def _sources() -> list[Path]:
    """Return the files to compile; one that is constrained by another's lock comes after it."""
    sources = sorted((PROJECT_FOLDER / "requirements").rglob("*.in"))
    return sorted(sources, key=lambda path: any(line.startswith("-c ") for line in path.read_text().splitlines()))


def _compile(compiler: Path, source: Path) -> None:
    subprocess.run(
        [
            str(compiler),
            "pip",
            "compile",
            source.name,
            "--output-file",
            source.with_suffix(".txt").name,
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-emit-index-url",
            "--no-header",
            "--quiet",
            "--upgrade",
            # TensorFlow names it for builds of its own; nothing loads it.
            "--no-emit-package",
            "libclang",
        ],
        cwd=source.parent,
        check=True,
    )
