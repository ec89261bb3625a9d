"""Stop rules, as tables of learning curves."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tuning.tuning_samples import SCRIPT_HASH, result, write_curve

from pushtune.tuning.curves import CURVE_LIMIT_BYTES, Curve, read_curve
from pushtune.tuning.pruning import PruningRule, chance_level, decide, rungs_up_to, stop_rule
from pushtune_contract import layout
from pushtune_contract.result import write_result

TEN_CLASSES = PruningRule("maximize", target=0.9, chance=0.1, reference=0.1, validation_samples=12_000)
GOOD = [0.86, 0.88, 0.885, 0.89, 0.892, 0.893, 0.894, 0.895, 0.896]


def curve(values: list[float], epoch_seconds: float = 1.0, planned: int = 12) -> Curve:
    """Return a curve with epochs of equal length."""
    return Curve(tuple(values), tuple(epoch_seconds * epoch for epoch in range(1, len(values) + 1)), planned)


@pytest.mark.parametrize(
    ("own", "peers", "reason"),
    [
        # Nothing to judge yet, nobody to compare with.
        ([], [GOOD, GOOD], None),
        ([0.5], [], None),
        ([0.5], [GOOD], None),
        # Target: the newest epoch decides whether it pays to go on.
        ([0.86, 0.901], [GOOD], None),
        ([0.86, 0.905, 0.901], [GOOD], "target met"),
        ([0.91], [], None),
        # Chance: dead, even as the first of its rung.
        ([0.1], [], "at chance"),
        ([0.14], [], "at chance"),
        ([0.21], [], None),
        ([0.1, 0.11, 0.1], [], "at chance"),
        ([0.1, 0.4], [], None),
        # Rungs after 1, 3, 9 epochs: the best third goes on, and whoever is near it.
        ([0.3], [GOOD, GOOD], "behind 2 of 2 trials after 1 epochs"),
        ([0.83], [GOOD, GOOD], None),
        ([0.86, 0.861, 0.80], [GOOD, GOOD], None),
        ([0.83, 0.835, 0.84], [GOOD, GOOD], "behind 2 of 2 trials after 3 epochs"),
        # The leader goes on, whatever happens.
        ([0.87], [GOOD[:1], GOOD[:1]], None),
        ([0.5, 0.6, 0.7, 0.75], [[0.2], [0.3]], None),
        # On a plateau: whoever it is.
        ([0.5, 0.6, 0.7, 0.8, 0.79, 0.78, 0.77, 0.76, 0.75], [], None),
        ([0.5, 0.6, 0.7, 0.8, 0.79, 0.78, 0.77, 0.76, 0.75, 0.74], [], "no better since epoch 4 of 10"),
        # Behind the leader, and not catching up.
        ([0.84, 0.87, 0.87, 0.87, 0.87, 0.87], [GOOD, [0.2]], "cannot catch up"),
        ([0.84, 0.87, 0.875, 0.88, 0.885], [GOOD, [0.2]], None),
    ],
)
def test_accuracy_of_ten_classes(own: list[float], peers: list[list[float]], reason: str | None) -> None:
    decision = decide(curve(own), [curve(peer) for peer in peers if peer], TEN_CLASSES)
    assert decision is None if reason is None else decision is not None and reason in decision


def test_epochs_with_few_steps_get_more_of_them_before_they_count_as_chance() -> None:
    patient = PruningRule("maximize", chance=0.1, first_rung=3)
    assert decide(curve([0.1, 0.1]), [], patient) is None
    assert "at chance" in str(decide(curve([0.1, 0.1, 0.1]), [], patient))


def test_nobody_is_compared_before_the_first_rung() -> None:
    patient = PruningRule("maximize", chance=0.1, reference=0.1, first_rung=6)
    slow_start = [0.2, 0.21, 0.2, 0.21, 0.2]
    assert decide(curve(slow_start), [curve(GOOD), curve(GOOD)], patient) is None
    assert "behind 2 of 2" in str(decide(curve([*slow_start, 0.2]), [curve(GOOD), curve(GOOD)], patient))


def test_a_tie_within_the_noise_of_the_hold_out_is_no_reason_to_stop() -> None:
    few_samples = PruningRule("maximize", chance=0.1, reference=0.1, validation_samples=288)
    level = [0.96, 0.978, 0.978, 0.978, 0.978, 0.978]
    leaders = [curve([0.97, 0.982, 0.982]), curve([0.5])]
    assert decide(curve(level), leaders, few_samples) is None
    assert "cannot catch up" in str(decide(curve(level), leaders, PruningRule("maximize", chance=0.1, reference=0.1)))


def test_a_plateau_before_the_last_fit_is_no_end() -> None:
    two_phases = PruningRule("maximize", chance=0.1, reference=0.1, fits=2)
    first_phase = curve([0.5, 0.6, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7], planned=9)
    leaders = [curve([0.5, 0.6, 0.71, 0.8]), curve([0.5, 0.6, 0.7])]
    assert decide(first_phase, leaders, two_phases) is None
    assert "no better since" in str(decide(replace(first_phase, fits=2), leaders, two_phases))


def test_chance_has_no_meaning_for_a_loss() -> None:
    regression = PruningRule("minimize", metric="mae", reference=5.0)
    assert decide(curve([5.0, 5.0, 5.0]), [], regression) is None


def test_a_loss_is_compared_downwards() -> None:
    regression = PruningRule("minimize", metric="mae", reference=5.0)
    leaders = [curve([2.0, 1.5, 1.2]), curve([2.1, 1.4, 1.3])]
    assert "behind 2 of 2" in str(decide(curve([4.0]), leaders, regression))
    assert decide(curve([1.9]), leaders, regression) is None


def test_a_slow_trial_is_judged_by_the_time_the_leader_needs() -> None:
    slow, fast = [0.84, 0.855, 0.86, 0.865, 0.868, 0.88], GOOD
    peers = [curve(fast, 3.0), curve([0.2], 3.0)]
    assert decide(curve(slow, 3.0), peers, TEN_CLASSES) is None
    assert "cannot catch up" in str(decide(curve(slow, 40.0), peers, TEN_CLASSES))


def test_chance_level_is_wider_where_the_hold_out_is_small() -> None:
    assert chance_level(0.1, 100) > chance_level(0.1, 10_000) > 0.1
    assert chance_level(0.9, 0) == pytest.approx(0.905)


def test_rungs() -> None:
    assert rungs_up_to(0) == []
    assert rungs_up_to(12) == [1, 3, 9]
    assert rungs_up_to(40, 4) == [4, 12, 36]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=15), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=15))
def test_the_best_of_all_is_never_stopped_for_being_behind(own: list[float], other: list[float]) -> None:
    best_first, second = (own, other) if max(own) >= max(other) else (other, own)
    reason = decide(curve(best_first), [curve(second), curve(second)], TEN_CLASSES)
    assert reason is None or reason.startswith(("at chance", "target met", "no better since"))


def spec(folder: Path, siblings: list[Path], **more: Any) -> dict[str, Any]:
    """Return what a training task gets."""
    rule = {
        "direction": "maximize", "metric": "accuracy", "target": 0.9, "chance": 0.1, "reference": 0.1,
        "guard": "holdout", "script_sha256": SCRIPT_HASH, "siblings": [str(sibling) for sibling in siblings], **more,
    }
    return {"folder": str(folder), "request": {}, "stop_rule": rule}


def test_a_trial_without_a_rule_runs_to_its_end(tmp_path: Path) -> None:
    write_curve(tmp_path, [0.1, 0.1])
    assert stop_rule({"folder": str(tmp_path), "request": {}}) is None


def test_target_met_by_a_sibling_stops_a_trial_that_has_not_begun(tmp_path: Path) -> None:
    write_result(tmp_path, result(0.91))
    assert str(stop_rule(spec(tmp_path / "not-there-yet", [tmp_path]))).startswith("target met by")


@pytest.mark.parametrize(
    "unusable",
    [
        result(0.91, "script_error"),
        result(0.89),
        result(None),
        result(0.91, unapplied=["task.py:1:0#0.Dense.units"]),
        result(1.7),
    ],
)
def test_a_sibling_without_a_usable_objective_stops_nobody(tmp_path: Path, unusable: Any) -> None:
    write_result(tmp_path, unusable)
    assert stop_rule(spec(tmp_path / "002", [tmp_path])) is None


def test_a_result_that_is_a_link_stops_nobody(tmp_path: Path) -> None:
    elsewhere, sibling = tmp_path / "elsewhere", tmp_path / "001"
    elsewhere.mkdir()
    sibling.mkdir()
    write_result(elsewhere, result(0.95))
    (sibling / layout.RESULT_FILE).symlink_to(elsewhere / layout.RESULT_FILE)
    assert stop_rule(spec(tmp_path / "002", [sibling])) is None


def test_impossible_accuracies_of_a_sibling_are_ignored(tmp_path: Path) -> None:
    write_curve(tmp_path / "001", [5.0, 6.0])
    write_curve(tmp_path / "002", [0.5, 0.6])
    write_curve(tmp_path / "003", [0.5])
    assert stop_rule(spec(tmp_path / "003", [tmp_path / "001", tmp_path / "002"])) is None


def test_curves_of_siblings_are_read_from_their_folders(tmp_path: Path) -> None:
    for name in ("001", "002"):
        write_curve(tmp_path / name, GOOD)
    write_curve(tmp_path / "003", [0.3])
    siblings = [tmp_path / "001", tmp_path / "002", tmp_path / "missing"]
    assert "behind 2 of 2" in str(stop_rule(spec(tmp_path / "003", siblings)))


def test_a_curve_follows_its_file(tmp_path: Path) -> None:
    assert read_curve(tmp_path) == Curve()
    write_curve(tmp_path, [0.5], epoch_seconds=2.0)
    assert read_curve(tmp_path) == Curve((0.5,), (2.0,), 12)
    write_curve(tmp_path, [0.5, 0.7], epoch_seconds=2.0)
    assert read_curve(tmp_path).objectives == (0.5, 0.7)


def test_an_endless_progress_file_is_not_read(tmp_path: Path) -> None:
    write_curve(tmp_path, [0.5])
    os.truncate(tmp_path / layout.PROGRESS_FILE, CURVE_LIMIT_BYTES + 1)
    assert read_curve(tmp_path) == Curve()
