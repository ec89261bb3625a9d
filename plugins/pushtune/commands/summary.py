"""The end of a run as a person reads it, and as one JSON file."""

from pathlib import Path
from typing import Any

from pushtune.commands.console import say
from pushtune.records import read_records
from pushtune.settings import Settings
from pushtune_contract.reading import write_json

TRAINED = ("target_met", "best_effort", "no_improvement")


def keep_summary(settings: Settings, run_folder: Path, dag_id: str) -> dict[str, Any]:
    """Write the run's report to ``<home>/reports/`` and return it with ``summary_file`` added."""
    records = read_records(run_folder)
    record = records.get("report")
    lost: dict[str, Any] = {"outcome": "failed", "error": {"message": "the run left no report"}}
    report: dict[str, Any] = dict(record["document"]) if record else lost
    sent = records.get("notify")
    if sent is not None:
        report["mail"] = {**(report.get("mail") or {}), "where": sent["document"].get("where")}
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
    objective = report.get("objective") or {}
    for name in ("baseline", "final"):
        numbers = report.get(name) or {}
        if numbers:
            validation, test = _number(numbers.get("objective")), _number(numbers.get("test"))
            say(f"{name.capitalize():9s} {objective.get('metric', 'objective')}: validation {validation}, test {test}")
    if report.get("target") is not None:
        say(f"Target    {report['target']} (validation data: {objective.get('guard', 'unknown')})")
    trials = [trial for trial in report.get("trials") or [] if trial.get("status") == "done"]
    if trials:
        say(f"Trials    {len(report['trials'])}, of which {len(trials)} were trained to their end")


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "none"


def _print_places(report: dict[str, Any]) -> None:
    model, mail = report.get("model") or {}, report.get("mail") or {}
    if model.get("path"):
        rank = "the champion" if model.get("champion") else "not the champion"
        say(f"Model     {model['path']} (version {model.get('version')}, {rank}: {model.get('reason', '')})")
    if mail.get("to"):
        say(f"Mail      to {', '.join(mail['to'])}: {mail.get('where') or 'not sent yet'}")
    if report.get("run_page"):
        say(f"Run       {report['run_page']}")
    say(f"Summary   {report['summary_file']}")
