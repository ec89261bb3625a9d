"""Airflow's LocalExecutor, which does not take its own running tasks for those of a scheduler that died.

The scheduler notes each few seconds that it lives, and looks now and then for tasks of schedulers that do not. Where
the clock is set forward, the machine slept, or is so busy that a note comes late, it takes itself for dead. Airflow's
LocalExecutor then gives up every task that it runs: the tasks are ended, and their containers with them.
"""

from collections.abc import Sequence

from airflow.executors.local_executor import LocalExecutor
from airflow.models.taskinstance import TaskInstance


class SteadyLocalExecutor(LocalExecutor):
    """Runs tasks on this machine, and keeps those that it runs."""

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Return which of ``tis`` nobody runs; the scheduler starts these again."""
        return [instance for instance in tis if not self.has_task(instance)]
