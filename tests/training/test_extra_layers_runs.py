"""Layers that the script does not have, in all three styles of models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.training.runtime_runs import Run, needs_tensorflow, run

from pushtune_contract.parameters import Value

pytestmark = [needs_tensorflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield run(tmp_path_factory.mktemp("styles"), "three_styles")


def test_extra_layers_are_offered_behind_hidden_layers_alone(baseline: Run) -> None:
    offered = {
        (item.line, item.argument, item.value, item.explicit)
        for item in baseline.result.search_space
        if item.argument in ("extra_layers", "added_dropout")
    }
    assert offered == {
        (11, "extra_layers", 0, False), (11, "added_dropout", 0.0, False),
        (12, "extra_layers", 0, False),  # dropout follows already
        (18, "extra_layers", 0, False), (18, "added_dropout", 0.0, False),
        (25, "extra_layers", 0, False), (25, "added_dropout", 0.0, False),
    }  # fmt: skip


def test_extra_layers_have_the_expected_weights(baseline: Run, tmp_path: Path) -> None:
    """A Dense layer of 8 behind one of 8 has 8 * 8 + 8 = 72 weights in two variables."""
    overrides: dict[str, Value] = {}
    for place, count in (("11:4", 2), ("18:9", 1), ("25:21", 1)):
        overrides[f"train.py:{place}#0.Dense.extra_layers"] = count
        overrides[f"train.py:{place}#0.Dense.added_dropout"] = 0.2
    done = run(tmp_path, "three_styles", mode="trial", overrides=overrides)
    assert done.result.unapplied == []
    plain = [[int(number) for number in line.split()] for line in baseline.stdout.splitlines()]
    deeper = [[int(number) for number in line.split()] for line in done.stdout.splitlines()]
    added = zip(plain, deeper, strict=True)
    # Adam keeps two variables per variable of the model.
    assert [[new - old for old, new in zip(*pair, strict=True)] for pair in added] == [
        [144, 4, 8], [72, 2, 4], [72, 2, 4],
    ]  # fmt: skip
