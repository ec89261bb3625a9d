"""Keeps a report below what its readers take, whatever a script puts into its results: one alone may fill 4 MiB."""

import json
from typing import Any

from pushtune_contract.reading import DOCUMENT_LIMIT_BYTES

REPORT_LIMIT_BYTES = DOCUMENT_LIMIT_BYTES // 2  # half of it: a record holds more than its report
# Tried one after the other; the first leaves every text as the contract lets it through.
TEXT_LIMITS_CHARACTERS = (20_000, 2_000, 200, 50)
ENTRIES_LIMIT = 1_001  # a row per trial and one for the script as pushed


def bounded(report: dict[str, Any]) -> dict[str, Any]:
    """Return ``report`` with as much of its texts, lists and objects as can be kept and read."""
    kept: dict[str, Any] = {}
    for limit_characters in TEXT_LIMITS_CHARACTERS:
        kept = _cut(report, limit_characters)
        if len(json.dumps(kept)) <= REPORT_LIMIT_BYTES:
            break
    return kept


def _cut(value: Any, limit_characters: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= limit_characters else value[: limit_characters - 1] + "…"
    if isinstance(value, list):
        return [_cut(item, limit_characters) for item in value[:ENTRIES_LIMIT]]
    if isinstance(value, dict):
        kept = list(value.items())[:ENTRIES_LIMIT]
        return {_cut(name, limit_characters): _cut(item, limit_characters) for name, item in kept}
    return value
