"""The data behind the page of a run: finished, running, empty and forged runs."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.notifying.run_samples import WINNING, write_record, write_start, write_training, write_tuned_run

from pushtune.notifying.report import build_report
from pushtune.pages.run_view import CURVES_SHOWN, LIVE_SHOWN, NOTHING_KEPT, run_view
from pushtune.shown_curves import POINTS_LIMIT
from pushtune_contract import layout
from pushtune_contract.progress import Heartbeat, ProgressLine, append_progress, write_heartbeat
from pushtune_contract.validation import as_document


def test_a_finished_run_shows_the_report_that_was_mailed(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    report = build_report(tmp_path, mail_to=["ada@example.org"], run_page="http://x")
    write_record(tmp_path, "report", **report)
    write_record(tmp_path, "notify", where="connection sendgrid_default")
    view = run_view(tmp_path, build_report)
    assert view["report"]["mail"] == {"to": ["ada@example.org"], "where": "connection sendgrid_default"}
    assert {**view["report"], "mail": None} == {**report, "mail": None}
    assert [(curve["number"], len(curve["points"])) for curve in view["curves"]] == [(0, 2), (1, 3), (2, 1)]
    assert view["curves"][1]["points"][1] == (2, 0.9312)


def test_a_running_trial_shows_how_far_it_is(tmp_path: Path) -> None:
    write_start(tmp_path)
    folder = tmp_path / "trials" / "001"
    write_training(folder, number=1, overrides=WINNING, status="running")
    append_progress(folder, ProgressLine("epoch", "train", time.time(), 2.0, 1, 3, 10, objective=0.8))
    write_heartbeat(folder, Heartbeat(5, "validate", 10.0, time.time() - 4))
    view = run_view(tmp_path, build_report)
    assert view["report"]["outcome"] == "running"
    [live] = view["live"]
    assert (live["name"], live["phase"], live["epoch"], live["epochs"]) == ("001", "validate", 3, 10)
    assert live["heartbeat_age_seconds"] >= 4
    assert view["curves"][1] == {"number": 1, "points": ((1, 0.8),)}


def test_of_many_trials_the_running_ones_the_winner_and_the_newest_are_shown(tmp_path: Path) -> None:
    write_start(tmp_path)
    for number in range(1, CURVES_SHOWN + 21):
        status = "running" if number > CURVES_SHOWN + 18 else "done"
        write_training(tmp_path / "trials" / f"{number:03d}", number=number, status=status, curve=(0.5, 0.6))
    write_record(tmp_path, "best", number=7, changes=[], overrides={})
    write_training(tmp_path / "retrain", mode="retrain", number=7, status="running")
    view = run_view(tmp_path, build_report)
    newest = range(21, CURVES_SHOWN + 21)
    assert [curve["number"] for curve in view["curves"]] == [0, 7, *newest]
    assert [live["name"] for live in view["live"]] == [f"{CURVES_SHOWN + 19}", f"{CURVES_SHOWN + 20}", "retrain"]


def test_of_very_many_trials_without_a_result_the_newest_are_shown(tmp_path: Path) -> None:
    """As numbers: the trial 1000 is newer than 999."""
    for number in range(1001 - LIVE_SHOWN - 5, 1001):
        (tmp_path / "trials" / f"{number:03d}").mkdir(parents=True)
    live = run_view(tmp_path, build_report)["live"]
    assert len(live) == LIVE_SHOWN and live[-1]["name"] == "1000"


def test_a_run_that_nothing_is_known_about(tmp_path: Path) -> None:
    view = run_view(tmp_path / "missing", build_report)
    assert (view["report"]["outcome"], view["curves"], view["live"], view["note"]) == ("running", [], [], "")
    assert not (tmp_path / "missing").exists()


def test_a_run_that_is_over_and_left_nothing_says_so(tmp_path: Path) -> None:
    """A push that changed no watched file, a run that clean_up removed, a run of one of our own DAGs."""
    (tmp_path / "noted" / "faults").mkdir(parents=True)
    for name in ("missing", "noted"):
        view = run_view(tmp_path / name, build_report, over=True)
        assert (view["report"]["outcome"], view["report"]["error"]) == ("nothing_kept", None)
        assert view["note"] == NOTHING_KEPT
    assert not (tmp_path / "missing").exists()


def test_a_run_that_is_over_without_a_report_has_failed(tmp_path: Path) -> None:
    """Somebody has marked it as failed before the report was made."""
    write_start(tmp_path)
    folder = tmp_path / "trials" / "001"
    write_training(folder, number=1, status="running")
    write_heartbeat(folder, Heartbeat(5, "train", 10.0, time.time()))
    view = run_view(tmp_path, build_report, over=True)
    assert (view["report"]["outcome"], view["live"], view["note"]) == ("failed", [], "")
    assert "ended before a final model was trained" in view["report"]["error"]["message"]


@pytest.mark.parametrize(
    ("over", "beat_age_seconds", "outcome"),
    [(True, -5, "failed"), (False, 5, "running"), (None, -5, "running"), (None, 5, "failed"), (None, None, "failed")],
)
def test_a_cleared_run_shows_its_earlier_report_only_when_it_is_over(
    tmp_path: Path, over: bool | None, beat_age_seconds: float | None, outcome: str
) -> None:
    """Where nobody has asked Airflow, a sign of life after the report says that the run goes on."""
    write_start(tmp_path)
    write_record(tmp_path, "report", **build_report(tmp_path, failures=[{"stage": "retrain", "message": "no engine"}]))
    write_training(tmp_path / "retrain", mode="retrain", status="running")
    if beat_age_seconds is not None:
        write_heartbeat(tmp_path / "retrain", Heartbeat(5, "train", 10.0, time.time() - beat_age_seconds))
    view = run_view(tmp_path, build_report, over=over)
    assert (view["report"]["outcome"], view["report"]["error"] is None) == (outcome, outcome == "running")
    assert [live["name"] for live in view["live"]] == ([] if over else ["retrain"])


def test_a_report_that_failed_is_made_again(tmp_path: Path) -> None:
    write_start(tmp_path)
    write_record(tmp_path, "report", error="no space left")
    assert run_view(tmp_path, build_report)["report"]["entry"] == "task.py"


def test_a_damaged_report_is_made_again(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_record(tmp_path, "report", **build_report(tmp_path))
    (tmp_path / "records" / "report.json").write_bytes(b"\x00" * 100)  # as a power cut can leave a file
    assert run_view(tmp_path, build_report, over=True)["report"]["outcome"] == "target_met"


def test_a_training_of_very_many_epochs_shows_its_curve_and_where_it_is(tmp_path: Path) -> None:
    write_start(tmp_path)
    folder = tmp_path / "trials" / "001"
    write_training(folder, number=1, overrides=WINNING, status="running")
    line = ProgressLine("epoch", "train", 1.0, 2.0, 1, 1, 10_000, metrics={"val_accuracy": 0.123456789}, objective=0.5)
    with (folder / layout.PROGRESS_FILE).open("w") as stream:
        for epoch in range(1, 10_001):
            stream.write(json.dumps(as_document(replace(line, epoch=epoch))) + "\n")
    view = run_view(tmp_path, build_report)
    assert (view["live"][0]["epoch"], view["live"][0]["epochs"]) == (10_000, 10_000)
    points = view["curves"][1]["points"]
    assert (points[0], points[-1]) == ((1, 0.5), (10_000, 0.5)) and 100 < len(points) <= POINTS_LIMIT + 1


def test_folders_that_are_links_or_have_other_names_are_left_out(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    (tmp_path / "trials" / "007").symlink_to(tmp_path / "baseline")
    os.mkfifo(tmp_path / "trials" / "008")
    (tmp_path / "trials" / ".attempts").mkdir()
    view = run_view(tmp_path, build_report)
    assert {curve["number"] for curve in view["curves"]} == {0, 1, 2}
    json.dumps(view, allow_nan=False)
