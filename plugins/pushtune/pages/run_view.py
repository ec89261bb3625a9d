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

CURVES_SHOWN = 200
LIVE_SHOWN = 100

BuildReport = Callable[..., dict[str, Any]]


def run_view(run_folder: Path, build_report: BuildReport) -> dict[str, Any]:
    """Return the document that the page is drawn from.

    Keys: ``report`` (see ``notifying.report``), ``curves`` (``number``, ``points`` as [epoch, objective]; of many
    trials the script as pushed, the winner and the newest), ``live`` (trainings without a result, of many the newest:
    ``name``, ``phase``, ``epoch``, ``epochs``, ``heartbeat_age_seconds``).

    Args:
        build_report: makes a report from a run's folder; it is called with ``finished=False`` while the run has none.
    """
    report = _report(run_folder, build_report)
    folders = training_folders(run_folder)
    unfinished = [folder for _, folder in folders if not (folder / layout.RESULT_FILE).exists()]
    return {
        "report": report,
        "curves": _curves(folders, report.get("winning_trial")),
        "live": [_live(folder) for folder in unfinished[-LIVE_SHOWN:]],
    }


def training_folders(run_folder: Path) -> list[tuple[int | None, Path]]:
    """Return (trial number, folder) of each training that was started, in order; the final one has no number."""
    trials = [path for path in (run_folder / "trials").glob("*") if re.fullmatch(r"\d{1,6}", path.name)]
    folders: list[tuple[int | None, Path]] = [(0, run_folder / "baseline")]
    folders += sorted((int(folder.name), folder) for folder in trials)
    folders.append((None, run_folder / "retrain"))
    return [(number, folder) for number, folder in folders if folder.is_dir() and not folder.is_symlink()]


def _curves(folders: list[tuple[int | None, Path]], winner: Any) -> list[dict[str, Any]]:
    numbered = [(number, folder) for number, folder in folders if number is not None]
    newest = numbered[-CURVES_SHOWN:]
    chosen = [pair for pair in numbered[:-CURVES_SHOWN] if pair[0] in (0, winner)] + newest
    return [{"number": number, "points": points} for number, folder in chosen if (points := shown_curve(folder))]


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
