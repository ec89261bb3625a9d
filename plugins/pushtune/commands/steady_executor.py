"""Airflow's LocalExecutor, steadied where the clock of the machine is set while it runs.

**Forward.** The scheduler notes each few seconds that it lives, and looks now and then for tasks of schedulers that do
not. Where the clock is set forward, the machine slept, or is so busy that a note comes late, it takes itself for dead.
Airflow's LocalExecutor then gives up every task that it runs: the tasks are ended, and their containers with them.

**Back.** Airflow goes on with no run that began in the future, and starts no check that is due in the future. Where the
clock is set back by an hour, everything would stand still for that hour.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.executors.local_executor import LocalExecutor
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import select

from pushtune.moments import NEVER, present

CHECKING_DAGS = ("check_containers", "send_delayed_mails")  # each minute or two, at no time of the clock
NOTICED_SECONDS = 30.0
REPEATED_SECONDS = 120.0  # what was on its way when the clock was set arrives with the old time
INTERVAL_SECONDS = 5.0


class SteadyLocalExecutor(LocalExecutor):
    """Runs tasks on this machine, keeps those that it runs, and brings what lies in the future back to the present."""

    _seen = NEVER
    _set_back = NEVER
    _looked = NEVER

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Return which of ``tis`` nobody runs; the scheduler starts these again."""
        return [instance for instance in tis if not self.has_task(instance)]

    def sync(self) -> None:
        """Do what is to be done regularly; the scheduler calls it about twice a second."""
        super().sync()
        now = present()
        if self._seen.clock_set_by(now) < -NOTICED_SECONDS:
            self._set_back, self._looked = now, NEVER
            self.log.warning("The clock was set back by %.0f s.", -self._seen.clock_set_by(now))
        self._seen = now
        is_recent = self._set_back is not NEVER and self._set_back.seconds_until(now) < REPEATED_SECONDS
        if not is_recent or self._looked.seconds_until(now) < INTERVAL_SECONDS:
            return
        self._looked = now
        try:
            with create_session() as session:
                bring_to_present(session, datetime.now(UTC))
        except Exception:  # the scheduler must go on, whatever its database says; the next look tries again
            self.log.exception("What lies in the future could not be brought to the present.")


def bring_to_present(session: Any, now: datetime) -> None:
    """Let go on what Airflow would leave until its time has come: runs, tasks that wait for a retry, and the checks.

    A DAG with a cron expression keeps its next time, which is one of the clock's.
    """
    for run in session.scalars(select(DagRun).where(DagRun.run_after > now)):
        if run.state in (DagRunState.QUEUED, DagRunState.RUNNING):
            run.run_after = now
        if run.dag_id in CHECKING_DAGS:
            run.logical_date = None  # the next one is that of the newest, plus a minute
    waiting = (TaskInstance.state == TaskInstanceState.UP_FOR_RETRY, TaskInstance.end_date > now)
    for instance in session.scalars(select(TaskInstance).where(*waiting)):
        instance.end_date = now
    late = (DagModel.dag_id.in_(CHECKING_DAGS), DagModel.next_dagrun_create_after > now + timedelta(minutes=2))
    for dag in session.scalars(select(DagModel).where(*late)):
        dag.next_dagrun = dag.next_dagrun_create_after = now
        dag.next_dagrun_data_interval = (now, now)
