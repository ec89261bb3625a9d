"""``python -m pushtune pushes``: what became of each push, read from the ledger over Airflow's public REST API."""

import argparse
import json
import time
from typing import Any

from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.console import clean, say
from pushtune.commands.instance import running_api
from pushtune.errors import RepositoryNotWatched
from pushtune.settings import Settings
from pushtune.watching.push_table import ASSET_PREFIX, push_rows

PAGE_ENTRIES = 100  # the most that Airflow gives at once
SHOWN_ROWS = 30
HEAD = ("state", "commit", "ref", "seen", "run", "why")


def pushes(settings: Settings, options: argparse.Namespace) -> int:
    """Print the pushes of one repository or of all; as JSON all that are known, as a table the newest of each."""
    api = running_api(settings)
    found = {name: push_rows(_values(api, asset)) for name, asset in sorted(_assets(api).items())}
    if options.repository is not None:
        if options.repository not in found:
            raise RepositoryNotWatched(
                "The repository must be one that Airflow knows.",
                f"{options.repository!r}; known: {', '.join(found) or 'none'}",
                "Give the name of its entry. A new entry is there within a minute.",
            )
        found = {options.repository: found[options.repository]}
    if options.json:
        # ASCII alone: whatever a reason quotes, no control character reaches a terminal.
        print(json.dumps(found, indent=2, ensure_ascii=True))
        return 0
    for name, rows in found.items():
        _show(name, rows)
    if not found:
        say("No repository is watched.")
    return 0


def _assets(api: AirflowApi) -> dict[str, int]:
    """Return name of the repository -> id of its asset."""
    assets = _all(api, "/assets", "assets", name_pattern=f"{ASSET_PREFIX}%")
    names = {asset["name"]: asset["id"] for asset in assets if asset["name"].startswith(ASSET_PREFIX)}
    return {name.removeprefix(ASSET_PREFIX): int(identity) for name, identity in names.items()}


def _values(api: AirflowApi, asset: int) -> dict[str, Any]:
    entries = _all(api, f"/assets/{asset}/state-store", "asset_state_store")
    return {entry["key"]: entry["value"] for entry in entries}


def _all(api: AirflowApi, path: str, field: str, **parameters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = api.get(path, limit=PAGE_ENTRIES, offset=len(found), **parameters)
        found += answer[field]
        if not answer[field] or len(found) >= answer["total_entries"]:
            return found


def _show(name: str, rows: list[dict[str, Any]]) -> None:
    say(f"{name}: {len(rows)} commits" if rows else f"{name}: nothing was pushed yet")
    cells = [_cells(row) for row in rows[:SHOWN_ROWS]]
    widths = [max([len(HEAD[column]), *(len(line[column]) for line in cells)]) for column in range(len(HEAD) - 1)]
    for line in [HEAD, *cells] if cells else []:
        padded = [text.ljust(width) for text, width in zip(line, widths, strict=False)]
        say(f"  {'  '.join([*padded, line[-1]])}".rstrip())
    if len(rows) > SHOWN_ROWS:
        say(f"  ... and {len(rows) - SHOWN_ROWS} older ones: --json shows them")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    reason = str(row["reason"])
    if row["state"] == "superseded":
        reason = f"by {reason[:12]}"
    seen = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row["seen_unix_time"]))
    ref = str(row.get("ref", "")).removeprefix("refs/heads/").removeprefix("refs/")
    texts = (row["state"], str(row["commit"])[:12], ref, seen, row["run_id"], reason)
    return tuple(clean(text, 100) for text in texts)
