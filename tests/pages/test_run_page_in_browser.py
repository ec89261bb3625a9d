"""The page in a real browser: it draws, under its own policy, and what a repository says stays text."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from tests.notifying.run_samples import CHANGES, write_record, write_start, write_training, write_tuned_run

from pushtune.notifying.report import build_report
from pushtune.pages.run_view import run_view
from pushtune.pages.web_app import create_app
from pushtune_contract.result import Notice

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
ESCAPED = '&lt;img src=x onerror="document.title=\'owned\'"&gt;&lt;script&gt;document.title="owned"&lt;/script&gt;'
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]


@contextmanager
def served(runs: Path) -> Iterator[str]:
    app = create_app(lambda dag_id, run_id: run_view(runs / run_id, build_report), lambda: None)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def page_after_drawing(address: str, run: str, profile: Path) -> str:
    """Return the document tree once the page has drawn itself."""
    finished = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--virtual-time-budget=6000", "--dump-dom", f"{address}/run?dag_id=d&run_id={run}"],
        capture_output=True, text=True, timeout=120,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return finished.stdout


def test_a_finished_run_is_drawn(tmp_path: Path) -> None:
    write_tuned_run(tmp_path / "tuned")
    with served(tmp_path) as address:
        page = page_after_drawing(address, "tuned", tmp_path / "profile")
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
    with served(tmp_path) as address:
        page = page_after_drawing(address, "hostile", tmp_path / "profile")
    assert "<title>Pushtune</title>" in page
    assert "<img" not in page and "onerror" in page
    assert page.count(ESCAPED) >= 8
