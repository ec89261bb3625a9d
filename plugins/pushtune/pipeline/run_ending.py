"""The end of a run: what failed, the report and its e-mail, and the last word."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from pushtune.errors import PassingFault, PushtuneError
from pushtune.pipeline.run import Document, Run
from pushtune.records import forget_fault, note_fault, read_records, recorded

FAILED = "failed"
SKIPPED = "skipped"
FAILURE_PREFIX = "failure_"
FAILURE_LIMIT_CHARACTERS = 4000


def keep_failure(folder: Path, task: Document, exception: BaseException | None) -> None:
    """Keep what a failed task said, for the report, and for healing where the reason may pass; a trial fails quietly.

    Args:
        task: ``dag_id``, ``run_id``, ``task_id``, ``map_index`` (-1 where it is not mapped).
    """
    if isinstance(exception, PassingFault):
        note_fault(folder, task, type(exception).__name__, str(exception))
    elif isinstance(exception, PushtuneError) or isinstance(getattr(exception, "__cause__", None), PushtuneError):
        forget_fault(folder, task)  # what failed before for a reason that passes now fails for good
    if task["map_index"] >= 0:
        return
    with recorded(folder, f"{FAILURE_PREFIX}{task['task_id']}") as document:
        message = str(exception or "it ended without a word")[:FAILURE_LIMIT_CHARACTERS]
        document.update(stage=task["task_id"], message=message)


def report(run: Run, has_push: bool, pages_url: str) -> Document | None:
    """Put the run's report together and return the e-mail about it; None where there was nothing to train.

    Args:
        pages_url: where people reach Airflow's pages, as Airflow itself is configured: the port in the settings of
            this process is not the one that is published under docker-compose.
    """
    from pushtune.notifying.message import compose_message
    from pushtune.notifying.report import build_report

    records = read_records(run.folder)
    failures = _failures(records)
    if not has_push and not failures:
        return None
    recipients = mail_recipients(run.options["notify"], records.get("check_out", {}).get("document", {}))
    page = f"{pages_url.rstrip('/')}/dags/{run.repository.name}/runs/{quote(run.run_id)}"
    with recorded(run.folder, "report") as document:
        document.update(build_report(run.folder, mail_to=recipients, run_page=page, failures=failures))
    return compose_message(document, run.folder)


def mail_recipients(notify: Iterable[str], checked_out: Document) -> list[str]:
    """Return who gets a mail about a run: those who are named, else the author that its commit claims.

    Args:
        checked_out: what the stage ``check_out`` recorded; empty where it did not get so far.
    """
    author = str(checked_out.get("author_email") or "")
    return list(notify) or [author] * bool(author)


def _failures(records: dict[str, Document]) -> list[Document]:
    return [record["document"] for stage, record in records.items() if stage.startswith(FAILURE_PREFIX)]


def outcome(run: Run, has_push: bool) -> tuple[str, str]:
    """Return how the run ended, in one word (``FAILED`` where no model came out of it) and in one sentence."""
    records = read_records(run.folder)
    record = records.get("report")
    if record is None:
        if has_push or _failures(records):
            return FAILED, "The run ended before anything was reported: the log of its first failed task says why."
        return SKIPPED, "There was nothing to train."
    document: Document = record["document"]
    if "outcome" not in document:
        return FAILED, f"report: {document.get('error', 'it ended before it had said anything')}"
    if document["outcome"] != FAILED:
        return str(document["outcome"]), str(document["outcome"]).replace("_", " ")
    error = document.get("error") or {}
    return FAILED, f"{error.get('stage', 'unknown stage')}: {error.get('message', 'no reason was recorded')}"
