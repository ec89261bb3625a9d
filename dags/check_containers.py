"""Looks after the containers, each minute: ends hung ones, removes orphans, clears tasks that only met a fault, serves.

Wiring only: what is done and why is in ``pushtune.healing``.
"""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, BaseHook, get_current_context, task
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException

from pushtune.notifying.email_operator import EmailOperator
from pushtune.settings import load_settings

with DAG(
    "check_containers",
    schedule=timedelta(minutes=1),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=5),
    default_args={
        "retries": 2,  # a step that was killed is done again at once: the next check is a minute away
        "retry_delay": timedelta(seconds=5),
        "execution_timeout": timedelta(minutes=2),
        "priority_weight": 1000,  # before all trainings: where these take all slots, nobody would end those that hang
        "weight_rule": "absolute",
    },
    tags=["pushtune"],
    description="Ends hung training containers, removes those that no task owns, and keeps champions served",
):

    @task(task_id="list", trigger_rule="all_done")
    def list_all() -> list[dict[str, Any]]:
        from pushtune.healing.check import list_containers

        containers = list_containers(load_settings())
        if not containers:
            raise AirflowSkipException("There is no training container.")
        return containers

    @task
    def diagnose(containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        from pushtune.healing.check import diagnose_containers, owner_states

        states = owner_states(containers, get_current_context()["ti"].get_task_states)
        return diagnose_containers(load_settings(), containers, states)

    @task
    def act(diagnoses: list[dict[str, Any]]) -> list[dict[str, Any]]:
        from pushtune.healing.check import act_on

        return act_on(load_settings(), diagnoses)

    @task
    def clear() -> list[dict[str, Any]]:
        from pushtune.commands.airflow_api import configured_api
        from pushtune.healing.exhausted import clear_exhausted

        return clear_exhausted(load_settings(), configured_api(load_settings(), conf.get, BaseHook.get_connection))

    @task
    def serve() -> list[dict[str, Any]]:
        from pushtune.pipeline.serving import serve_champions

        return serve_champions(load_settings())

    @task(trigger_rule="all_done")
    def report() -> dict[str, Any]:
        from pushtune.pipeline.alert import alert

        mail = alert(load_settings())
        if mail is None:
            raise AirflowSkipException("Nothing was given up.")
        return mail

    # What a task returns is known to Airflow, not to the type checker.
    cleared: Any = clear()  # first: a task that was cleared owns its container again
    containers: Any = list_all()
    cleared >> containers
    diagnoses: Any = diagnose(containers)
    reported: Any = report()
    [act(diagnoses), cleared, serve()] >> reported
    EmailOperator(task_id="notify", message=reported)
