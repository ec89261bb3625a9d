"""Sends the mails that met an outage of SendGrid, while there are any.

Wiring only. A DAG of its own: a run that waited for its mail would keep the next push waiting.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, BaseHook, task
from airflow.sdk.exceptions import AirflowSkipException

from pushtune.settings import load_settings

with DAG(
    "send_delayed_mails",
    schedule=timedelta(minutes=2),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=30),
    default_args={"retries": 0, "execution_timeout": timedelta(minutes=20)},
    tags=["pushtune"],
    description="Sends the mails that met an outage of SendGrid",
) as dag:

    @task
    def send() -> dict[str, int]:
        from pushtune.notifying.delayed_mails import send_delayed

        counts = send_delayed(load_settings(), BaseHook.get_connection)
        if not any(counts.values()):
            raise AirflowSkipException("No mail is delayed.")
        return counts

    send()
