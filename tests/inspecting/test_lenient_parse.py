"""Sources that today's Python refuses are still read."""

import ast

import pytest

from pushtune.inspecting.lenient_parse import parse
from pushtune.inspecting.repository_files import Deadline

SOON = Deadline.after(86_400)  # counted from when the tests are collected


def _calls(tree: ast.Module | None) -> set[str]:
    assert tree is not None
    return {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


@pytest.mark.parametrize(
    "line",
    [
        'print "a", 1',
        'print"a"',
        "print x.y",
        'print "a %s" % (\n    1)',
        'if x: print "a"',
        'exec "x = 1"',
        'exec "x" in scope',
        "try:\n    pass\nexcept (IOError, OSError), error:\n    pass",
        'raise ValueError, "text"',
        "if a <> b: pass",
        "x = `5`",
        'x = ur"a"',
        "mode = 0777",
        "big = 10L",
        "if True:\n\tx = 1\n        y = 2",
    ],
)
def test_python_2_is_read(line: str) -> None:
    parsed = parse(f"{line}\nmodel.fit(x)\n", SOON)
    assert parsed.python2
    assert parsed.fault is not None
    assert "fit" in _calls(parsed.tree)


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ("model.fit(x)\ndef broken(:\n    pass\n", 2, "def broken(:"),
        ("model.fit(x)\nx = (1,\ny = 2\n", 2, "x = (1,"),
        ("model.fit(x)\n<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> b\n", 2, "<<<<<<< HEAD"),
        ("model.fit(x)\n    a = 1\n", 2, "a = 1"),
        ("model.fit(x)\nfor i in range(3):\nprint(i)\n", 3, "print(i)"),
    ],
)
def test_a_fault_is_named_and_the_rest_is_read(text: str, line: int, shown: str) -> None:
    parsed = parse(text, SOON)
    assert not parsed.python2
    assert parsed.fault is not None
    assert (parsed.fault.line, parsed.fault.text) == (line, shown)
    assert "fit" in _calls(parsed.tree)


def test_valid_code_has_no_fault_and_warns_nobody(recwarn: pytest.WarningsRecorder) -> None:
    parsed = parse('path = "C:\\data"\nawait model.fit(x)\nif x is 5: pass\n', SOON)
    assert parsed.fault is None
    assert "fit" in _calls(parsed.tree)
    assert not recwarn.list


@pytest.mark.parametrize(
    "text", ["x = " + "-" * 200_000 + "1", "x = " + "(" * 5000, "x = a" + ".b" * 200_000, "x = 1" + "+1" * 200_000]
)
def test_nesting_without_end_is_a_fault(text: str) -> None:
    parsed = parse(text, SOON)
    assert parsed.fault is not None


def test_nothing_is_repaired_when_no_time_is_left() -> None:
    assert parse("def (\nmodel.fit(x)\n", Deadline.after(-1)).tree is None
