"""What tests over the scripts of the corpus share."""

from collections.abc import Iterator

import pytest
from tests.training.corpus_runs import Checks, read_expected

EXPECTED = read_expected()


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    """Runs of the scripts, each made once."""
    created = Checks(tmp_path_factory.mktemp("corpus"))
    yield created
    created.workers.close()


@pytest.fixture(autouse=True)
def libraries(request: pytest.FixtureRequest) -> None:
    """Skip a script that needs a library which is not there."""
    script = getattr(getattr(request.node, "callspec", None), "params", {}).get("script")
    if script and EXPECTED[script].missing:
        pytest.skip(f"needs {', '.join(EXPECTED[script].missing)}")
