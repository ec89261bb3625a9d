"""The record of a round: one JSON document per round, written whole before anything acts on it.

These documents are the study. Optuna's storage (``study.py``) is filled from them and can be built again; a task that
is killed and retried finds the document, or does the same planning over again.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from pushtune_contract.parameters import Value
from pushtune_contract.reading import read_json, write_json
from pushtune_contract.result import Objective
from pushtune_contract.validation import as_document

ROUNDS_FOLDER = "rounds"


@dataclass(frozen=True)
class PlannedTrial:
    """One trial of a round.

    Attributes:
        number: its number in the study, from 1; 0 is the baseline. point: dimension key -> value.
        overrides: parameter id -> new value. label, changes, reason: for people.
        epoch_budget: the most epochs of one ``fit``; None leaves the script's number.
    """

    number: int
    point: dict[str, Value]
    overrides: dict[str, Value]
    label: str
    changes: list[str]
    reason: str
    epoch_budget: int | None = None


@dataclass(frozen=True)
class RoundPlan:
    """A round, with all that is needed to judge its trials later.

    Attributes:
        round_number: from 1. trials: empty where nothing is left to try.
        baseline: the baseline's objective. baseline_seconds: wall time of the baseline.
        script_sha256: hash of the script that the study belongs to.
        target: objective that ends the tuning; None where the budget does.
    """

    round_number: int
    baseline: Objective
    baseline_seconds: float
    script_sha256: str
    target: float | None = None
    trials: list[PlannedTrial] = field(default_factory=list)


def read_plan(run_folder: Path, round_number: int) -> RoundPlan | None:
    """Return the plan of a round; None where it has not been planned."""
    try:
        document = read_json(_path(run_folder, round_number))
    except FileNotFoundError:
        return None
    return TypeAdapter(RoundPlan).validate_python(document)


def read_plans(run_folder: Path) -> list[RoundPlan]:
    """Return the plans of all rounds so far, in order."""
    plans, round_number = [], 1
    while (plan := read_plan(run_folder, round_number)) is not None:
        plans.append(plan)
        round_number += 1
    return plans


def write_plan(run_folder: Path, plan: RoundPlan) -> None:
    """Keep the plan, whole or not at all."""
    path = _path(run_folder, plan.round_number)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, as_document(plan))


def _path(run_folder: Path, round_number: int) -> Path:
    return run_folder / ROUNDS_FOLDER / f"round_{round_number}.json"
