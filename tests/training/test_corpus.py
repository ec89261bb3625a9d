"""Scripts in the styles that people write: each works unmodified, takes an override, and survives a kill."""

import pytest
from tests.training.corpus_fixtures import EXPECTED, checks, libraries
from tests.training.corpus_runs import CORPUS, Checks
from tests.training.runtime_runs import needs_sklearn, needs_tensorflow

__all__ = ["checks", "libraries"]
pytestmark = [needs_tensorflow, needs_sklearn]

TRAINED = [name for name, entry in EXPECTED.items() if entry.status == "done"]
EXACT = [name for name in TRAINED if EXPECTED[name].exactness == "exact"]
QUICK = ("argparse_main.py", "notebook_export.py", "own_train_step.py", "sklearn_own_estimator.py")


def test_the_table_and_the_scripts_belong_together() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in CORPUS.iterdir() if path.suffix in (".py", ".ipynb"))
    assert len(EXPECTED) >= 40
    assert len({entry.style for entry in EXPECTED.values()}) == len(EXPECTED)


@pytest.mark.parametrize("script", QUICK)
def test_some_scripts_work_and_take_an_override(script: str, checks: Checks) -> None:
    checks.check_baseline(script)
    checks.check_trial(script)


@pytest.mark.slow
@pytest.mark.parametrize("script", EXPECTED)
def test_a_script_works_as_it_is(script: str, checks: Checks) -> None:
    checks.check_baseline(script)


@pytest.mark.slow
@pytest.mark.parametrize("script", TRAINED)
def test_an_override_arrives(script: str, checks: Checks) -> None:
    checks.check_trial(script)


@pytest.mark.slow
@pytest.mark.parametrize("script", EXACT)
def test_a_killed_script_ends_the_same(script: str, checks: Checks) -> None:
    checks.check_resume(script)
