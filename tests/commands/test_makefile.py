"""The Makefile hands on what it is given as it is, wherever the checkout lies. Its Python only records the calls."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pushtune.settings import PROJECT_FOLDER

RECORDER = """#!/usr/bin/env python3
import json, os, sys
call = {"arguments": sys.argv[1:], "port": os.environ.get("PUSHTUNE_PORT", ""), "path": sys.path}
with open(os.environ["RECORD"], "a") as record:
    print(json.dumps(call), file=record)
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

    def with_real_environment(self) -> "Checkout":
        """Let make set up an environment in which nothing is installed, around a Pushtune that records its calls."""
        for name in ("airflow", "test"):
            (self.folder / "requirements" / f"{name}.txt").write_text("# nothing\n")
        package = self.folder / "plugins" / "pushtune"
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(RECORDER)
        (self.folder / "training").mkdir()
        return self


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
    (call,) = checkout.calls()
    assert (call["arguments"], call["port"]) == (["-m", "pushtune", "status"], port)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "with a blank", "o'brien"])
def test_a_checkout_runs_its_own_code_wherever_it_lies_or_is_copied_to(tmp_path: Path, name: str) -> None:
    checkout = Checkout(tmp_path / name).with_real_environment()
    assert checkout.make("status", f"PYTHON={sys.executable}").returncode == 0
    copy = tmp_path / f"{name} again"
    shutil.copytree(checkout.folder, copy, symlinks=True)
    for folder in (checkout.folder, copy):
        # As somebody calls it who does not use make, and from elsewhere.
        program = [str(folder / ".venv" / "bin" / "python"), "-m", "pushtune"]
        variables = {"PATH": os.environ["PATH"], "RECORD": str(checkout.record)}
        assert subprocess.run(program, cwd=tmp_path, env=variables, check=False, timeout=60).returncode == 0
    paths = [call["path"] for call in checkout.calls()[-2:]]
    for path, folder, other in zip(paths, (checkout.folder, copy), (copy, checkout.folder), strict=True):
        assert {str(folder / "plugins"), str(folder / "training")} <= set(path)
        assert str(other / "plugins") not in path


VALUES = ["plain", "two  blanks", "/home/o'brien/net", 'a"b', "$HOME", "$(touch hit)", "`touch hit`",
          "x'; touch hit; '", "$(shell touch hit)", "-x", "a\\b", "#a", "*"]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("exported", [False, True])
def test_a_value_arrives_as_it_was_given(checkout: Checkout, value: str, exported: bool) -> None:
    given = {"REPO": value, "BRANCH": value, "TARGET": "0.9"}
    said = [] if exported else [f"{name}={text}" for name, text in given.items()]
    done = checkout.make("train", *said, **(given if exported else {}))
    assert done.returncode == 0, done.stdout + done.stderr
    (call,) = checkout.calls()
    options = [f"--repository={value}", "--target=0.9", f"--branch={value}"]
    assert call["arguments"] == ["-m", "pushtune", "train", *options]
    assert not (checkout.folder / "hit").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train"], ["-m", "pushtune", "train"]),
        (["pushes", "NAME=digits"], ["-m", "pushtune", "pushes", "--repository=digits"]),
        (["predict", "MODEL=a", "FILE=-"], ["-m", "pushtune", "predict", "--model=a", "--file=-"]),
        (["soak", "SEED=1", "KILLS=2"], ["-m", "tests.faults.soak", "--seed=1", "--kills=2"]),
    ],
)
def test_a_value_that_is_not_given_is_left_out(checkout: Checkout, arguments: list[str], expected: list[str]) -> None:
    assert checkout.make(*arguments).returncode == 0
    assert [call["arguments"] for call in checkout.calls()] == [expected]


def half_made(environment: Path) -> None:
    """Leave what an interruption of ``python -m venv`` leaves: an interpreter, and no pip."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(command, check=True, timeout=120)


@pytest.mark.slow
def test_an_environment_whose_making_was_interrupted_is_made_anew(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout").with_real_environment()
    half_made(checkout.folder / ".venv")
    done = checkout.make("status", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [call["arguments"] for call in checkout.calls()] == [["status"]]
    kept = checkout.folder / ".venv" / "kept"
    kept.touch()
    (checkout.folder / ".venv" / "ready").unlink()
    assert checkout.make("status", f"PYTHON={sys.executable}").returncode == 0
    assert kept.exists(), "one whose pip works is gone on with"


def test_what_was_interrupted_can_be_cleaned(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    half_made(checkout.folder / ".venv")
    done = checkout.make("clean")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (checkout.folder / ".venv").exists()


def test_what_is_ready_is_stopped_before_it_is_removed(checkout: Checkout) -> None:
    assert checkout.make("clean").returncode == 0
    assert [call["arguments"] for call in checkout.calls()] == [["-m", "pushtune", "down", "--remove"]]
    assert not (checkout.folder / ".venv").exists()
