"""The end of a run: what failed, the report and its e-mail, and the last word."""

from pathlib import Path
from urllib.parse import quote

from pushtune.pipeline_run import Document, Run
from pushtune.records import read_record, read_records, recorded

FAILED = "failed"
SKIPPED = "skipped"
FAILURE_PREFIX = "failure_"
FAILURE_LIMIT_CHARACTERS = 4000


def keep_failure(folder: Path, task_id: str, exception: BaseException | None) -> None:
    """Keep what a failed task said, for the report."""
    with recorded(folder, f"{FAILURE_PREFIX}{task_id}") as document:
        document.update(stage=task_id, message=str(exception or "it ended without a word")[:FAILURE_LIMIT_CHARACTERS])


def report(run: Run, has_push: bool) -> Document | None:
    """Put the run's report together and return the e-mail about it; None where there was nothing to train."""
    from pushtune.notifying.message import compose_message
    from pushtune.notifying.report import build_report

    records = read_records(run.folder)
    failures = [record["document"] for stage, record in records.items() if stage.startswith(FAILURE_PREFIX)]
    if not has_push and not failures:
        return None
    author = records.get("check_out", {}).get("document", {}).get("author_email")
    recipients = list(run.options["notify"]) or [author] * bool(author)
    page = f"http://127.0.0.1:{run.settings.port}/dags/{run.repository.name}/runs/{quote(run.run_id)}"
    with recorded(run.folder, "report") as document:
        document.update(build_report(run.folder, mail_to=recipients, run_page=page, failures=failures))
    return compose_message(document, run.folder)


def outcome(run: Run, has_push: bool) -> tuple[str, str]:
    """Return how the run ended, in one word (``FAILED`` where no model came out of it) and in one sentence."""
    record = read_record(run.folder, "report")
    if record is None:
        if has_push:
            return FAILED, "The run ended before anything was reported: the log of its first failed task says why."
        return SKIPPED, "There was nothing to train."
    document: Document = record["document"]
    if document["outcome"] != FAILED:
        return str(document["outcome"]), str(document["outcome"]).replace("_", " ")
    error = document.get("error") or {}
    return FAILED, f"{error.get('stage', 'unknown stage')}: {error.get('message', 'no reason was recorded')}"
