"""Which tasks the executor gives up when the scheduler takes itself for dead."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey

from pushtune.commands.steady_executor import SteadyLocalExecutor


def instance(task_id: str) -> Any:
    return SimpleNamespace(id=task_id, key=TaskInstanceKey("digits", task_id, "manual__1", 1, -1))


@pytest.mark.airflow
def test_only_tasks_that_nobody_runs_are_given_up() -> None:
    executor = SteadyLocalExecutor(parallelism=2)
    running, queued, orphan = (instance(name) for name in ("running", "queued", "orphan"))
    executor.running.add(running.key)
    executor.queued_tasks[queued.key] = cast(Any, None)
    assert list(executor.try_adopt_task_instances([running, queued, orphan])) == [orphan]
