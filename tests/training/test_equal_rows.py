"""Rows that are copies of each other are found; rows that are equal by themselves are not taken for copies."""

from typing import Any

import numpy as np
import pytest

from pushtune_runtime import equal_rows
from pushtune_runtime.equal_rows import groups_of_equal_rows, share_of_equal_rows

GENERATOR = np.random.default_rng(0)
MEASURED = GENERATOR.normal(size=(200, 3))
COPIED = np.concatenate([MEASURED, MEASURED[GENERATOR.integers(0, 20, 100)]])


def test_copies_share_a_number() -> None:
    groups = groups_of_equal_rows(COPIED)
    assert groups is not None
    assert groups.shape == (300,)
    assert all((groups[row] == groups[:200]).sum() == 1 for row in range(200, 300))
    assert len(np.unique(groups)) == 200
    assert share_of_equal_rows(groups) == pytest.approx((100 + len(np.unique(groups[200:]))) / 300)


@pytest.mark.parametrize(
    "same", [COPIED.tolist(), COPIED.astype(object), COPIED.reshape(300, 3, 1), [str(row) for row in COPIED]]
)
def test_other_kinds_of_rows_are_told_apart_as_well(same: Any) -> None:
    assert np.array_equal(groups_of_equal_rows(same), groups_of_equal_rows(COPIED))  # type: ignore[arg-type]


def test_rows_of_a_sparse_matrix_are_told_apart() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    groups = groups_of_equal_rows(sparse.coo_matrix(np.where(COPIED > 0, COPIED, 0.0)))
    assert groups is not None
    assert len(np.unique(groups)) < 201


@pytest.mark.parametrize(
    "odd",
    [
        MEASURED, np.concatenate([MEASURED, MEASURED[:4]]), [MEASURED, MEASURED], {"a": COPIED}, None, 3.0, [],
        [[1, 2], [3]], np.empty((0, 3)),
    ],
)  # fmt: skip
def test_without_copies_there_are_no_groups(odd: Any) -> None:
    assert groups_of_equal_rows(odd) is None


def test_few_values_make_equal_rows_without_a_copy() -> None:
    few = GENERATOR.integers(0, 4, size=(500, 3))
    assert groups_of_equal_rows(few) is None
    assert groups_of_equal_rows(np.where(few > 2, "yes", "no").astype(object)) is None
    assert groups_of_equal_rows(GENERATOR.integers(0, 40, size=(500, 1))) is None


def test_missing_values_are_equal() -> None:
    holed = COPIED.astype(object)
    holed[:, 0] = [float("nan") for _ in holed]
    assert groups_of_equal_rows(holed) is not None


def test_too_many_rows_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_rows, "ROWS_LIMIT", 299)
    assert groups_of_equal_rows(COPIED) is None
