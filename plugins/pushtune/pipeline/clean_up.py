"""Joins the stages in cleaning: each knows what it keeps, this module tells it what is still needed.

Every function returns the same document: ``bytes`` freed, ``count``, and ``removed`` with the largest and the reasons.
"""

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from pushtune.commands.airflow_api import AirflowApi
from pushtune.errors import AirflowRefused, RepositoryUnreachable
from pushtune.healing.clean_workspaces import clean_workspaces, summary, tags_in_use
from pushtune.healing.clock_watch import ages_are_believed
from pushtune.healing.old_logs import DAY_SECONDS, remove_old_logs
from pushtune.healing.run_folders import RunState, tree_bytes
from pushtune.settings import SERVICE_DAGS, Settings

RUNS_PER_CALL = 100
CALLS_LIMIT = 100
MIRROR_WAIT_SECONDS = 1.0
Document = dict[str, object]
POSTPONED: Document = {
    "bytes": 0,
    "count": 0,
    "removed": [{"what": "nothing", "bytes": 0, "reason": "the clock was set forward: no age is believed for a day"}],
}


def old_runs(settings: Settings, ask: RunState) -> Document:
    """Give up the files of old runs. Raises EngineUnavailable or CleaningIncomplete."""
    if not ages_are_believed(settings):
        return POSTPONED
    return summary(clean_workspaces(settings, ask))


def unused_images(settings: Settings) -> Document:
    """Remove the images of repositories that no run on disk was trained in, nor a model that is served.

    Raises EngineUnavailable.
    """
    from pushtune.pipeline.serving import served_images
    from pushtune.running.image_use import remove_unused_images

    if not ages_are_believed(settings):
        return POSTPONED
    return summary(remove_unused_images(settings, [*tags_in_use(settings), *served_images(settings)]))


def old_files(settings: Settings) -> Document:
    """Remove old logs, notes about sent mails, mirrors that nobody watches, and what killed processes have left."""
    from pushtune.notifying.outbox import forget_sent
    from pushtune.running.scratch import remove_abandoned

    if not ages_are_believed(settings):
        return POSTPONED
    records = remove_old_logs(settings.airflow_home / "logs", settings.log_retention_days)
    days = settings.outbox_retention_days
    for path in forget_sent(settings.outbox, time.time() - days * DAY_SECONDS):
        records.append({"what": str(path), "bytes": 0, "reason": f"sent more than {days:g} days ago"})
    for path, size_bytes in remove_abandoned(settings):
        records.append({"what": str(path), "bytes": size_bytes, "reason": "its process is gone"})
    return summary(records + _mirrors(settings))


def _mirrors(settings: Settings) -> list[dict[str, object]]:
    from pushtune.watching.configuration_files import broken_entries, usable_repositories
    from pushtune.watching.mirror import remove_mirror, unwatched_mirrors

    records: list[dict[str, object]] = []
    if broken_entries(settings):  # nobody knows what is watched
        return records
    for folder in unwatched_mirrors(settings.mirrors, [entry.url for entry in usable_repositories(settings)]):
        size_bytes = tree_bytes(folder)
        try:
            remove_mirror(folder, MIRROR_WAIT_SECONDS)
        except RepositoryUnreachable:  # in use by a run that began before its entry was removed
            continue
        records.append({"what": str(folder), "bytes": size_bytes, "reason": "its repository is not watched any more"})
    return records


def old_checks(settings: Settings, api: AirflowApi) -> Document:
    """Remove Airflow's records of the runs of our own service DAGs, of which there are over 2,000 a day.

    Raises:
        AirflowRefused, AirflowNotReady: see ``AirflowApi``.
    """
    before = (datetime.now(UTC) - timedelta(days=settings.keep_checks_days)).isoformat()
    count = sum(_remove_runs(api, dag_id, before) for dag_id in SERVICE_DAGS)
    return {"bytes": 0, "count": count, "removed": []}


def _remove_runs(api: AirflowApi, dag_id: str, before: str) -> int:
    """Remove the ended runs of ``dag_id`` from before a time; return their number. A DAG that is absent has none."""
    count = 0
    for _ in range(CALLS_LIMIT):
        asked = {"run_after_lte": before, "state": ["success", "failed"], "limit": RUNS_PER_CALL}
        try:
            found = api.get(f"/dags/{dag_id}/dagRuns", **asked)["dag_runs"]
        except AirflowRefused as error:
            if error.status_code != 404:
                raise
            return count
        for run in found:
            api.delete(f"/dags/{dag_id}/dagRuns/{quote(run['dag_run_id'], safe='')}")
        count += len(found)
        if len(found) < RUNS_PER_CALL:
            break
    return count
