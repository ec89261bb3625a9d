"""Who may see a page. The only place that touches Airflow's internal security modules."""

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag


def may_read_runs() -> Any:
    """Return a FastAPI dependency: the caller is logged in and may read the runs of the DAG in ``dag_id``.

    Without a login the answer is 401, without the right 403. ``dag_id`` is taken from the query; where a request has
    none (scripts and styles of the page), the right to read any DAG is asked for.
    """
    return requires_access_dag("GET", DagAccessEntity.RUN)
