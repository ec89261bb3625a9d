"""The page in a real browser: it draws, under its own policy, and what a repository says stays text."""

from pathlib import Path

from tests.notifying.run_samples import CHANGES, write_record, write_start, write_training, write_tuned_run
from tests.pages.browser import HOSTILE, NEEDS_BROWSER, drawn_page
from tests.serving import serving

from pushtune.notifying.report import build_report
from pushtune.pages.run_view import run_view
from pushtune.pages.web_app import create_app
from pushtune_contract.result import Notice

ESCAPED = '&lt;img src=x onerror="document.title=\'owned\'"&gt;&lt;script&gt;document.title="owned"&lt;/script&gt;'
pytestmark = NEEDS_BROWSER


def drawn_run(runs: Path, run: str, profile: Path) -> str:
    app = create_app(lambda dag_id, run_id: run_view(runs / run_id, build_report), lambda: None)
    with serving(app) as address:
        return drawn_page(f"{address}/run?dag_id=d&run_id={run}", profile)


def test_a_finished_run_is_drawn(tmp_path: Path) -> None:
    write_tuned_run(tmp_path / "tuned")
    page = drawn_run(tmp_path, "tuned", tmp_path / "profile")
    assert '<span id="outcome" class="badge target_met">target met</span>' in page
    assert page.count('class="main-svg"') == 6, "two charts of three layers each"
    for text in ("0.9312", "0.9201", *(change.replace(">", "&gt;") for change in CHANGES), "train_digits version 3"):
        assert text in page
    assert 'id="error" class="card problem" hidden=""' in page


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
