"""The whole look at a checkout: what it refuses, what it raises, and that nothing of the repository is ever run."""

import json
import os
from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected, repository

from pushtune.errors import (
    AmbiguousEntry,
    EmptyRepository,
    EntryNotFound,
    EntrySyntaxError,
    NoTrainingScript,
    UnsupportedFamily,
)
from pushtune.inspecting.inspection import inspect_checkout, require_trainable

TRAIN = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit(X, y)\n"
KEYS = "entry entry_candidates framework family keras_generation requirements paths evidence warnings image datasets"


def test_the_document_holds_every_key_and_is_json(tmp_path: Path) -> None:
    document = inspected(tmp_path, {"train.py": TRAIN}).as_document()
    assert set(KEYS.split()) <= set(document)
    assert json.loads(json.dumps(document)) == document


def test_what_can_be_trained_passes(tmp_path: Path) -> None:
    require_trainable(inspected(tmp_path, {"train.py": TRAIN}))


def test_an_empty_repository_is_refused(tmp_path: Path) -> None:
    inspection = inspect_checkout(tmp_path)
    assert inspection.warnings == ["the repository is empty"]
    with pytest.raises(EmptyRepository, match="must hold a training script. Received: an empty repository. Push one."):
        require_trainable(inspection)


def test_no_training_script_says_what_was_looked_at(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"a.py": "import os\n", "b.py": "import re\n", "c.txt": ""})
    with pytest.raises(
        NoTrainingScript, match="Received: 2 scripts among 3 files, none of which does. If there is one"
    ):
        require_trainable(inspection)


def test_an_ambiguous_entry_lists_the_candidates_and_the_line_that_settles_it(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"red.py": TRAIN, "blue.py": TRAIN})
    text = r"Received: blue\.py, red\.py \(equally likely\)\. Settle it by one line in pushtune\.yaml: entry: blue\.py"
    with pytest.raises(AmbiguousEntry, match=text):
        require_trainable(inspection)


def test_a_broken_entry_is_named_with_its_line(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": TRAIN + "print(1\n"})
    with pytest.raises(
        EntrySyntaxError, match=r"Received: train\.py:4: .* was never closed: print\(1\. Correct the line"
    ):
        require_trainable(inspection)


def test_a_file_that_cannot_be_read_at_all_is_named(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": "import keras\nmodel.fit(\n" + "(" * 300})
    assert inspection.entry is None
    with pytest.raises((EntrySyntaxError, NoTrainingScript), match="train.py|none of which does"):
        require_trainable(inspection)


def test_an_unsupported_framework_is_named(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": "import mxnet\nmod = mxnet.mod.Module()\nmod.fit(x)\n"})
    assert inspection.image is None
    with pytest.raises(UnsupportedFamily, match=r"Received: train\.py trains with mxnet\."):
        require_trainable(inspection)


def test_a_given_entry_wins(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"red.py": TRAIN, "blue.py": TRAIN, "pushtune.yaml": "entry: red.py\n"}
    assert inspected(tmp_path, files).entry == "red.py"
    assert inspect_checkout(tmp_path, "blue.py").entry == "blue.py"


@pytest.mark.parametrize("entry", ["gone.py", "../outside.py", "/etc/passwd", "link.py"])
def test_an_entry_outside_of_the_repository_is_refused(tmp_path: Path, entry: str) -> None:
    repository(tmp_path, {"train.py": TRAIN})
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    with pytest.raises(EntryNotFound, match="The entry must be a file of the repository. Received: "):
        inspect_checkout(tmp_path, entry)


def test_an_entry_in_the_settings_that_does_not_exist_is_reported_and_refused(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": TRAIN, "pushtune.yaml": "entry: gone.py\n"})
    assert inspection.entry is None
    assert [text for text in inspection.warnings if "gone.py" in text]
    with pytest.raises(EntryNotFound, match=r"Received: 'gone\.py' \(named by pushtune\.yaml\)\. Give its path"):
        require_trainable(inspection)


def test_a_given_entry_without_training_stays_the_entry(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"odd.py": "import mylib\nmylib.go()\n"}, "odd.py")
    assert (inspection.entry, inspection.image) == ("odd.py", None)
    with pytest.raises(NoTrainingScript, match=r"Received: odd\.py\."):
        require_trainable(inspection)


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        inspect_checkout(tmp_path / "missing")


def test_nothing_is_run(tmp_path: Path) -> None:
    """Every file that some tool would run leaves a trace when it is run; none may."""
    trace = tmp_path / "trace"
    code = f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n"
    names = (
        "train.py",
        "setup.py",
        "conftest.py",
        "sitecustomize.py",
        "usercustomize.py",
        "keras.py",
        "json.py",
        "ast.py",
    )
    files: dict[str, str | bytes] = {name: code + TRAIN for name in names}
    files["__init__.py"] = code
    files["pyproject.toml"] = '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n'
    files["data.pkl"] = b"cos\nsystem\n(S'touch trace'\ntR."
    before = os.environ.copy()
    inspected(tmp_path / "repo", files)
    assert not trace.exists()
    assert not list((tmp_path / "repo").rglob("__pycache__"))
    assert os.environ.copy() == before


def test_a_missing_submodule_and_a_link_are_warnings(tmp_path: Path) -> None:
    repository(tmp_path, {"train.py": TRAIN, ".gitmodules": '[submodule "a"]\npath = a\n'})
    (tmp_path / "data").symlink_to("/data")
    warnings = inspect_checkout(tmp_path).warnings
    assert "a: the submodule is not checked out" in warnings
    assert "data: a symbolic link (to /data) is not followed" in warnings
