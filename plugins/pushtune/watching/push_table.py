"""The push ledger as a list: each commit that was seen, with what became of it. Pure: stored values in, rows out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pushtune.watching.push_ledger import COMMITS_KEY, SIGHTINGS_KEY
from pushtune.watching.push_record import PushRecord, as_record, record_key

ASSET_PREFIX = "push-to-"
WAITING = "waiting"


def push_rows(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per commit, the newest first: the fields of PushRecord.

    A commit that the watcher saw, and no run has looked at yet, has the state ``waiting``.

    Args:
        values: key -> value of the repository's store, as Airflow's API lists them.
    """
    records = [as_record(values.get(record_key(commit))) for commit in values.get(COMMITS_KEY) or []]
    found = {record.commit: record for record in records if record is not None}
    for sighting in values.get(SIGHTINGS_KEY) or []:
        if sighting["commit"] not in found:
            commit, seen = sighting["commit"], sighting["unix_time"]
            reason = "No run has looked at it yet."
            ref = sighting.get("ref", "")
            found[commit] = PushRecord(commit, WAITING, reason, seen_unix_time=seen, changed_unix_time=seen, ref=ref)
    oldest_first = sorted(found.values(), key=lambda record: record.seen_unix_time)
    return [asdict(record) for record in reversed(oldest_first)]
