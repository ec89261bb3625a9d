"""The page in a real browser: it draws, under its own policy, and what a repository says stays text."""

import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Response
from tests.notifying.run_samples import CHANGES, write_record, write_start, write_training, write_tuned_run
from tests.pages.browser import HOSTILE, NEEDS_BROWSER, drawn_page
from tests.serving import serving

from pushtune.notifying.report import build_report
from pushtune.pages.run_view import NOTHING_KEPT, run_view
from pushtune.pages.web_app import create_app
from pushtune_contract.progress import Heartbeat, write_heartbeat
from pushtune_contract.result import Notice

ESCAPED = '&lt;img src=x onerror="document.title=\'owned\'"&gt;&lt;script&gt;document.title="owned"&lt;/script&gt;'
pytestmark = NEEDS_BROWSER


def drawn_run(runs: Path, run: str, profile: Path, state: str = "success") -> str:
    """Return the page of ``run``, which Airflow's API says is in ``state``; where that is empty, it does not answer."""
    app = FastAPI()
    pages = create_app(lambda dag_id, run_id, over: run_view(runs / run_id, build_report, over), lambda: None)
    app.mount("/pushtune", pages)

    @app.get("/api/v2/dags/d/dagRuns/{run_id}")
    def dag_run(run_id: str) -> Any:
        return {"dag_run_id": run_id, "state": state} if state else Response(status_code=503)

    with serving(app) as address:
        return drawn_page(f"{address}/pushtune/run?dag_id=d&run_id={run}", profile)


def test_a_finished_run_is_drawn(tmp_path: Path) -> None:
    write_tuned_run(tmp_path / "tuned")
    page = drawn_run(tmp_path, "tuned", tmp_path / "profile")
    assert '<span id="outcome" class="badge target_met">target met</span>' in page
    assert page.count('class="main-svg"') == 6, "two charts of three layers each"
    for text in ("0.9312", "0.9201", *(change.replace(">", "&gt;") for change in CHANGES), "train_digits version 3"):
        assert text in page
    assert 'id="error" class="card problem" hidden=""' in page


@pytest.mark.parametrize(
    ("state", "outcome", "live"),
    [("running", "running", True), ("queued", "running", True), ("failed", "failed", False), ("", "running", True)],
)
def test_the_state_of_the_run_decides_between_its_report_and_what_goes_on(
    tmp_path: Path, state: str, outcome: str, live: bool
) -> None:
    """A run that was cleared: the report is of its earlier attempt."""
    folder = tmp_path / "cleared"
    write_start(folder)
    write_record(folder, "report", **build_report(folder, failures=[{"stage": "retrain", "message": "no engine"}]))
    write_training(folder / "retrain", mode="retrain", status="running")
    write_heartbeat(folder / "retrain", Heartbeat(5, "train", 10.0, time.time() + 5))
    page = drawn_run(tmp_path, "cleared", tmp_path / "profile", state)
    assert f'<span id="outcome" class="badge {outcome}">' in page
    assert (">live, " in page, "retrain: train" in page) == (live, live)


def test_a_run_that_left_nothing_says_so_and_is_not_asked_for_again(tmp_path: Path) -> None:
    page = drawn_run(tmp_path, "missing", tmp_path / "profile")
    assert NOTHING_KEPT in page and ">live, " not in page
    assert '<span id="outcome" class="badge nothing_kept">nothing kept</span>' in page


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    write_start(folder, subject=HOSTILE)
    evidence = [{"file": HOSTILE, "line": 1, "says": HOSTILE}]
    write_record(folder, "inspect", entry=HOSTILE, family=HOSTILE, evidence=evidence)
    error = Notice(HOSTILE, HOSTILE, 12, HOSTILE, HOSTILE)
    write_training(folder / "baseline", mode="baseline", status="script_error", error=error, curve=(0.5, 0.6))
    write_record(folder, "round_1", plan=[{"number": 1, "label": HOSTILE, "changes": [HOSTILE], "reason": HOSTILE}])
    page = drawn_run(tmp_path, "hostile", tmp_path / "profile")
    assert "<title>Pushtune</title>" in page
    assert "<img" not in page and "onerror" in page
    assert page.count(ESCAPED) >= 8
