"""Frees the disk each night: old runs, unused images, logs, mails, mirrors, and the records of old checks.

Trigger it at any time. Wiring only: what goes and what stays is in ``pushtune.healing.retention`` and the settings.
"""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, BaseHook, get_current_context, task
from airflow.sdk.configuration import conf

from pushtune.settings import load_settings

with DAG(
    "clean_up",
    schedule="17 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5), "execution_timeout": timedelta(hours=1)},
    tags=["pushtune"],
    description="Frees the disk of what is not needed any more",
):

    @task
    def old_runs() -> dict[str, Any]:
        from pushtune.healing.run_folders import state_of_run
        from pushtune.pipeline import clean_up

        instance = get_current_context()["ti"]
        return clean_up.old_runs(load_settings(), state_of_run(instance.get_dr_count, instance.get_dagrun_state))

    @task(trigger_rule="all_done")
    def unused_images() -> dict[str, Any]:
        from pushtune.pipeline import clean_up

        return clean_up.unused_images(load_settings())

    @task
    def old_files() -> dict[str, Any]:
        from pushtune.pipeline import clean_up

        return clean_up.old_files(load_settings())

    @task
    def old_checks() -> dict[str, Any]:
        from pushtune.commands.airflow_api import configured_api
        from pushtune.pipeline import clean_up

        return clean_up.old_checks(load_settings(), configured_api(load_settings(), conf.get, BaseHook.get_connection))

    @task(trigger_rule="all_done")
    def report() -> dict[str, int]:
        from logging import getLogger

        freed: dict[str, int] = {}
        for name in ("old_runs", "unused_images", "old_files", "old_checks"):
            document = get_current_context()["ti"].xcom_pull(task_ids=name) or {"bytes": 0, "count": 0, "removed": []}
            freed[name] = document["bytes"]
            log = getLogger(__name__)
            log.info("%s: %d removed, %.1f MiB", name, document["count"], document["bytes"] / 2**20)
            for record in document["removed"]:
                log.info("  %s (%.1f MiB): %s", record["what"], record["bytes"] / 2**20, record["reason"])
        return freed

    runs: Any = old_runs()
    images: Any = unused_images()
    runs >> images
    [images, old_files(), old_checks()] >> report()
