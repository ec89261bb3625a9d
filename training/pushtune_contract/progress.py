"""``progress.jsonl`` and ``heartbeat.json``: what a running trial says about itself."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

from pushtune_contract import layout
from pushtune_contract.reading import (
    INVALID_LINES_LIMIT,
    UnsafeFile,
    parse_json,
    read_json,
    read_json_lines,
    read_tail,
    write_json,
)
from pushtune_contract.validation import ContractViolation, as_document, build

KINDS = ("start", "epoch", "tick", "evaluate", "resume", "end")
PHASES = ("start", "data", "compile", "train", "validate", "evaluate", "save", "end")

TAIL_BYTES = 64 * 1024


@dataclass(frozen=True)
class ProgressLine:
    """One line of ``progress.jsonl``.

    Attributes:
        kind: ``epoch`` closes an epoch, ``tick`` falls within a long one, ``resume`` follows a restart.
        phase: one of ``PHASES``.
        fit: which call of ``fit`` it belongs to, from 1; 0 before the first.
        epoch: epochs completed in this ``fit``. epochs: how many it will train.
        step: batches completed in this epoch; 0 at its end.
        metrics: name -> value, finite numbers only.
        objective: value of the objective after this epoch; None where there is none.
        seconds: training time of this epoch (``epoch``) or since the start of the process (others).
        unix_time: seconds since 1970, UTC.
    """

    kind: str
    phase: str
    unix_time: float
    seconds: float = 0.0
    fit: int = 0
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    metrics: Dict[str, float] = field(default_factory=dict)
    objective: Optional[float] = None
    message: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.phase not in PHASES:
            received = (self.kind, self.phase)
            raise ValueError(f"kind and phase: expected one of {KINDS} and {PHASES}, but got {received}")


@dataclass(frozen=True)
class Heartbeat:
    """``heartbeat.json``: the process is alive, and when it will say so next.

    Attributes:
        counter: rises with each beat. phase: one of ``PHASES``.
        expected_seconds: no beat within this time (and a margin) means that the process hangs.
        progress_counter: rises with each batch or other real step, so that a living process that does nothing is seen.
    """

    counter: int
    phase: str
    expected_seconds: float
    unix_time: float
    progress_counter: int = 0


def append_progress(trial_folder: Union[str, Path], line: ProgressLine) -> None:
    """Append one whole line in a single write, so that a kill leaves no half line before the next."""
    text = json.dumps(as_document(line), allow_nan=False) + "\n"
    handle = os.open(Path(trial_folder) / layout.PROGRESS_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, text.encode("utf-8"))
    finally:
        os.close(handle)


def read_progress(trial_folder: Union[str, Path]) -> List[ProgressLine]:
    """Return the valid lines so far; a file that is missing, forged or too large yields an empty list.

    What follows ``INVALID_LINES_LIMIT`` invalid lines is not read: a script could write millions of them.
    """
    lines: List[ProgressLine] = []
    invalid_lines = 0
    try:
        for document in read_json_lines(Path(trial_folder) / layout.PROGRESS_FILE):
            try:
                lines.append(build(ProgressLine, document))
            except ContractViolation:
                invalid_lines += 1
                if invalid_lines >= INVALID_LINES_LIMIT:
                    break
    except UnsafeFile:
        return []
    return lines


def read_last_progress(trial_folder: Union[str, Path]) -> Optional[ProgressLine]:
    """Return the newest valid line among the last ``TAIL_BYTES``, at the same cost for any file; None without one."""
    path = Path(trial_folder) / layout.PROGRESS_FILE
    try:
        tail = read_tail(path, TAIL_BYTES)
    except (FileNotFoundError, UnsafeFile):
        return None
    for line in reversed(tail.split(b"\n")[:-1][-INVALID_LINES_LIMIT:]):
        try:
            return build(ProgressLine, parse_json(line, path.name))
        except (UnsafeFile, ContractViolation):
            continue
    return None


def learning_curve(trial_folder: Union[str, Path]) -> List[Tuple[int, float]]:
    """Return (epoch, objective) pairs, the epoch counted from 1 through all fits.

    An epoch that was trained again after a resume counts once, with its last value.
    """
    epochs = {
        (line.fit, line.epoch): line.objective
        for line in read_progress(trial_folder)
        if line.kind == "epoch" and line.objective is not None
    }
    return list(enumerate((value for _, value in sorted(epochs.items())), start=1))


def write_heartbeat(trial_folder: Union[str, Path], beat: Heartbeat) -> None:
    """Write the heartbeat, whole or not at all."""
    write_json(Path(trial_folder) / layout.HEARTBEAT_FILE, as_document(beat))


def read_heartbeat(trial_folder: Union[str, Path]) -> Optional[Heartbeat]:
    """Return the newest heartbeat; None where there is none, or none that can be believed."""
    try:
        return build(Heartbeat, read_json(Path(trial_folder) / layout.HEARTBEAT_FILE, 4096))
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        return None
