"""The trials of one run as rows: what was planned, joined with what came out."""

from typing import Any

from pushtune.notifying.run_facts import RunFacts, Training, describe_changes

ROUND = "round_"


def trial_rows(facts: RunFacts) -> list[dict[str, Any]]:
    """Return one row per trial, the baseline first, then by number.

    Keys: ``number``, ``round`` (0 for the baseline), ``label``, ``status``, ``objective``, ``best_epoch``, ``seconds``,
    ``changes`` (texts), ``reason``.
    """
    planned = _planned(facts)
    numbers = sorted((set(planned) | set(facts.trials)) - {0})
    rows = [] if facts.baseline is None else [_row(facts, 0, {"label": "the script as pushed"}, facts.baseline)]
    return rows + [_row(facts, number, planned.get(number, {}), facts.trials.get(number)) for number in numbers]


def _planned(facts: RunFacts) -> dict[int, dict[str, Any]]:
    """Number -> what the rounds recorded about it; what was collected overrides what was planned."""
    planned: dict[int, dict[str, Any]] = {}
    for stage, document in facts.documents.items():
        if not stage.startswith(ROUND):
            continue
        collected = document.get("collected")
        told = collected.get("trials") if isinstance(collected, dict) else collected
        for entry in _entries(document.get("plan")) + _entries(told):
            merged = planned.setdefault(entry["number"], {"round": _round_number(stage)})
            merged.update({name: value for name, value in entry.items() if value is not None})
    return planned


def _row(facts: RunFacts, number: int, entry: dict[str, Any], training: Training | None) -> dict[str, Any]:
    result = training.result if training is not None else None
    changes = entry.get("changes")
    if not isinstance(changes, list):
        overrides = training.request.overrides if training is not None and training.request is not None else {}
        changes = describe_changes(overrides, facts.baseline)
    error = result.error.message if result is not None and result.error is not None else ""
    objective = result.objective if result is not None else None
    return {
        "number": number,
        "round": entry.get("round", 0),
        "label": str(entry.get("label", "")),
        "status": result.status if result is not None else str(entry.get("status", "running")),
        "objective": objective.value if objective is not None else _number(entry.get("objective")),
        "best_epoch": objective.best_epoch if objective is not None else None,
        "seconds": result.seconds if result is not None else None,
        "changes": [str(change) for change in changes],
        "reason": str(entry.get("reason") or error),
    }


def _entries(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict) and isinstance(entry.get("number"), int)]


def _number(value: Any) -> float | None:
    if isinstance(value, dict):
        value = value.get("value")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _round_number(stage: str) -> int:
    text = stage.removeprefix(ROUND)
    return int(text) if text.isdigit() else 0
