"""The Makefile hands on what it is given as it is, wherever the checkout lies. Its Python only records the calls."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pushtune.settings import PROJECT_FOLDER

RECORDER = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["RECORD"], "a") as record:
    print(json.dumps({"arguments": sys.argv[1:], "port": os.environ.get("PUSHTUNE_PORT", "")}), file=record)
"""


class Checkout:
    """A copy of the Makefile and what it needs, whose virtual environment is a program that records its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "record"
        folder.mkdir(parents=True)
        shutil.copy(PROJECT_FOLDER / "Makefile", folder)
        shutil.copytree(PROJECT_FOLDER / "requirements", folder / "requirements")

    def with_environment(self) -> "Checkout":
        program = self.folder / ".venv" / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.write_text(RECORDER)
        program.chmod(0o755)
        (self.folder / ".venv" / "ready").touch()
        return self

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        dropped = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PUSHTUNE_PORT", "PORT", "REPO", "NAME", "FILE")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return subprocess.run(
            ["make", *arguments], cwd=self.folder, env=kept | {"RECORD": str(self.record)} | variables,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def calls(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.record.read_text().splitlines()] if self.record.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout").with_environment()


@pytest.mark.parametrize(
    ("arguments", "exported", "port"),
    [
        ([], {}, ""),
        (["PORT=8090"], {}, "8090"),
        (["PORT=8090"], {"PUSHTUNE_PORT": "8070"}, "8090"),
        ([], {"PUSHTUNE_PORT": "8070"}, "8070"),
        ([], {"PORT": "8090"}, "8090"),
        ([], {"PORT": "3000", "PUSHTUNE_PORT": "8070"}, "8070"),
    ],
)
def test_a_port_that_is_said_counts_more_than_one_that_is_exported(
    checkout: Checkout, arguments: list[str], exported: dict[str, str], port: str
) -> None:
    done = checkout.make("status", *arguments, **exported)
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.calls() == [{"arguments": ["-m", "pushtune", "status"], "port": port}]
