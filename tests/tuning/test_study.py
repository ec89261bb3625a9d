"""Proposals: deterministic, new, within their ranges, and drawn to what was good."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tuning.test_search_space import any_parameters, check_point
from tests.tuning.tuning_samples import weak_cnn

from pushtune.tuning.dimensions import Dimension, own_point
from pushtune.tuning.recipes import spread_out
from pushtune.tuning.search_space import build_search_space
from pushtune.tuning.study import Observation, decode, encode, propose

DIMENSIONS = build_search_space(weak_cnn())
SAMPLED = [dimension for dimension in DIMENSIONS if dimension.sampled]


def observed(dimensions: list[Dimension], count: int, quality: Any) -> list[Observation]:
    """Return a baseline and ``count`` finished trials with ``quality(point)`` as their objective."""
    points = [own_point(dimensions), *(candidate.point for candidate in spread_out(dimensions, count, 1))]
    return [Observation(number, point, "done", quality(point)) for number, point in enumerate(points)]


@given(st.integers(0, 10_000))
def test_encoding_loses_nothing_but_digits(seed: int) -> None:
    point = spread_out(DIMENSIONS, 3, seed)[0].point
    again = decode(SAMPLED, encode(SAMPLED, point))
    for dimension in SAMPLED:
        value = again[dimension.key]
        if isinstance(value, float):
            assert value == pytest.approx(point[dimension.key], rel=0.01, abs=0.01)
        else:
            assert value == point[dimension.key]


def test_the_same_facts_give_the_same_proposals() -> None:
    known = observed(DIMENSIONS, 6, lambda point: 0.5)
    assert propose(DIMENSIONS, known, 4, "maximize", 7) == propose(DIMENSIONS, known, 4, "maximize", 7)
    assert propose(DIMENSIONS, known, 4, "maximize", 7) != propose(DIMENSIONS, known, 4, "maximize", 8)


@settings(max_examples=25)
@given(any_parameters(), st.integers(0, 1000), st.sampled_from(["maximize", "minimize"]))
def test_proposals_are_new_and_in_range(found: Any, seed: int, direction: str) -> None:
    dimensions = build_search_space(found)
    if not any(dimension.sampled for dimension in dimensions):
        return
    known = observed(dimensions, 3, lambda point: 0.5)
    proposals = propose(dimensions, known, 3, direction, seed)
    for number, point in enumerate(proposals):
        check_point(dimensions, point)
        assert point not in [observation.point for observation in known]
        assert point not in proposals[:number]


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1.0), ("minimize", -1.0)])
def test_proposals_go_where_it_was_good(direction: str, sign: float) -> None:
    optimizer = SAMPLED[0].key
    known = observed(DIMENSIONS, 24, lambda point: sign * (0.9 if point[optimizer] == "rmsprop" else 0.3))
    names = [point[optimizer] for point in propose(DIMENSIONS, known, 10, direction, 5)]
    assert names.count("rmsprop") >= 6


def test_failed_trials_are_avoided_and_pruned_ones_count_with_what_they_had_reached() -> None:
    optimizer = SAMPLED[0].key

    def states(failed: str, pruned: str) -> list[Observation]:
        known = []
        for observation in observed(DIMENSIONS, 24, lambda point: 0.3):
            name = observation.point[optimizer]
            status = "failed" if name == failed else "pruned" if name == pruned else "done"
            value = None if status == "failed" else 0.9 if status == "pruned" else 0.3
            known.append(Observation(observation.number, observation.point, status, value))
        return known

    names = [point[optimizer] for point in propose(DIMENSIONS, states("adamw", "nadam"), 10, "maximize", 5)]
    assert names.count("nadam") >= 6
    assert names.count("adamw") <= 1
