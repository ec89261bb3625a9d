"""Properties that hold for any input: an answer, as JSON, in bounded time."""

import json
import random
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.inspecting.inspecting_helpers import repository

from pushtune.inspecting.inspection import inspect_checkout
from pushtune.inspecting.lenient_parse import parse
from pushtune.inspecting.notebook import NotANotebook, to_script
from pushtune.inspecting.repository_files import Deadline
from pushtune.inspecting.requirement_line import parse_requirement
from pushtune.inspecting.source_text import decode
from pushtune.inspecting.syntax_walk import read_facts

RELAXED = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
SAMPLES = sorted((Path(__file__).parent / "samples").rglob("*.py"))
PIECES = st.sampled_from(
    """
import keras|model = keras.Sequential()|model.fit(x)|def f(a, *b, c=1, **d):|class A(B):|    |return x
|if __name__ == '__main__':|print 'a'|except E, e:|try:|with a as b:|x = `y`|lambda: 0|@a.b|\t|%magic|!ls
|exec 'a'|async def g(): await h()|x: int = 3|(y := 5)|match a:|    case 1: pass|f'{a!r:>{b}}'|a.b().c[0].d(*e, **f)
|<<<<<<< HEAD|'''|while True: pass|global q|del z|import a.b as c, d|from . import e|from .. import *|0777|10L|\\
|raise E, 'x'|#
""".replace("\n", "").split("|")
)
KEYS = ("cells", "source", "cell_type", "metadata", "kernelspec", "language", "worksheets", "input", "code")
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(KEYS),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
)
NAMES = (
    "train.py a/b.py n.ipynb Dockerfile README.md requirements.txt pyproject.toml Pipfile environment.yml setup.py"
    " setup.cfg Makefile .gitmodules pushtune.yaml x.sh"
)


def _is_answered(files: dict[str, str | bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        json.dumps(inspect_checkout(repository(Path(folder), files)).as_document())


@RELAXED
@given(st.binary(max_size=400))
def test_any_bytes_are_decoded(content: bytes) -> None:
    assert "\r" not in decode(content)[0]


@RELAXED
@given(st.lists(PIECES, max_size=30), st.sampled_from(["\n", " ", ";", ""]))
def test_any_pieces_of_code_are_read(pieces: list[str], joint: str) -> None:
    parsed = parse(joint.join(pieces), Deadline.after(10))
    if parsed.tree is not None:
        read_facts(parsed.tree)


@RELAXED
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    parsed = parse(text, Deadline.after(10))
    assert parsed.tree is not None or parsed.fault is not None


@RELAXED
@given(DOCUMENTS)
def test_any_json_is_a_notebook_or_says_why_not(document: object) -> None:
    try:
        to_script(json.dumps(document).encode())
    except NotANotebook as error:
        assert str(error)


@RELAXED
@given(st.text(max_size=100))
def test_any_line_is_a_requirement_or_none(line: str) -> None:
    parsed = parse_requirement(line)
    assert parsed is None or parsed[0]


@settings(RELAXED, max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(NAMES.split()),
        st.binary(max_size=300) | st.lists(PIECES, max_size=15).map(lambda pieces: "\n".join(pieces).encode()),
        max_size=6,
    )
)
def test_any_repository_is_answered(files: dict[str, bytes]) -> None:
    _is_answered(dict(files))


@pytest.mark.parametrize("seed", range(8))
def test_damaged_scripts_are_answered(seed: int) -> None:
    """Real styles of code, with characters, lines and halves missing, doubled or changed."""
    chance = random.Random(seed)
    files: dict[str, str | bytes] = {}
    for number in range(12):
        text = decode(chance.choice(SAMPLES).read_bytes())[0]
        for _ in range(chance.randrange(1, 6)):
            place, width = chance.randrange(len(text) + 1), chance.randrange(30)
            text = (
                text[:place] + "".join(chance.choices(string.printable, k=chance.randrange(4))) + text[place + width :]
            )
        files[f"script_{number}.py"] = text
    _is_answered(files)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "-" * 100_000 + "1",
        "x = " + "[" * 100_000,
        "x = a" + "()" * 100_000,
        "x = a" + ".b" * 100_000,
        "x = 1" + " or 1" * 90_000,
        "if 1:\n pass\n" + "elif 1:\n pass\n" * 15_000,
        "a = " * 100_000 + "1",
        "\t" * 100_000 + "x",
        'print "a"\n' * 20_000,
        "def (\n" * 5_000,
        '"""' * 60_000,
        "`" * 100_000,
        "%" * 100_000,
        "except " * 60_000 + ",",
        "raise a," * 50_000,
        "0" * 300_000 + "7",
        "# coding: " + "x" * 100_000,
        "from a import " + ",".join(f"b{number}" for number in range(50_000)),
        "".join(f"class C{number}(C{number - 1}):\n def m(self): self.m()\n" for number in range(1, 6000)),
        "".join(f"a{number} = a{number * 7 % 9000}()\n" for number in range(9000)) + "a5().fit(1)\n",
        "def f(): return f()\nmodel = f()\n",
        "a = b\nb = a\nclass A(A): pass\nfrom train import *\nimport train\n",
    ],
    ids=range(22),
)
def test_texts_made_to_hang_or_crash_a_reader_are_answered(text: str) -> None:
    code = "import keras\n" + text[:480_000] + "\nmodel.fit(x, epochs=1)\n"
    _is_answered(
        {
            "train.py": code,
            "README.md": text[:250_000],
            "Dockerfile": text[:250_000],
            "requirements.txt": text[:200_000],
        }
    )
