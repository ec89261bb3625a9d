"""Which changed files make a push worth a training."""

import subprocess
import sys

import pytest

from pushtune.watching.path_filter import first_relevant


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*.py", "train.py", True),
        ("*.py", "src/deep/train.py", True),
        ("*.py", "train.pyc", False),
        ("src", "src/train.py", True),
        ("src/", "src/a/b.txt", True),
        ("src", "other/src/train.py", True),
        ("src/*.py", "src/train.py", True),
        ("src/*.py", "src/deep/train.py", False),
        ("src/*.py", "other/src/train.py", False),
        ("src/**", "src/deep/train.py", True),
        ("src/**/model.py", "src/model.py", True),
        ("src/**/model.py", "src/a/b/model.py", True),
        ("src/**/model.py", "src/a/b/my_model.py", False),
        ("**/model.py", "model.py", True),
        ("**/model.py", "a/model.py", True),
        ("docs/**/*.md", "docs/a.md", True),
        ("data?.csv", "data1.csv", True),
        ("data?.csv", "data/.csv", False),
        ("a+b(1).py", "a+b(1).py", True),
        ("*", "anything/at/all", True),
        ("*.md", "weird\nname.md", True),
        ("src/**", "src", False),
        ("src**.py", "src/deep/train.py", True),
        ("src/a**b", "src/ab", True),
        ("**", "a", True),
    ],
)
def test_globs_read_as_in_gitignore(glob: str, path: str, expected: bool) -> None:
    assert (first_relevant([path], [glob], []) is not None) is expected
    assert (first_relevant([path], [], [glob]) is None) is expected


def test_without_globs_every_file_counts() -> None:
    assert first_relevant(["README.md"], [], []) == "README.md"


def test_nothing_changed_is_not_relevant() -> None:
    assert first_relevant([], [], []) is None


def test_an_ignored_file_does_not_count_even_where_it_is_watched() -> None:
    assert first_relevant(["src/notes.md", "src/train.py"], ["src/**"], ["*.md"]) == "src/train.py"
    assert first_relevant(["src/notes.md", "LICENSE"], ["src/**"], ["*.md"]) is None


def test_a_deep_path_takes_no_longer_than_its_length() -> None:
    """In a process of its own, because a pattern that runs wild cannot be stopped: each path took seconds."""
    code = (
        "from pushtune.watching.path_filter import first_relevant\n"
        "assert first_relevant(['data/' * 800 + str(n) for n in range(50)], ['**/data/**/*.csv'], []) is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
