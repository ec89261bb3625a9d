"""Each location is the literal, and each parameter arrives when it is changed alone, over scripts of the corpus."""

import ast
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.training.corpus_fixtures import EXPECTED, checks, libraries
from tests.training.corpus_runs import CORPUS, Checks, Ending
from tests.training.runtime_runs import needs_sklearn, needs_tensorflow

from pushtune_contract.parameters import Parameter

__all__ = ["checks", "libraries"]
pytestmark = [needs_tensorflow, needs_sklearn, pytest.mark.slow]

TRAINED = [name for name, entry in EXPECTED.items() if entry.status == "done" and name.endswith(".py")]
ALONE = (
    "argparse_main.py", "functional_loop.py", "subclassed_defaults.py", "tf_data_pipeline.py",
    "sklearn_regression.py",
)
# Numbers that stand in a file that is no Python, or that no literal was found for.
WITHOUT_LITERALS = ("json_config.py", "yaml_config.py")


def literal_at(text: str, item: Parameter) -> str | None:
    """Return the number as it is written at the location of ``item``; None where something else stands there."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and (node.lineno, node.col_offset) == (item.line, item.column):
            same = type(node.value) in (int, float) and node.value == item.value
            return ast.get_source_segment(text, node) if same else None
    return None


def replaced(item: Parameter) -> Any:
    """Return a value that is as good as the script's own; None for texts and for what is fixed."""
    if not item.tunable or not item.explicit or isinstance(item.value, (str, bool)):
        return None
    return item.value + 1 if isinstance(item.value, int) else item.value / 2


def rewrite(folder: Path, space: list[Parameter]) -> dict[int, Any]:
    """Change each literal in the files of ``folder``; return place in ``space`` -> value that is to arrive."""
    edits: dict[tuple[str, int, int], tuple[str, Any]] = {}
    wanted: dict[int, Any] = {}
    for number, item in enumerate(space):
        value, written = replaced(item), literal_at((folder / item.file).read_text(), item)
        if value is not None and written is not None:
            edits[item.file, item.line, item.column] = (written, value)
            wanted[number] = value
    for (file, line, column), (written, value) in sorted(edits.items(), reverse=True):
        lines = (folder / file).read_text().splitlines(keepends=True)
        before, after = lines[line - 1][:column], lines[line - 1][column + len(written) :]
        lines[line - 1] = f"{before}{value!r}{after}"
        (folder / file).write_text("".join(lines))
    return wanted


@pytest.mark.parametrize("script", TRAINED)
def test_a_changed_literal_changes_what_arrives(script: str, checks: Checks, tmp_path: Path) -> None:
    space = checks.baseline(script).result.search_space
    code = tmp_path / "code"
    shutil.copytree(CORPUS, code)
    wanted = rewrite(code, space)
    assert wanted or script in WITHOUT_LITERALS
    worker = checks.workers.of(EXPECTED[script].family)
    again = worker.run(tmp_path / "again", script, code=code).result
    assert again.status == "done", again.error
    arrived = {number: again.search_space[number].value for number in wanted}
    assert [item.argument for item in again.search_space] == [item.argument for item in space]
    assert arrived == pytest.approx(wanted)


def another(item: Parameter) -> Any:
    """Return another value for a parameter of any kind."""
    if isinstance(item.value, str):
        return next(value for value in ("tanh", "relu", "sgd", "adam") if item.value != value and _fits(item, value))
    if item.argument == "added_dropout":
        return 0.3
    return item.value + 1 if isinstance(item.value, int) else item.value / 2


def _fits(item: Parameter, value: str) -> bool:
    return (item.role == "optimizer") == (value in ("sgd", "adam"))


def is_honest(item: Parameter, trial: Ending, baseline: Ending) -> bool:
    """Return whether the trial has taken the value, visibly, or says that it has not."""
    result = trial.result
    if result.status == "infeasible":
        return result.error is not None
    if result.unapplied:
        return result.unapplied == [item.id]
    return result.status == "done" and result.applied == [item.id] and trial.steps != baseline.steps


@pytest.mark.parametrize("script", ALONE)
def test_each_parameter_arrives_alone_or_the_trial_says_so(script: str, checks: Checks, tmp_path: Path) -> None:
    baseline = checks.baseline(script)
    worker = checks.workers.of(EXPECTED[script].family)
    silent = []
    for number, item in enumerate(item for item in baseline.result.search_space if item.tunable):
        trial = worker.run(
            tmp_path / str(number), script, mode="trial", trial_number=number + 1, overrides={item.id: another(item)}
        )
        if not is_honest(item, trial, baseline):
            silent.append((item.id, another(item), trial.result.status, trial.result.error))
    assert silent == []
