"""What the page of one run shows: its report, the learning curves of all trials, and how far the running ones are."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pushtune.records import RECORDS_FOLDER, read_records
from pushtune.shown_curves import shown_curve
from pushtune.training_folders import BASELINE, RETRAIN, is_folder, started_trials
from pushtune_contract import layout
from pushtune_contract.progress import read_heartbeat, read_last_progress

CURVES_SHOWN = 200
LIVE_SHOWN = 100
NOTHING_KEPT = "Nothing is kept of this run: it was skipped, or clean_up has removed its files."

BuildReport = Callable[..., dict[str, Any]]


def run_view(run_folder: Path, build_report: BuildReport, over: bool | None = None) -> dict[str, Any]:
    """Return the document that the page is drawn from.

    Keys: ``report`` (see ``notifying.report``), ``curves`` (``number``, ``points`` as [epoch, objective]; of many
    trials the script as pushed, the winner and the newest), ``live`` (trainings without a result, of many the newest:
    ``name``, ``phase``, ``epoch``, ``epochs``, ``heartbeat_age_seconds``), ``note`` (why there is nothing to show; else
    empty). Of a run that is over and has left nothing the outcome is ``nothing_kept``.

    Args:
        build_report: makes a report from a run's folder; it is called with ``finished=False`` while the run goes on.
        over: whether Airflow says that the run is over; None where nobody has asked it. A report that is there then
            counts, unless a training has shown a sign of life since.
    """
    folders = training_folders(run_folder)
    unfinished = [folder for _, folder in folders if not (folder / layout.RESULT_FILE).exists()][-LIVE_SHOWN:]
    if over and not folders and not (run_folder / RECORDS_FOLDER).is_dir():
        report, note = build_report(run_folder, finished=False) | {"outcome": "nothing_kept"}, NOTHING_KEPT
    else:
        report, note = _report(run_folder, build_report, over, unfinished), ""
    return {
        "report": report,
        "curves": _curves(folders, report.get("winning_trial")),
        "live": [] if over else [_live(folder) for folder in unfinished],
        "note": note,
    }


def training_folders(run_folder: Path) -> list[tuple[int | None, Path]]:
    """Return (trial number, folder) of each training that was started, in order; the final one has no number."""
    folders: list[tuple[int | None, Path]] = [(0, run_folder / BASELINE), *started_trials(run_folder).items()]
    folders.append((None, run_folder / RETRAIN))
    return [(number, folder) for number, folder in folders if is_folder(folder)]


def _curves(folders: list[tuple[int | None, Path]], winner: Any) -> list[dict[str, Any]]:
    numbered = [(number, folder) for number, folder in folders if number is not None]
    newest = numbered[-CURVES_SHOWN:]
    chosen = [pair for pair in numbered[:-CURVES_SHOWN] if pair[0] in (0, winner)] + newest
    return [{"number": number, "points": points} for number, folder in chosen if (points := shown_curve(folder))]


def _report(run_folder: Path, build_report: BuildReport, over: bool | None, unfinished: list[Path]) -> dict[str, Any]:
    """The report that was mailed, so that both show the same; without one of this attempt, what is known so far.

    A run that was cleared goes on with the report of its earlier attempt in its folder.
    """
    records = read_records(run_folder)
    record = records.get("report")
    if record is None or "outcome" not in record["document"]:
        return build_report(run_folder, finished=bool(over))
    if over is False or (over is None and _lives_since(record["started_unix_time"], unfinished)):
        return build_report(run_folder, finished=False)
    report: dict[str, Any] = record["document"]
    notified = records.get("notify")
    if notified is not None:
        report["mail"] = {**report.get("mail", {}), "where": notified["document"].get("where")}
    return report


def _lives_since(unix_time: float, unfinished: list[Path]) -> bool:
    beats = [read_heartbeat(folder) for folder in unfinished]
    return any(beat is not None and beat.unix_time > unix_time for beat in beats)


def _live(folder: Path) -> dict[str, Any]:
    last, beat = read_last_progress(folder), read_heartbeat(folder)
    return {
        "name": folder.name,
        "phase": beat.phase if beat is not None else (last.phase if last is not None else "start"),
        "epoch": last.epoch if last is not None else 0,
        "epochs": last.epochs if last is not None else 0,
        "heartbeat_age_seconds": max(0.0, time.time() - beat.unix_time) if beat is not None else None,
    }
