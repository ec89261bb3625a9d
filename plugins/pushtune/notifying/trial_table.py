"""The trials of one run as rows: what was planned, joined with what came out."""

from collections.abc import Callable
from typing import Any

from pushtune.notifying.run_facts import RunFacts, Training, describe_changes

ROUND = "round_"
CHANGES_LIMIT = 50


def trial_rows(facts: RunFacts) -> list[dict[str, Any]]:
    """Return one row per trial, the baseline first, then by number.

    Keys: ``number``, ``round`` (0 for the baseline), ``label``, ``status``, ``objective``, ``best_epoch``, ``seconds``,
    ``changes`` (texts), ``reason`` (why it ended otherwise than done, else why it was planned).

    What the round collected counts more than the trial's own result, since a round refuses results that cannot be true.
    """
    planned, told = _entries_of(facts, _planned), _entries_of(facts, _told)
    numbers = sorted((set(planned) | set(told) | set(facts.trials)) - {0})
    rows = [] if facts.baseline is None else [_row(facts, 0, {"label": "the script as pushed"}, {})]
    return rows + [_row(facts, number, planned.get(number, {}), told.get(number, {})) for number in numbers]


def _row(facts: RunFacts, number: int, plan: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    training = facts.training(number)
    own = _own_words(training)
    shown = own | {name: told[name] for name in own if name in told}
    return {
        "number": number,
        "round": plan.get("round", told.get("round", 0)),
        "label": str(plan.get("label", "")),
        "changes": _changes(facts, training, plan),
        **shown,
        "reason": str(told.get("reason") or own["reason"] or plan.get("reason") or ""),
    }


def _own_words(training: Training | None) -> dict[str, Any]:
    """What the trial says about itself."""
    if training is None or training.result is None:
        status = "planned" if training is None else "running"
        return {"status": status, "objective": None, "best_epoch": None, "seconds": None, "reason": ""}
    result = training.result
    return {
        "status": result.status,
        "objective": training.objective,
        "best_epoch": result.objective.best_epoch if result.objective is not None else None,
        "seconds": result.seconds,
        "reason": result.error.message if result.error is not None else "",
    }


def _changes(facts: RunFacts, training: Training | None, plan: dict[str, Any]) -> list[str]:
    if isinstance(plan.get("changes"), list):
        return [str(change) for change in plan["changes"][:CHANGES_LIMIT]]
    request = training.request if training is not None else None
    return describe_changes(request.overrides, facts.baseline)[:CHANGES_LIMIT] if request is not None else []


def _planned(document: dict[str, Any]) -> Any:
    return document.get("plan")


def _told(document: dict[str, Any]) -> Any:
    collected = document.get("collected")
    return collected.get("trials") if isinstance(collected, dict) else None


def _entries_of(facts: RunFacts, choose: Callable[[dict[str, Any]], Any]) -> dict[int, dict[str, Any]]:
    """Trial number -> what ``choose`` finds about it in the records of all rounds."""
    found: dict[int, dict[str, Any]] = {}
    for stage, document in facts.documents.items():
        round_number = stage.removeprefix(ROUND)
        entries = choose(document) if stage.startswith(ROUND) and round_number.isdigit() else None
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("number"), int):
                found[entry["number"]] = entry | {"round": int(round_number)}
    return found
