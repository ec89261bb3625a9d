"""Finds rows that are equal: the copies by which a script balances its classes must not be on both sides of a split."""

from typing import Any, Dict, Iterator, Optional

import numpy as np
from numpy.typing import NDArray

NOTICEABLE_SHARE = 0.05  # of the rows; fewer equal rows move no score by much
ROWS_LIMIT = 1_000_000  # beyond these, looking for equal rows would take longer than many a training
VALUES_LIMIT = 250_000_000
EXPLAINED_SHARE = 0.1  # of the equal pairs: where chance alone makes as many, equal rows are no copies


def groups_of_equal_rows(x: Any) -> Optional[NDArray[np.int64]]:
    """Return a number for each row of ``x``, shape (n,), that is the same for equal rows only.

    None where no row or hardly any has an equal one; where the columns take so few values that rows are equal by
    themselves, which tells of no copy and holds for new data as well; and where rows cannot be told, or are too many.
    """
    try:
        rows = None if _is_several_inputs(x) else _rows(x)
        numbers = None if rows is None else _numbered(rows)
        if numbers is None or share_of_equal_rows(numbers) < NOTICEABLE_SHARE:
            return None
        return None if _equal_by_chance(x, numbers) else numbers
    except (TypeError, ValueError, AttributeError):  # ragged lists, objects without a text: data of any kind comes here
        return None


def share_of_equal_rows(groups: NDArray[np.int64]) -> float:
    """Return the share of rows that are not alone in their group."""
    counts = np.bincount(groups)
    return float(counts[counts > 1].sum() / len(groups)) if len(groups) else 0.0


def _is_several_inputs(x: Any) -> bool:
    """Return whether ``x`` is a list or a dictionary of arrays, as models with several inputs take."""
    return isinstance(x, dict) or (isinstance(x, (list, tuple)) and any(np.ndim(item) > 1 for item in x[:1]))


def _rows(x: Any) -> Optional[Iterator[bytes]]:
    """Return what tells each row of ``x`` from others; None where there is too much of it."""
    if not hasattr(x, "shape") and not isinstance(x, (list, tuple)):
        return None  # a generator and the like, which must not be read
    shape = getattr(x, "shape", None) or np.shape(x)
    is_sparse = hasattr(x, "tocsr")
    values = x.nnz if is_sparse else int(np.prod(shape))
    if len(shape) == 0 or shape[0] > ROWS_LIMIT or values > VALUES_LIMIT:
        return None
    return _sparse_rows(x) if is_sparse else _dense_rows(np.asarray(x))


def _dense_rows(values: NDArray[Any]) -> Iterator[bytes]:
    if values.dtype.kind == "O":  # mixed columns, texts: equal values need not be the same objects
        return (repr(row.tolist() if hasattr(row, "tolist") else row).encode() for row in values)
    return (row.tobytes() for row in values)


def _sparse_rows(x: Any) -> Iterator[bytes]:
    rows = x.tocsr().copy()
    rows.sort_indices()
    spans = [slice(*rows.indptr[row : row + 2]) for row in range(rows.shape[0])]
    return (rows.indices[span].tobytes() + rows.data[span].tobytes() for span in spans)


def _numbered(rows: Iterator[bytes]) -> NDArray[np.int64]:
    # 64 bits of SipHash: that two of a million different rows agree has a chance of one in thirty million.
    known: Dict[int, int] = {}
    numbers = [known.setdefault(hash(row), len(known)) for row in rows]
    return np.asarray(numbers, dtype=np.int64)


def _equal_by_chance(x: Any, groups: NDArray[np.int64]) -> bool:
    """Return whether columns with the values of these would often give equal rows if nobody copied any."""
    if hasattr(x, "tocsr") or np.ndim(x) != 2:
        return False
    counts = np.bincount(groups).astype(float)
    equal_pairs = float((counts * (counts - 1)).sum())
    expected = float(len(groups)) * (len(groups) - 1)
    distinct = np.asarray(x)[np.unique(groups, return_index=True)[1]]
    for column in range(distinct.shape[1]):
        values = distinct[:, column]
        _, often = np.unique(values.astype(str) if values.dtype.kind == "O" else values, return_counts=True)
        expected *= float(((often / len(values)) ** 2).sum())  # the chance that two rows agree in this column
        if expected < EXPLAINED_SHARE * equal_pairs:
            return False
    return True
