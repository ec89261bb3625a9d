"""What a resumed process must know of earlier ones: the objective so far, epochs already reported, time spent."""

from dataclasses import asdict
from math import isfinite
from typing import Any, Dict, List

from pushtune_contract.progress import ProgressLine, read_progress
from pushtune_contract.result import Objective
from pushtune_runtime.objective_choice import Chosen
from pushtune_runtime.session import Session


def capture_session(session: Session) -> Dict[str, Any]:
    """Return the part of ``session`` that later epochs build on, as JSON data."""
    return {
        "objective": None if session.objective is None else asdict(session.objective),
        "objective_source": None if session.objective_source is None else asdict(session.objective_source),
        "objective_history": list(session.objective_history),
        "epochs_trained": session.epochs_trained,
        "trained": session.trained,
    }


def restore_session(session: Session, state: Dict[str, Any]) -> None:
    """Continue from what ``capture_session`` returned."""
    session.objective = None if state["objective"] is None else Objective(**state["objective"])
    source = state["objective_source"]
    session.objective_source = None if source is None else Chosen(**source)
    session.objective_history = list(state["objective_history"])
    session.epochs_trained = state["epochs_trained"]
    session.trained = state["trained"]


def take_over(session: Session) -> None:
    """Read from ``progress.jsonl`` what earlier processes of this run have reported; call once at the start."""
    lines = read_progress(session.trial_folder)
    session.reported_epochs = {(line.fit, line.epoch) for line in lines if line.kind == "epoch"}
    session.resumed_from_epochs = [line.epoch for line in lines if line.kind == "resume"]
    session.earlier_seconds = _seconds_of_earlier_processes(lines)


def _seconds_of_earlier_processes(lines: List[ProgressLine]) -> float:
    """Return the sum of the spans between each ``start`` line and the last line before the next one."""
    seconds = 0.0
    started = None
    for line, following in zip(lines, lines[1:]):  # noqa: B905  (Python 3.9)
        if line.kind == "start":
            started = line.unix_time
        if following.kind == "start" and started is not None:
            seconds += max(0.0, line.unix_time - started)
    return seconds


def report_missing_epochs(session: Session, history: Dict[str, List[float]], epochs: List[int]) -> None:
    """Write the lines that a crash kept from being written after their epoch's checkpoint.

    Args:
        history: metric name -> values, as in Keras' ``History``.
        epochs: the epochs, from 0, that the values belong to.
    """
    for position, epoch in enumerate(epochs):
        if (session.fit_number, epoch + 1) in session.reported_epochs:
            continue
        session.epoch = epoch + 1
        # With validation_freq some columns are shorter, and their values belong to other epochs.
        values = {name: float(column[position]) for name, column in history.items() if len(column) == len(epochs)}
        objective = session.objective_history[position] if position < len(session.objective_history) else None
        finite = {name: value for name, value in values.items() if isfinite(value)}
        session.report("epoch", finite, objective, seconds=0.0, message="written by a later process")
