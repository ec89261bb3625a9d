"""No file that somebody pushes keeps the inspection busy: it looks at its clock between two files, and not within one.

Each case runs in a process of its own, because a regular expression that runs wild cannot be stopped in any other way.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import repository

SECONDS_LIMIT = 20  # an answer takes one or two; what is looked for here takes minutes to years
TRAIN = "import keras\nmodel = keras.Sequential()\nmodel.fit(x, y)\n"
BROKEN = TRAIN + "print 'a'\n(\n"  # is read by all that mends a source first
BLANKS, CALL = " " * 600, ".fit(x, y)\n"
UNITS = r"""a|0|9|a/|a.|a-|%20|(|()|[|"|'|`|,|==1|=|=[|%|!|\|_|a_|scaler_|print |except a |raise a, |0l|- a|pip install
|nbconvert |python |-u |a.py |./a|# |coding:|:|;|{|@|multihead|build_bert|>=|~=|*| |python -m |./a.py |a b |a = """
NAMES = (
    "train.py README.md Dockerfile Makefile requirements.txt environment.yml setup.py setup.cfg pyproject.toml Pipfile"
)


def _is_answered(folder: Path, files: dict[str, str | bytes]) -> None:
    """The time limit is the assertion: ``subprocess.run`` kills the process and raises."""
    command = [sys.executable, "-m", "pushtune.inspecting", str(repository(folder, files)), "--json"]
    ended = subprocess.run(command, capture_output=True, timeout=SECONDS_LIMIT, check=False)
    assert json.loads(ended.stdout)["looked_at"]["files"] == len(files)


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "a==1" + BLANKS + "x\n"},
        {"requirements.txt": "a" + BLANKS + "x\n"},
        {"README.md": ("%20" * 640 + " .py\n") * 30},
        {"environment.yml": "dependencies:\n" + f"  - a{' ' * 60_000}\"x\n" * 4},
        {"pyproject.toml": "[project]\ndependencies = [" + "'a',\n" * 40_000 + "]\n"},
        {"train.py": BROKEN + "0" * 400_000 + "z\n"},
        {"train.py": TRAIN + "_a" * 20_000 + CALL},
        {"train.py": BROKEN + (" " * 990 + "x\n") * 450, "setup.py": "install_requires=[" * 14_000},
    ],
    ids=range(8),
)
def test_hostile_files_are_answered(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    _is_answered(tmp_path, {"train.py": TRAIN, **files})


@pytest.mark.parametrize("seed", range(12))
def test_repeated_pieces_are_answered(tmp_path: Path, seed: int) -> None:
    """Short pieces again and again, on one line and on many, with an end that makes a pattern try all other ways."""
    chance = random.Random(seed)
    files: dict[str, str | bytes] = {"train.py": TRAIN}
    for name in NAMES.split():
        start = BROKEN if name.endswith(".py") else chance.choice(("", "dependencies:\n- a", "RUN pip install a"))
        unit = "".join(chance.choices(UNITS.replace("\n", "").split("|"), k=chance.randrange(1, 4)))
        length = chance.choice((900, 1_900, 100_000))
        line = unit * (length // len(unit)) + chance.choice(("", "!", "\N{SNOWMAN}", ".py", '"x'))
        files[name] = start + f"{line}\n" * (100_000 // length)
    cells = [{"cell_type": "code", "source": files[name]} for name in ("train.py", "README.md")]
    files["a.ipynb"] = json.dumps({"nbformat": 4, "cells": cells})
    _is_answered(tmp_path, files)
