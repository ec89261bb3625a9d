"""docs/security.md shows the attacks as they are in the table of the tests. To bring it up to date, run this file.

.venv/bin/python -m pytest tests/hostile/test_security_page.py fails with the rows that belong there.
"""

import ast
import re
from pathlib import Path

from tests.hostile.attacks import ATTACKS, HONEST, TRAINED, Attack
from tests.hostile.hostile_repositories import SOURCES

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
HEAD = "| attack | what it tries | what stops it | how its run ends |\n|---|---|---|---|\n"
LEAST_ATTACKS = 30


def row(attack: Attack) -> str:
    """Return the line of one attack; what it tries is what its script says about itself."""
    tries = ast.get_docstring(ast.parse((SOURCES / attack.name / "train.py").read_text())) or ""
    tries = re.sub(r" \((partly )?made by the builder\)", "", tries).replace("\n", " ").rstrip(".")
    ends = "trained, model kept" if attack.ends == TRAINED else f"refused: {attack.ends}"
    return f"| `{attack.name}` | {tries} | {attack.stopped_by} | {ends} |\n"


def test_the_page_shows_every_attack() -> None:
    expected = HEAD + "".join(map(row, ATTACKS))
    assert expected in PAGE.read_text(), expected


def test_every_repository_has_its_row_and_every_row_its_repository() -> None:
    names = [attack.name for attack in (*ATTACKS, HONEST)]
    assert sorted(names) == sorted(path.name for path in SOURCES.iterdir())
    assert len(ATTACKS) >= LEAST_ATTACKS
