"""Scripts that never reach a library: how they are started, and what is said when they fail."""

import json
from pathlib import Path

from tests.training.runtime_runs import run_text

from pushtune_contract.exit_codes import ExitCode


def test_runs_as_python_would(tmp_path: Path) -> None:
    text = (
        "import sys, os\n"
        "print(__name__, sys.argv[1:], os.path.basename(sys.argv[0]), os.path.basename(__file__))\n"
        "print(sys.path[0] == os.path.dirname(os.path.abspath(__file__)), os.environ['MPLBACKEND'])\n"
        "print(sys.modules['__main__'].__dict__ is globals())\n"
        "print(os.environ['OMP_NUM_THREADS'])\n"
        "sys.exit(0)\n"
    )
    done = run_text(tmp_path, text, "src/train.py", arguments=["--epochs", "3"], threads=2)
    assert done.stdout.splitlines() == [
        "__main__ ['--epochs', '3'] train.py train.py", "True Agg", "True", "2",
    ]  # fmt: skip
    assert (done.exit_code, done.result.status) == (ExitCode.SCRIPT_ERROR, "script_error")
    assert done.result.error is not None
    assert "ended without training a model" in done.result.error.message


def test_an_exception_names_the_line_of_the_script(tmp_path: Path) -> None:
    text = "import json\n\ndef load():\n    return json.loads('{')\n\nload()\n"
    done = run_text(tmp_path, text)
    error = done.result.error
    assert done.exit_code == ExitCode.SCRIPT_ERROR
    assert error is not None
    assert (error.file, error.line, error.kind) == ("train.py", 4, "JSONDecodeError")
    assert error.traceback.splitlines()[:2] == [
        "  train.py:6 in <module>: load()",
        "  train.py:4 in load: return json.loads('{')",
    ]
    assert str(tmp_path) not in error.traceback
    assert done.progress[-1].kind == "end"


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    error = run_text(tmp_path, "x = 1\nfor x in\n").result.error
    assert error is not None
    assert (error.file, error.line, error.kind) == ("train.py", 2, "SyntaxError")


def test_a_missing_package_comes_with_a_remedy(tmp_path: Path) -> None:
    error = run_text(tmp_path, "import no_such_package_here\n").result.error
    assert error is not None
    assert "No module named 'no_such_package_here' -- add the package to the repository's" in error.message


def test_a_missing_file_comes_with_a_remedy(tmp_path: Path) -> None:
    error = run_text(tmp_path, "open('data/train.csv')\n").result.error
    assert error is not None
    assert "data/train.csv" in error.message
    assert "the file is not in the repository" in error.message


def test_input_is_refused(tmp_path: Path) -> None:
    error = run_text(tmp_path, "name = input('epochs? ')\n").result.error
    assert error is not None
    assert "input('epochs? ') waits for a person" in error.message


def test_leaving_with_an_error_code_is_an_error(tmp_path: Path) -> None:
    error = run_text(tmp_path, "import sys\nsys.exit('no data')\n").result.error
    assert error is not None
    assert (error.kind, error.line) == ("SystemExit", 2)
    assert "no data" in error.message


def test_running_out_of_memory_is_said_plainly(tmp_path: Path) -> None:
    error = run_text(tmp_path, "raise MemoryError()\n").result.error
    assert error is not None
    assert "the container's memory is used up" in error.message


def test_a_changed_script_is_refused(tmp_path: Path) -> None:
    done = run_text(tmp_path, "print('never runs')\n", mode="trial", script_sha256="0" * 64)
    assert done.stdout == ""
    assert done.result.error is not None
    assert "the overrides belong to the script with SHA-256 0000" in done.result.error.message


def test_a_missing_entry_is_a_script_error(tmp_path: Path) -> None:
    done = run_text(tmp_path, "pass\n", "other.py")
    again = run_text(tmp_path / "b", "pass\n")
    assert done.result.status == again.result.status == "script_error"
    error = run_text(tmp_path / "c", "from . import helper\n", "package/train.py").result.error
    assert error is not None
    assert error.kind == "ImportError"


def test_relative_imports_work_in_a_package(tmp_path: Path) -> None:
    package = tmp_path / "code" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "helper.py").write_text("VALUE = 5\n")
    text = "from .helper import VALUE\nfrom package import helper\nprint(VALUE)\n"
    done = run_text(tmp_path, text, "package/train.py")
    assert done.stdout == "5\n"


def test_a_notebook_runs_without_its_magics(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install x\n", "a = 2"]},
        {"cell_type": "code", "source": ["%%bash\n", "rm -rf /\n"]},
        {"cell_type": "code", "source": ["%%time\n", "if a:\n", "    !ls\n", "    print(a * 3)\n"]},
        {"cell_type": "code", "source": ["b = %time a + 3\n", "!cp \\\n", "  x y\n"]},
        {"cell_type": "code", "source": ["print('%d'\n", "  % b)\n", "%time print(b * 2)\n", "1 / 0"]},
    ]
    done = run_text(tmp_path, json.dumps({"nbformat": 4, "cells": cells}), "train.ipynb")
    assert done.stdout == "6\n5\n10\n"
    assert done.result.error is not None
    assert done.result.error.kind == "ZeroDivisionError"
    assert done.result.error.traceback.splitlines()[0].endswith("in <module>: 1 / 0")


def test_a_broken_notebook_is_said_plainly(tmp_path: Path) -> None:
    error = run_text(tmp_path, "not json", "train.ipynb").result.error
    assert error is not None
    assert "train.ipynb must be a notebook of format 4, but it is not" in error.message


def test_what_the_script_writes_stays_in_its_copy(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "notes.txt").write_text("old")
    done = run_text(tmp_path, "open('notes.txt', 'w').write('new'); open('made.txt', 'w').write('x')\n")
    assert (done.output / "notes.txt").read_text() == "new"
    assert (done.output / "made.txt").exists()
    assert (tmp_path / "code" / "notes.txt").read_text() == "old"
    assert sorted(path.name for path in (tmp_path / "code").iterdir()) == ["notes.txt", "train.py"]
