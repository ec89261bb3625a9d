"""Cells as plain Python, the same for the inspection and for a container."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.inspecting.notebook import to_script
from pushtune_contract.notebook_cells import plain_cell, plain_line
from pushtune_runtime.script_source import read_source

PIECES = st.sampled_from(
    ["%time f()", "!ls \\", "%%bash", "%%time", "# a", "x = 1", "x = '''", "'''", "print('%d'", "  % 5)", "a = (", ")"]
    + ["x = a \\", "  % b", "df?", "x = !ls", "if a:", "    %cd b", '"']
)


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("%matplotlib inline", "pass  # matplotlib inline"),
        ("    !ls -la", "    pass  # ls -la"),
        ("files = !ls", "files = None"),
        ("result = %timeit -o f()", "result = None"),
        ("model.summary??", "pass"),
        ("??np", "pass  # np"),
        ("# what?", "# what?"),
        ("x = 5 % 3", "x = 5 % 3"),
        ("print('100%')", "print('100%')"),
        ("if a != b:", "if a != b:"),
        ("    %time model.fit(x)", "    model.fit(x)"),
        ("%time", "pass  # time"),
        ("%time !unzip -q data.zip", "pass  # time !unzip -q data.zip"),
        ("%timeit x.sort?", "pass  # timeit x.sort?"),
        ("%timeit -n 1 -r3 -q model.fit(x)", "model.fit(x)"),
        ("%prun -s cumtime -q model.fit(x)", "model.fit(x)"),
        ("history = %time model.fit(x)", "history = model.fit(x)"),
    ],
)
def test_magics_become_plain_python(line: str, plain: str) -> None:
    assert plain_line(line) == plain


@pytest.mark.parametrize(
    "cell",
    [
        "x = a \\\n  % b",
        "print('acc: %.2f%%'\n      % (s[1] * 100))",
        "s = '''\n%d items\n! no magic\n'''\nprint('%s?' % s)",
        "await load('%')",
    ],
)
def test_what_is_python_stays_as_it_is(cell: str) -> None:
    assert plain_cell(cell).lines == cell.split("\n")
    beside = plain_cell(f"!ls\n{cell}\n%time f()")
    assert beside.lines == ["pass  # ls", *cell.split("\n"), "f()"]
    assert [text for _, text in beside.commands] == ["!ls", "%time f()"]


@pytest.mark.parametrize(
    ("cell", "lines", "commands"),
    [
        ("!pip install a \\\n   b\nx = 1", ["pass  # pip install a     b", "", "x = 1"], [(0, "!pip install a     b")]),
        ("!wget a && \\\n unzip b \\", ["pass  # wget a &&   unzip b", ""], [(0, "!wget a &&   unzip b")]),
        ("%%time\nfit()\n!ls", ["pass  # time", "fit()", "pass  # ls"], [(0, "%%time"), (2, "!ls")]),
        ("# note\n\n%%capture out\nfit()", ["# note", "", "pass  # capture out", "fit()"], [(2, "%%capture out")]),
        ("# note\n%%bash\nls -la", ["# # note", "# %%bash", "# ls -la"], [(1, "%%bash")]),
        ("x = \"a\\\n%b\"\n!ls", ["x = \"a\\", '%b"', "pass  # ls"], [(2, "!ls")]),
        ("x = 1\r\n!ls\r", ["x = 1", "pass  # ls", ""], [(1, "!ls")]),
    ],
)  # fmt: skip
def test_whole_cells(cell: str, lines: list[str], commands: list[tuple[int, str]]) -> None:
    assert plain_cell(cell) == (lines, commands)


@given(st.lists(PIECES, max_size=12).map("\n".join) | st.text(max_size=60))
def test_lines_keep_their_number(cell: str) -> None:
    plain = plain_cell(cell)
    assert len(plain.lines) == len(cell.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all("\n" not in line for line in plain.lines)


def test_the_inspection_reads_what_a_container_runs(tmp_path: Path) -> None:
    cells = ["%%bash\nls", "# a\n%%html\n<b>", "h = %time f()\nx = y \\\n % 5", "!a \\\n b", "%%unknown\nx", "x = 1"]
    notebook = {"nbformat": 4, "cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook))
    inspected = to_script(path.read_bytes()).text.split("\n")
    assert [line for line in inspected if not line.startswith("# cell ")] == read_source(path).split("\n")
