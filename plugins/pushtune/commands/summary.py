"""The end of a run as a person reads it, and as one JSON file."""

import json
from pathlib import Path
from typing import Any

from pushtune.commands.console import say
from pushtune.records import read_record
from pushtune.settings import Settings
from pushtune_contract.reading import write_json

TRAINED = ("target_met", "best_effort", "no_improvement")


def keep_summary(settings: Settings, run_folder: Path, dag_id: str) -> dict[str, Any]:
    """Write the run's report to ``<home>/reports/`` and return it with ``summary_file`` added."""
    record = read_record(run_folder, "report")
    report = record["document"] if record else {"outcome": "failed", "error": {"message": "the run left no report"}}
    target = settings.home / "reports" / f"{dag_id}-{run_folder.name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    report = {**report, "summary_file": str(target)}
    write_json(target, report)
    return report


def print_summary(report: dict[str, Any]) -> int:
    """Print the report on one screen; return 0 when a model was trained, else 1."""
    say("")
    say(f"Outcome: {report['outcome'].replace('_', ' ')}")
    if report.get("error"):
        error = report["error"]
        place = f" ({error['file']}:{error['line']})" if error.get("file") else ""
        say(f"Reason: {error.get('message', '')}{place}")
    if report.get("entry"):
        kind = f"{report.get('framework')}, family {report.get('family')}, image {report.get('image')}"
        say(f"Detected: {report['entry']}, {kind}")
        for item in (report.get("evidence") or [])[:4]:
            say(f"  {item.get('file')}:{item.get('line')} {item.get('says', '')}")
    _print_numbers(report)
    for change in report.get("winning_changes") or []:
        say(f"  changed {change}")
    for warning in report.get("warnings") or []:
        say(f"Warning: {warning if isinstance(warning, str) else warning.get('message', '')}")
    _print_places(report)
    return 0 if report["outcome"] in TRAINED else 1


def _print_numbers(report: dict[str, Any]) -> None:
    for name in ("baseline", "final"):
        numbers = report.get(name) or {}
        if numbers:
            say(f"{name.capitalize()}: {json.dumps(numbers)}")
    if report.get("target") is not None:
        say(f"Target: {report['target']} on {(report.get('objective') or {}).get('metric', 'the objective')}")


def _print_places(report: dict[str, Any]) -> None:
    model, mail = report.get("model") or {}, report.get("mail") or {}
    if model:
        say(f"Model: {model.get('path')} (version {model.get('version')}, champion: {model.get('champion')})")
    if mail:
        say(f"Mail: {mail.get('where') or mail.get('to')}")
    if report.get("run_page"):
        say(f"Run: {report['run_page']}")
    say(f"Summary: {report['summary_file']}")
