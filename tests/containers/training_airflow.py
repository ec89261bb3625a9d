"""Airflow's processes on this machine, with one DAG that trains in containers by a stand-in for the runtime."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.airflow_processes import PROJECT, AirflowProcesses

PROCESSES = ("api-server", "scheduler", "dag-processor")
LABEL = "{{ 7 * 7 }}.py:31 filters 16"  # a file of a repository may have such a name
DAG = '''
from pathlib import Path

from airflow.sdk import DAG, get_current_context, task

from pushtune.running.training_operator import TrainingOperator, restart_arguments
from pushtune.running.workspace import prepare_trial, run_folder
from pushtune.settings import load_settings
from pushtune_contract.request import TrialRequest

settings = load_settings()

with DAG("training", schedule=None, is_paused_upon_creation=False):

    @task
    def plan():
        folder = run_folder(settings, "training", get_current_context()["dag_run"].run_id)
        request = TrialRequest(mode="trial", entry="run.py", trial_number=3)
        return [prepare_trial(folder, "trials/003", request, settings.home / "checkout", settings, label={label!r})]

    TrainingOperator.partial(
        task_id="trial", image={image!r}, entrypoint=["python3", "-u", "/pushtune/code/run.py"],
        **restart_arguments(settings),
    ).expand(trial=plan())
'''


ENVIRONMENT = {
    "PUSHTUNE_RESTART_DELAY_SECONDS": "2",
    "AIRFLOW__CORE__PARALLELISM": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
}


class TrainingAirflow(AirflowProcesses):
    """An Airflow of its own in ``home``; ``script`` is what each container runs.

    ``service_dags``: names of the project's own DAG files that run beside. ``more``: further environment variables.
    """

    def __init__(self, home: Path, image: str, script: str, service_dags: tuple[str, ...] = (), **more: str) -> None:
        for name, text in (("dags/training.py", DAG.format(image=image, label=LABEL)), ("checkout/run.py", script)):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
        for name in service_dags:
            (home / "dags" / name).symlink_to(PROJECT / "dags" / name)
        super().__init__(home, PROCESSES, **ENVIRONMENT | more)
        self.wait(lambda: self.call("GET", "/dags/training"), "the DAG is known")

    def trial(self, run_id: str) -> dict[str, Any]:
        """Return what Airflow says about the trial's task; empty before it is mapped."""
        found = self.call("GET", f"/dags/training/dagRuns/{run_id}/taskInstances")["task_instances"]
        return next((task for task in found if task["task_id"] == "trial" and task["map_index"] == 0), {})

    def clear_trial(self, run_id: str) -> None:
        document = {"dry_run": False, "dag_run_id": run_id, "task_ids": [["trial", 0]], "only_failed": False}
        self.call("POST", "/dags/training/clearTaskInstances", json=document)

    def outcome(self, run_id: str) -> dict[str, Any]:
        """Wait for the end of the trial and return what it returned."""
        self.wait(lambda: self.trial(run_id).get("state") in ("success", "failed"), "the trial has ended")
        assert self.trial(run_id)["state"] == "success", f"logs are in {self.home}"
        path = f"/dags/training/dagRuns/{run_id}/taskInstances/trial/xcomEntries/return_value"
        value = self.call("GET", path, params={"map_index": 0, "deserialize": "true"})["value"]
        return dict(json.loads(value) if isinstance(value, str) else value)

    def task_process(self, run_id: str) -> int:
        """Return the process that executes the trial's task; its title ends in the id of the task instance."""
        wanted = f"airflow worker -- {self.trial(run_id)['id']}"
        rows = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        (found,) = [int(pid) for pid, title in (row.split(None, 1) for row in rows.splitlines()) if title == wanted]
        return found
