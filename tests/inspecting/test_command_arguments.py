"""Arguments behind a script, told apart from comments, sentences and placeholders."""

import ast
from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected

from pushtune.inspecting.command_arguments import arguments_in, fit
from pushtune.inspecting.syntax_walk import read_facts

TRAIN = """
import argparse
import keras
parser = argparse.ArgumentParser()
parser.add_argument("-d", "--data", required=True)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--fast", action="store_true")
arguments = parser.parse_args()
model = keras.Sequential()
model.fit(x, y)
"""


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (" --data d.csv  # trains the model, don't wait", ["--data", "d.csv"]),
        (" --name 'it''s' \"a b\"", ["--name", "its", "a b"]),
        (" data 0.1 > log", ["data", "0.1"]),
        (" --help", []),
        (" --data d.csv -h", []),
        (" --data /path/to/your/data", []),
        (" --data=/path/to/data", []),
        (" --data your_data.csv", []),
        (" --epochs N", []),
        (" --data DATA_DIR", []),
        (" --data ... --epochs 3", []),
        (" [-h] --data DATA", []),
        (" --set MNIST --optimizer SGD", ["--set", "MNIST", "--optimizer", "SGD"]),
        (" 'open", []),
    ],
)
def test_arguments_of_a_shell(rest: str, words: list[str]) -> None:
    assert arguments_in(rest, is_text=True, is_prose=False) == tuple(words)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (" --axis X --out DATA_DIR", ["--axis", "X", "--out", "DATA_DIR"]),
        (" --run exp#1 --data d.csv", ["--run", "exp#1", "--data", "d.csv"]),
    ],
)
def test_what_is_run_holds_values_and_no_examples(rest: str, words: list[str]) -> None:
    assert arguments_in(rest, is_text=False, is_prose=False) == tuple(words)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (" --data d.csv --epochs 5.", ["--data", "d.csv", "--epochs", "5"]),
        (" --data d.csv --epochs 5) and wait", ["--data", "d.csv", "--epochs", "5"]),
        (" --fast, then wait", ["--fast"]),
        (" --lr=0.1 to train the model", ["--lr=0.1"]),
        (" --data d.csv to train the model, which takes an hour", ["--data", "d.csv"]),
        (" to train", []),
        (", then wait", []),
        (" -- the best of all", []),
    ],
)
def test_arguments_in_a_sentence(rest: str, words: list[str]) -> None:
    assert arguments_in(rest, is_text=True, is_prose=True) == tuple(words)


@pytest.mark.parametrize(
    ("words", "is_fitting"),
    [
        ("--data d.csv --epochs 5 --fast", True),
        ("-d d.csv --epochs=5", True),
        ("-dd.csv --epo 5 --epochs -1", True),
        ("--data d.csv --smoke-test", False),
        ("--fast to", False),
        ("to train the model", False),
        ("-x 3", False),
    ],
)
def test_a_script_takes_what_its_parser_knows(words: str, is_fitting: bool) -> None:
    assert fit(words.split(), read_facts(ast.parse(TRAIN)).calls) == is_fitting


@pytest.mark.parametrize(
    "more",
    ["", "p.add_argument('--a')\np.add_argument(name)", "p.add_argument('--a')\np.parse_known_args()"],
)
def test_a_parser_that_cannot_be_read_takes_anything(more: str) -> None:
    assert fit(["--other", "3"], read_facts(ast.parse(more)).calls)


def test_the_first_command_that_fits_gives_the_arguments(tmp_path: Path) -> None:
    readme = "```\npython train.py --help\npython train.py --smoke-test\npython train.py --data d.csv --epochs 5\n```\n"
    inspection = inspected(tmp_path, {"train.py": TRAIN, "README.md": readme})
    assert inspection.arguments == ["--data", "d.csv", "--epochs", "5"]


@pytest.mark.parametrize(
    ("readme", "arguments"),
    [
        ("```pip install -r requirements.txt```\n\nTo start, run python train.py to train the model.\n", []),
        ("1. First:\n\n    - Run python train.py to train the model.\n", []),
        ("First:\n\n    Then call python train.py and wait\n", []),
        ("Run it::\n\n   python train.py --epochs 7 --data d.csv\n", ["--epochs", "7", "--data", "d.csv"]),
        ("<pre>\npython train.py --data d.csv --epochs 5\n</pre>\n", ["--data", "d.csv", "--epochs", "5"]),
    ],
)
def test_a_readme_has_commands_between_its_sentences(readme: str, arguments: list[str], tmp_path: Path) -> None:
    assert inspected(tmp_path, {"train.py": TRAIN, "README.md": readme}).arguments == arguments


def test_a_parser_of_another_program_says_nothing_about_this_one(tmp_path: Path) -> None:
    train = (
        "import click\nimport keras\nfrom prepare import load\n@click.command()\n@click.option('--epochs')\n"
        "def main(epochs):\n    keras.Sequential().fit(*load())\nmain()\n"
    )
    prepare = (
        "import argparse\ndef load():\n    return 1, 2\ndef main():\n    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--source')\n    parser.parse_args()\nif __name__ == '__main__':\n    main()\n"
    )
    files = {"train.py": train, "prepare.py": prepare, "run.sh": "python train.py --epochs 7\n"}
    assert inspected(tmp_path, files).arguments == ["--epochs", "7"]
