"""The list of pushes in a real browser, over answers in the form of Airflow's API: what a push says stays text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from tests.pages.browser import HOSTILE, NEEDS_BROWSER, drawn_page
from tests.serving import serving
from tests.watching.memory_store import MemoryStore

from pushtune.pages.web_app import create_app
from pushtune.watching.push_ledger import SIGHTINGS_KEY, PushLedger, with_sighting

pytestmark = NEEDS_BROWSER


def api(store: MemoryStore) -> FastAPI:
    """Answer as Airflow does: assets by a pattern that also finds others, values in pages."""
    app = FastAPI()
    values = [{"key": key, "value": store.get(key)} for key in sorted(store.texts)]

    @app.get("/assets")
    def assets(limit: int, name_pattern: str) -> Any:
        found = [{"id": 3, "name": f"{name_pattern}-too"}, {"id": 7, "name": name_pattern}]
        return {"assets": found, "total_entries": 2}

    @app.get("/assets/7/state-store")
    def state_store(limit: int, offset: int) -> Any:
        return {"asset_state_store": values[offset : offset + limit], "total_entries": len(values)}

    return app


@contextmanager
def served(store: MemoryStore) -> Iterator[str]:
    app = FastAPI()
    app.mount("/pushtune", create_app(lambda dag_id, run_id, over: {}, lambda: None))
    app.mount("/api/v2", api(store))
    with serving(app) as address:
        yield address


def drawn(address: str, profile: Path) -> str:
    return drawn_page(f"{address}/pushtune/pushes?dag_id=digits", profile)


def test_pushes_are_listed_and_hostile_texts_stay_texts(tmp_path: Path) -> None:
    store = MemoryStore()
    ledger = PushLedger(store, clock=iter(range(1_800_000_000, 1_900_000_000)).__next__)
    commits = [f"{number:040x}" for number in range(250)]
    ledger.claim(commits[0], "manual__2026-01-01T00:00:00+00:00", None, [])
    ledger.close(commits[0], "trained", "", "manual__2026-01-01T00:00:00+00:00")
    ledger.claim(commits[-1], HOSTILE, commits[0], commits[1:-2])
    ledger.close(commits[-1], "failed", HOSTILE, HOSTILE)
    store.set(SIGHTINGS_KEY, with_sighting([], "f" * 40, 1_900_000_000.0))
    with served(store) as address:
        page = drawn(address, tmp_path / "profile")
    assert f"{250} commits were pushed to digits" in page
    for state, count in (("waiting", 1), ("failed", 1), ("superseded", 247), ("trained", 1)):
        assert page.count(f'<span class="badge {state}">{state}</span>') == count
    assert "<title>Pushes</title>" in page and "<img" not in page
    assert "&lt;img src=x onerror" in page
    assert 'href="run?dag_id=digits&amp;run_id=manual__2026-01-01T00%3A00%3A00%2B00%3A00"' in page
    assert 'href="run?dag_id=digits&amp;run_id=%3Cimg%20' in page


def test_a_dag_without_pushes_says_so(tmp_path: Path) -> None:
    with served(MemoryStore()) as address:
        assert "Nothing was pushed yet" in drawn(address, tmp_path / "profile")
