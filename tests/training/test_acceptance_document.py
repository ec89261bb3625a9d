"""Every test that ``docs/acceptance.md`` names is there."""

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
DOCUMENT = PROJECT / "docs" / "acceptance.md"
NAME = re.compile(r"`((?:tests/\w+/)?test_\w+(?:\.py)?|…)(?:::(test_\w+))?`|`(benchmarks/\w+\.py)`")


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_tests_that_exist() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, 26))
    for row in rows:
        path, named = Path(), 0
        for file, function, benchmark in NAME.findall(row):
            if benchmark:
                path = PROJECT / benchmark
            elif file != "…":
                path = PROJECT / (file if "/" in file else f"tests/training/{file}.py")
            assert path.is_file(), f"{path} in {row}"
            assert not function or function in functions(path), f"{function} in {row}"
            named += 1
        assert named or "not built" in row, row
