"""The page of the containers in a real browser: what a check found and did; names and reasons stay text."""

from functools import partial
from pathlib import Path

from fastapi import FastAPI
from tests.pages.browser import HOSTILE, NEEDS_BROWSER, drawn_page
from tests.serving import serving

from pushtune.healing.action_log import keep
from pushtune.healing.container_view import container_view, keep_findings
from pushtune.pages.web_app import create_app
from pushtune.settings import Settings

pytestmark = NEEDS_BROWSER
LABELS = {"dag_id": "digits", "run_id": HOSTILE, "task_id": "round_1.trial", "map_index": 3, "attempt": 2}


def test_verdicts_and_actions_are_listed(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    container = {"name": "pushtune-trial-003-0123", "status": "running", "labels": LABELS}
    keep_findings(settings, [{"container": container, "verdict": "healthy", "reason": "it runs"}])
    keep(settings, {
        "dag_id": "digits", "run_id": "r", "task_id": "retrain", "map_index": -1, "name": HOSTILE, "verdict": "hung",
        "action": "stopped", "reason": HOSTILE, "unix_time": 1.8e9, "bytes": 2**20,
    })  # fmt: skip
    app = FastAPI()
    app.mount("/pushtune", create_app(lambda dag_id, run_id, over: {}, lambda: None, partial(container_view, settings)))
    with serving(app) as address:
        page = drawn_page(f"{address}/pushtune/containers?dag_id=digits", tmp_path / "profile")
        other = drawn_page(f"{address}/pushtune/containers?dag_id=other", tmp_path / "profile")
    assert "1 training container<" in page and "round_1.trial[3]" in page and "hung: stopped" in page
    assert "1.0 MiB" in page and "&lt;img src=x onerror" in page and "<img" not in page
    assert "<title>Containers</title>" in page
    assert "0 training containers" in other and "round_1.trial" not in other
