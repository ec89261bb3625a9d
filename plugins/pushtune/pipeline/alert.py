"""Joins the stages in the mail of a check: what was given up, who wants to hear about it, and what became of it."""

from pathlib import Path
from typing import Any

from pushtune.healing.alerts import is_serving, next_alert
from pushtune.healing.run_folders import run_folders
from pushtune.notifying.outbox import is_settled
from pushtune.pipeline.run_ending import mail_recipients
from pushtune.records import read_record
from pushtune.running.workspace import run_folder, run_name
from pushtune.settings import Settings
from pushtune.watching.configuration_files import usable_repositories
from pushtune_contract.reading import UnsafeFile

Document = dict[str, Any]
NO_COMMIT: tuple[float, Document] = (0.0, {})


def alert(settings: Settings) -> Document | None:
    """Return the mail that a person must get now; None where everything is told."""
    notify = {entry.name: entry.notify for entry in usable_repositories(settings)}

    def recipients(record: Document) -> list[str]:
        name = record["dag_id"]
        if name not in notify:  # nobody knows whom an entry that is broken or gone would name instead of the author
            return []
        return mail_recipients(notify[name], _commit_of(settings, record))

    return next_alert(settings, recipients, lambda key: is_settled(settings.outbox, key))


def _commit_of(settings: Settings, action: Document) -> Document:
    """Return what is known about the commit of the run; a served model outlives its run: the newest of its DAG."""
    name = action["dag_id"]
    if not is_serving(action):
        return _checked_out(run_folder(settings, name, action["run_id"]))[1]
    runs = [_checked_out(folder) for folder in run_folders(settings) if run_name(folder)[0] == name]
    return max(runs, key=lambda found: found[0], default=NO_COMMIT)[1]


def _checked_out(folder: Path) -> tuple[float, Document]:
    """Return when the commit of a run was checked out, and what is recorded of it; ``NO_COMMIT`` without an author."""
    try:
        record = read_record(folder, "check_out")
    except UnsafeFile:
        record = None
    if record is None or not record["document"].get("author_email"):
        return NO_COMMIT
    return record["started_unix_time"], record["document"]
