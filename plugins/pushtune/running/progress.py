"""Live progress of a running trial: new lines of ``progress.jsonl``, as text for the log and as data for pages."""

from pathlib import Path
from typing import Any

from pushtune.running.workspace import clean_label
from pushtune_contract import layout
from pushtune_contract.progress import ProgressLine
from pushtune_contract.reading import LINE_LIMIT_BYTES, PROGRESS_LIMIT_BYTES, UnsafeFile, parse_json, read_bytes
from pushtune_contract.validation import ContractViolation, build

LINES_PER_LOOK_LIMIT = 200
METRICS_LIMIT = 8


class ProgressReader:
    """Reads what a trial has added to its progress file since the last look.

    Attributes:
        lines: how many lines were read so far, valid or not. last: the newest valid line.
    """

    def __init__(self, trial_folder: Path) -> None:
        self._path = trial_folder / layout.PROGRESS_FILE
        self._offset = 0
        self.lines = 0
        self.last: ProgressLine | None = None

    def read_new(self) -> list[ProgressLine]:
        """Return the new valid lines, at most ``LINES_PER_LOOK_LIMIT`` at once.

        Only what was not looked at before is parsed, so a trial that writes for the sake of writing costs little.
        """
        try:
            content = read_bytes(self._path, PROGRESS_LIMIT_BYTES)
        except (FileNotFoundError, UnsafeFile):
            return []
        if len(content) < self._offset:
            self._offset = 0
        found = []
        for _ in range(LINES_PER_LOOK_LIMIT):
            end = content.find(b"\n", self._offset)
            if end < 0:
                break
            line, self._offset = content[self._offset : end], end + 1
            self.lines += 1
            if 0 < len(line) <= LINE_LIMIT_BYTES:
                try:
                    found.append(build(ProgressLine, parse_json(line, layout.PROGRESS_FILE)))
                except (UnsafeFile, ContractViolation):
                    continue
        self.last = found[-1] if found else self.last
        return found


def describe(line: ProgressLine) -> str:
    """Return one line as a person reads it: ``epoch 3 of 10: val_accuracy 0.7933, objective 0.7933, 4.2 s``."""
    where = f"epoch {line.epoch} of {line.epochs}" if line.kind == "epoch" else f"{line.kind}, {line.phase}"
    if line.fit > 1:
        where = f"fit {line.fit}, {where}"
    facts = [f"{clean_label(name)[:60]} {value:.4g}" for name, value in list(line.metrics.items())[:METRICS_LIMIT]]
    if line.objective is not None:
        facts.append(f"objective {line.objective:.4f}")
    if line.seconds:
        facts.append(f"{line.seconds:.1f} s")
    if line.message:
        facts.append(clean_label(line.message))
    return where + (": " + ", ".join(facts) if facts else "")


def summary(line: ProgressLine) -> dict[str, Any]:
    """Return one line as the small document that Airflow's task state store keeps."""
    return {
        "phase": line.phase,
        "fit": line.fit,
        "epoch": line.epoch,
        "epochs": line.epochs,
        "step": line.step,
        "objective": line.objective,
        "metrics": {clean_label(name)[:60]: value for name, value in list(line.metrics.items())[:METRICS_LIMIT]},
        "unix_time": line.unix_time,
    }
