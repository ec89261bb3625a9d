"""What the list of pushes says, and that no text from a repository reaches the terminal as anything but text."""

import argparse
import json
from typing import Any

import pytest
from tests.watching.memory_store import MemoryStore

from pushtune.commands import pushes as command
from pushtune.commands.pushes import PAGE_ENTRIES, SHOWN_ROWS, pushes
from pushtune.errors import RepositoryNotWatched
from pushtune.settings import load_settings
from pushtune.watching.push_ledger import SIGHTINGS_KEY, PushLedger, with_sighting

HOSTILE = "\x1b]0;owned\x07\x1b[2Jfine\u202e\r\n done"


class Api:
    """Answers like Airflow's API, over stores in memory; some of its assets are of no interest."""

    stores: dict[str, MemoryStore] = {}

    def __init__(self, _: Any) -> None:
        pass

    def get(self, path: str, limit: int, offset: int, **parameters: str) -> dict[str, Any]:
        assert limit == PAGE_ENTRIES
        if path == "/assets":
            assert parameters == {"name_pattern": "push-to-%"}
            assets = [{"id": number, "name": f"push-to-{name}"} for number, name in enumerate(self.stores)]
            everything = [{"id": 99, "name": "pushXto-x"}, *assets]
            return {"assets": everything[offset : offset + limit], "total_entries": len(everything)}
        store = list(self.stores.values())[int(path.split("/")[2])]
        values = [{"key": key, "value": store.get(key)} for key in sorted(store.texts)]
        return {"asset_state_store": values[offset : offset + limit], "total_entries": len(values)}


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> dict[str, MemoryStore]:
    monkeypatch.setattr(command, "running_api", Api)
    monkeypatch.setattr(Api, "stores", {"digits": MemoryStore(), "empty": MemoryStore()})
    ledger = PushLedger(Api.stores["digits"], clock=iter(range(1_800_000_000, 1_900_000_000)).__next__)
    commits = [f"{number:040x}" for number in range(200)]
    ledger.claim(commits[0], "run 1", None, [])
    ledger.close(commits[0], "trained", "", "run 1")
    ledger.claim(commits[-1], "run 2", commits[0], commits[1:-1])
    ledger.close(commits[-1], "failed", HOSTILE, "run 2")
    Api.stores["digits"].set(SIGHTINGS_KEY, with_sighting([], "f" * 40, 1_900_000_000.0))
    return Api.stores


def run(**options: Any) -> int:
    return pushes(load_settings({}), argparse.Namespace(**{"repository": None, "json": False} | options))


def test_the_newest_come_first_and_hostile_texts_stay_texts(
    stores: dict[str, MemoryStore], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[0] == "digits: 201 commits"
    assert lines[1].split() == ["state", "commit", "ref", "seen", "run", "why"]
    assert lines[2].split()[:2] == ["waiting", "f" * 12]
    assert any(line.split()[0] == "superseded" and line.endswith(f"by {f'{199:040x}'[:12]}") for line in lines)
    assert f"  ... and {201 - SHOWN_ROWS} older ones: --json shows them" in lines
    assert lines[-1] == "empty: nothing was pushed yet"
    assert all(character.isprintable() or character == "\n" for character in text)


def test_json_holds_everything_and_is_plain_ascii(
    stores: dict[str, MemoryStore], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(repository="digits", json=True) == 0
    text = capsys.readouterr().out
    assert text.isascii() and "\x1b" not in text
    (rows,) = json.loads(text).values()
    assert len(rows) == 201
    assert [row["reason"] for row in rows if row["state"] == "failed"] == [HOSTILE]
    assert [row["runs"] for row in rows if row["state"] == "trained"] == [1]


def test_an_unknown_repository_is_told_with_the_known_ones(stores: dict[str, MemoryStore]) -> None:
    with pytest.raises(RepositoryNotWatched, match=r"'other'; known: digits, empty\. Give the name"):
        run(repository="other")


def test_nothing_watched_is_an_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "running_api", Api)
    monkeypatch.setattr(Api, "stores", {})
    assert run() == 0
    assert capsys.readouterr().out == "No repository is watched.\n"
