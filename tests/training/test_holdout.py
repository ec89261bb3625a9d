import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune_runtime.holdout import class_labels, count_samples, majority_share, split_indices, take


@given(st.integers(2, 3000), st.floats(0.01, 0.99), st.integers(1, 12), st.booleans())
def test_the_parts_are_disjoint_complete_and_never_empty(n: int, fraction: float, classes: int, order: bool) -> None:
    labels = np.arange(n) % classes
    parts = split_indices(n, fraction, labels, keep_order=order)
    assert len(parts.train) > 0
    assert len(parts.held_out) > 0
    assert sorted([*parts.train, *parts.held_out]) == list(range(n))


def test_each_class_gives_its_share() -> None:
    labels = np.repeat([0, 1, 2], [700, 200, 100])
    held_out = labels[split_indices(1000, 0.2, labels, keep_order=False).held_out]
    assert np.unique(held_out, return_counts=True)[1].tolist() == [140, 40, 20]


def test_the_same_samples_are_held_out_whatever_the_global_seed() -> None:
    np.random.seed(1)
    one = split_indices(100, 0.2, None, keep_order=False)
    np.random.seed(2)
    other = split_indices(100, 0.2, None, keep_order=False)
    assert one.held_out.tolist() == other.held_out.tolist()
    assert len(one.held_out) == 20


def test_data_in_time_loses_its_end() -> None:
    parts = split_indices(10, 0.25, None, keep_order=True)
    assert parts.held_out.tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1, 0, 1], [0, 1, 0, 1]),
        ([[0, 1], [1, 0], [0, 1], [0, 1]], [1, 0, 1, 1]),
        ([[0.0], [1.0], [1.0], [0.0]], [0, 1, 1, 0]),
        ([0.5, 1.5, 2.5, 3.5], None),
        ([[0.5, 0.5], [1.0, 0.0]], None),
        ([[1, 1], [0, 1]], None),
        (list(range(40)), None),
        (np.zeros((4, 3, 3)), None),
        (None, None),
    ],
)
def test_class_labels(y: object, expected: "list[int] | None") -> None:
    labels = class_labels(None if y is None else np.asarray(y))
    assert (None if labels is None else labels.tolist()) == expected


def test_chance_is_the_share_of_the_largest_class() -> None:
    assert majority_share(np.array([1, 1, 1, 2])) == 0.75
    assert majority_share(None) is None


def test_take_copies_nothing_where_the_samples_follow_each_other() -> None:
    array = np.arange(12).reshape(6, 2)
    for indices in (np.arange(2, 5), np.array([4]), np.array([1, 2, 4]), np.array([2, 1]), np.array([1, 3, 2, 4]), []):
        chosen = np.array(indices, dtype=np.int64)
        assert take(array, chosen).tolist() == array[chosen].tolist()
    assert np.shares_memory(take(array, np.arange(2, 5)), array)
    assert not np.shares_memory(take(array, np.array([1, 3, 2, 4])), array)


def test_take_keeps_the_structure() -> None:
    data = {"a": np.arange(5), "b": [np.arange(10).reshape(5, 2), (np.arange(5) * 2, None)]}
    taken = take(data, np.array([1, 3]))
    assert taken["a"].tolist() == [1, 3]
    assert taken["b"][0].tolist() == [[2, 3], [6, 7]]
    assert taken["b"][1][0].tolist() == [2, 6]
    assert taken["b"][1][1] is None
    assert count_samples(data) == 5
    assert count_samples([]) is None


@pytest.mark.parametrize("keep_order", [True, False])
@pytest.mark.parametrize(("samples", "batch"), [(448, 32), (64, 32), (70, 32), (100, 1), (101, 7), (90, 30)])
def test_both_parts_hold_whole_batches(samples: int, batch: int, keep_order: bool) -> None:
    parts = split_indices(samples, 0.2, None, keep_order, batch)
    together = np.concatenate([parts.train, parts.held_out])
    assert len(parts.train) % batch == len(parts.held_out) % batch == 0
    assert len(parts.train) >= batch and len(parts.held_out) >= batch
    assert len(set(together)) == len(together) > samples - 2 * batch
    assert np.all(np.diff(parts.train) > 0) and np.all(np.diff(parts.held_out) > 0)
    if keep_order:
        assert parts.train[-1] < parts.held_out[0]


def test_fewer_than_two_batches_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="63 samples are fewer than two batches of 32"):
        split_indices(63, 0.2, None, True, 32)


@given(st.lists(st.integers(0, 30), min_size=20, max_size=200), st.booleans())
def test_copies_are_on_one_side(rows: list[int], has_labels: bool) -> None:
    copies = np.unique(rows, return_inverse=True)[1].reshape(-1)
    labels = np.asarray(rows) % 2 if has_labels else None
    parts = split_indices(len(rows), 0.2, labels, False, copies=copies)
    assert sorted([*parts.train, *parts.held_out]) == list(range(len(rows)))
    if len(set(rows)) > 4 and len(parts.held_out) > 1:
        assert not set(copies[parts.train]) & set(copies[parts.held_out])


def test_without_copies_the_same_samples_are_held_out_as_ever() -> None:
    labels = np.arange(100) % 3
    apart = split_indices(100, 0.2, labels, False)
    together = split_indices(100, 0.2, labels, False, copies=np.arange(100))
    assert apart.held_out.tolist() == together.held_out.tolist()
