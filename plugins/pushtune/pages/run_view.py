"""What the page of one run shows: its report, the learning curves of all trials, and how far the running ones are."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pushtune.records import read_record
from pushtune.shown_curves import shown_curve
from pushtune_contract import layout
from pushtune_contract.progress import read_heartbeat, read_last_progress

TRIALS_SHOWN = 200

BuildReport = Callable[..., dict[str, Any]]


def run_view(run_folder: Path, build_report: BuildReport) -> dict[str, Any]:
    """Return the document that the page is drawn from.

    Keys: ``report`` (see ``notifying.report``), ``curves`` (``number``, ``points`` as [epoch, objective]), ``live``
    (trainings without a result: ``name``, ``phase``, ``epoch``, ``epochs``, ``heartbeat_age_seconds``).

    Args:
        build_report: makes a report from a run's folder; it is called with ``finished=False`` while the run has none.
    """
    folders = training_folders(run_folder)
    return {
        "report": _report(run_folder, build_report),
        "curves": [
            {"number": number, "points": points}
            for number, folder in folders
            if number is not None and (points := shown_curve(folder))
        ],
        "live": [_live(folder) for _, folder in folders if not (folder / layout.RESULT_FILE).exists()],
    }


def training_folders(run_folder: Path) -> list[tuple[int | None, Path]]:
    """Return (trial number, folder) of each training that was started; the final one has no number."""
    numbered = sorted(path for path in (run_folder / "trials").glob("*") if re.fullmatch(r"\d{1,6}", path.name))
    folders: list[tuple[int | None, Path]] = [(0, run_folder / "baseline")]
    folders += [(int(folder.name), folder) for folder in numbered[:TRIALS_SHOWN]]
    folders.append((None, run_folder / "retrain"))
    return [(number, folder) for number, folder in folders if folder.is_dir() and not folder.is_symlink()]


def _report(run_folder: Path, build_report: BuildReport) -> dict[str, Any]:
    """The report that was mailed, so that both show the same; before there is one, what is known so far."""
    record = read_record(run_folder, "report")
    if record is None or "outcome" not in record["document"]:
        return build_report(run_folder, finished=False)
    report: dict[str, Any] = record["document"]
    notified = read_record(run_folder, "notify")
    if notified is not None:
        report["mail"] = {**report.get("mail", {}), "where": notified["document"].get("where")}
    return report


def _live(folder: Path) -> dict[str, Any]:
    last, beat = read_last_progress(folder), read_heartbeat(folder)
    return {
        "name": folder.name,
        "phase": beat.phase if beat is not None else (last.phase if last is not None else "start"),
        "epoch": last.epoch if last is not None else 0,
        "epochs": last.epochs if last is not None else 0,
        "heartbeat_age_seconds": max(0.0, time.time() - beat.unix_time) if beat is not None else None,
    }
