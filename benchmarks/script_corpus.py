"""What the runtime finds in the scripts of ``tests/training/corpus``: ``python benchmarks/script_corpus.py [--write]``.

Runs each script as it is, with one value changed, and killed and started again; prints the table, and writes it to
``docs/corpus.md`` when asked to. Needs the environment of the training images, and ``PYTHONPATH=training:.``.
Exit code 1 when a script does not do what ``corpus_expected.json`` says.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.training.corpus_runs import ADDED, Checks, objective_text

DOCUMENT = Path(__file__).parents[1] / "docs" / "corpus.md"
HEADER = """# Scripts in the styles that people write

Written by `python benchmarks/script_corpus.py --write`. Each script of `tests/training/corpus` runs unmodified
(baseline), with one value changed (trial), and killed after its first checkpoint and started again (resume).
Parameters: how many values were found, and how many of them may be tuned. Seconds: CPU time of the baseline after the
libraries are imported, one thread.

| script | style | family | parameters | override | objective | guard | resume | seconds |
|---|---|---|---|---|---|---|---|---|
"""


def row(script: str, checks: Checks, failures: list[str]) -> str:
    """Return the line of the table for ``script``; what differs from the expected is added to ``failures``."""
    expected = checks.expected[script]
    if expected.missing:
        return f"| {script} | {expected.style} | {expected.family} | needs {', '.join(expected.missing)} | | | | | |"

    def outcome(check: Callable[[str], None], good: str) -> str:
        try:
            check(script)
        except AssertionError as error:
            failures.append(f"{script}: {check.__name__}: {error}")
            return "**FAILED**"
        return good

    works = outcome(checks.check_baseline, "")
    baseline = checks.baseline(script)
    found = [item for item in baseline.result.search_space if item.argument not in ADDED]
    tunable = sum(item.tunable for item in found)
    trained = baseline.result.status == "done"
    change = ", ".join(f"{start} -> {value}" for start, value in expected.change.items())
    trial = f"{change}: {outcome(checks.check_trial, expected.answer)}" if trained else "none: no objective"
    resume = expected.exactness
    if trained and expected.exactness == "exact":
        resume = outcome(checks.check_resume, "exact, verified")
    metric, _, guard = (objective_text(baseline.result) or "none -").partition(" ")
    cells = [script, expected.style, expected.family, f"{len(found)} / {tunable}", trial, metric + works, guard, resume]
    return f"| {' | '.join(cells)} | {baseline.cpu_seconds:.1f} |"


def main(write: bool) -> int:
    """Run everything; return the exit code."""
    failures: list[str] = []
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(Path(folder))
        for script in checks.expected:
            lines.append(row(script, checks, failures))
            print(lines[-1], flush=True)
        checks.workers.close()
    if write:
        DOCUMENT.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
