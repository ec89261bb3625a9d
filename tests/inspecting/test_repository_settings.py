"""``pushtune.yaml``: what it may say, and what is said about a mistake in it."""

from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected

from pushtune.errors import InvalidRepositorySettings
from pushtune.inspecting.inspection import require_trainable
from pushtune.wishes import Wishes

TRAIN = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit(X, y)\n"
EVERYTHING = """
entry: ./code/train.py   # a comment
arguments: --epochs 5 --name "two words"
freeze: [batch_size, "train.py:31", "train.py:31 filters"]
narrow:
  learning_rate: [0.0001, 0.01]
  "train.py:31 filters": [16, 64]
  activation: [relu, gelu]
  dropout: [5e-2, .3]
add:
  "train.py:4 units": [8, 32]
"""


def test_everything_that_can_be_settled(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"code/train.py": TRAIN, "other.py": TRAIN, "pushtune.yaml": EVERYTHING})
    require_trainable(inspection)
    assert (inspection.entry, inspection.arguments) == ("code/train.py", ["--epochs", "5", "--name", "two words"])
    wishes = Wishes.model_validate(inspection.as_document()["wishes"])
    assert wishes.freeze == ["batch_size", "train.py:31", "train.py:31 filters"]
    assert wishes.narrow["train.py:31 filters"] == [16, 64]
    assert wishes.narrow["dropout"] == [0.05, 0.3]
    assert wishes.add == {"train.py:4 units": [8, 32]}


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "arguments: [--epochs, 5]\n"])
def test_an_empty_file_and_a_list_of_words(content: str, tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": TRAIN, "pushtune.yml": content})
    require_trainable(inspection)
    assert inspection.arguments == (["--epochs", "5"] if "epochs" in content else [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("frezze: [units]\n", "the key 'frezze' is not known; known are freeze, narrow, add, entry, arguments"),
        ("freeze: units\n", "freeze: Input should be a valid list. Received: 'units'"),
        ("freeze: [5]\n", "freeze.0: Input should be a valid string. Received: 5"),
        ("freeze: ['a b c']\n", "'a b c' is neither a name such as batch_size nor a place such as train.py:31"),
        ("narrow: {units: [64, 16]}\n", "'units' wants the lowest and the highest number, as in [16, 64]"),
        ("narrow: {units: [1, 2, 3]}\n", "'units' wants the lowest and the highest number"),
        ("narrow: {units: [1, b]}\n", "'units' mixes numbers and texts"),
        ("narrow: {units: [1]}\n", "at least 2 items"),
        ("narrow: {units: [.nan, 1.0]}\n", "Received: nan"),
        ("narrow: {units: [1, 1e999]}\n", "'units' has a number beyond 1e+300"),
        (f"narrow: {{units: [1, {'9' * 400}]}}\n", "'units' has a number beyond 1e+300"),
        ("narrow: {units: [a, b, a]}\n", "'units' gives a value twice"),
        ("narrow: {units: [true, 2]}\n", "narrow.units"),
        ("add: [units]\n", "add: Input should be a valid dictionary"),
        ("- entry\n", "the file: Input should be a valid dictionary"),
        ("entry: [a]\n", "entry: Input should be a valid string"),
        ("arguments: {a: 1}\n", "arguments: Value error, is one line of text, or a list of words"),
        ("arguments: a 'b\n", "arguments: Value error, No closing quotation"),
        ("a: &a [x]\nfreeze: *a\n", "aliases (*name) are not allowed in line 2, column 9"),
        ("entry: {{ ENTRY }}\n", "a list or a mapping as a key"),
        ("freeze: " + "[" * 50 + "]" * 50, "too many or too deeply nested values"),
        ("entry: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
        ("#" * 70_000, "must be a plain file of at most 65536 bytes"),
        ("freeze: [" + "units," * 300 + "]\n", "at most 200 items"),
    ],
)
def test_a_mistake_is_named_and_refused(content: str, message: str, tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": TRAIN, "pushtune.yaml": content})
    with pytest.raises(InvalidRepositorySettings) as refused:
        require_trainable(inspection)
    text = str(refused.value)
    assert message in text
    assert text.startswith("pushtune.yaml of a repository must be valid. Received: pushtune.yaml: ")
    assert text.endswith(". Correct it as docs/tuning.md says, and push again.")
    assert len(text) < 1000
