"""``python -m pushtune.inspecting``: the page and the document, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.inspecting.inspecting_helpers import repository

ROOT = Path(__file__).parents[2]
TRAIN = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit(X, y)\n"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/plugins:{ROOT}/training"}
    command = [sys.executable, "-m", "pushtune.inspecting", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def test_the_document(tmp_path: Path) -> None:
    repository(tmp_path, {"train.py": TRAIN})
    run = _run(str(tmp_path), "--json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["entry"] == "train.py"


def test_the_page(tmp_path: Path) -> None:
    repository(tmp_path, {"train.py": TRAIN + "open('gone.csv')\nopen('\\x1b[31m/a.csv')\n"})
    run = _run(str(tmp_path))
    assert run.returncode == 0
    for text in (
        "entry script      train.py",
        "family            classical",
        "train.py:3",
        "gone.csv  MISSING",
        "Warnings",
    ):
        assert text in run.stdout
    assert "\x1b" not in run.stdout


def test_nothing_to_train_is_an_answer(tmp_path: Path) -> None:
    run = _run(str(tmp_path), "--json")
    assert run.returncode == 0
    document = json.loads(run.stdout)
    assert (document["entry"], document["family"], document["image"]) == (None, "unsupported", None)


def test_an_unusable_path_or_entry_is_an_error(tmp_path: Path) -> None:
    for arguments in ((str(tmp_path / "gone"),), (str(tmp_path), "--entry", "gone.py")):
        run = _run(*arguments, "--json")
        assert run.returncode == 2
        assert run.stdout == ""
        assert "gone" in run.stderr


def test_neither_airflow_nor_a_training_library_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom pushtune.inspecting.__main__ import main\n"
        f"main([{str(tmp_path)!r}, '--json'])\n"
        "assert not {'airflow', 'docker', 'keras', 'sklearn', 'tensorflow'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/plugins:{ROOT}/training"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert run.returncode == 0, run.stderr
