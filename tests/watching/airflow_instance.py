"""Airflow's four processes on this machine, with DAGs that do nothing but take pushes."""

import json
import time
from pathlib import Path
from typing import Any

from tests.airflow_processes import AirflowProcesses

PROCESSES = ("api-server", "scheduler", "dag-processor", "triggerer")
ENVIRONMENT = {
    "PUSHTUNE_POLL_INTERVAL_SECONDS": "1",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "5",
    "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "5",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
}
DAGS = """
import time
from pathlib import Path

from airflow.sdk import DAG, get_current_context, task

from pushtune.settings import load_settings
from pushtune.watching.check_out import check_out
from pushtune.watching.git_sensor import GitSensor
from pushtune.watching.push_ledger import close_push
from pushtune.watching.push_trigger import watched_asset
from pushtune.watching.watched_repositories import load_watched_repositories

settings = load_settings()


def build(repository):
    asset = watched_asset(repository)
    schedule = [asset] if repository.watch else None
    with DAG(repository.name, schedule=schedule, max_active_runs=1, is_paused_upon_creation=False) as dag:
        push = GitSensor(task_id="wait_for_push", repository=repository)

        @task
        def train(push):
            folder = settings.workspaces / get_current_context()["dag_run"].run_id
            facts = check_out(repository.url, repository.branch, push["commit"], folder)
            while (settings.home / f"hold-{repository.name}").exists():
                time.sleep(0.1)
            return facts["commit"]

        @task(trigger_rule="all_done", inlets=[asset])
        def finish(push, commit):
            context = get_current_context()
            outcome = "trained" if commit else "failed"
            close_push(context["asset_state_store"][asset], push, outcome, "", context["dag_run"].run_id)

        finish(push.output, train(push.output))
    return dag


for repository in load_watched_repositories(settings.watched_repositories)[0]:
    globals()[repository.name] = build(repository)
"""


class AirflowInstance(AirflowProcesses):
    """An Airflow of its own in ``home`` that watches repositories."""

    def __init__(self, home: Path, watched: list[dict[str, Any]]) -> None:
        (home / "dags").mkdir(parents=True)
        (home / "dags" / "pushes.py").write_text(DAGS)
        self.watched, self.home = watched, home
        self.watch(watched)
        super().__init__(home, PROCESSES, PUSHTUNE_WATCHED_REPOSITORIES=str(home / "watched.yaml"), **ENVIRONMENT)
        self.wait(lambda: self.get("/dags")["total_entries"] == len(watched), "the DAGs are known")

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, params=options)

    def watch(self, watched: list[dict[str, Any]]) -> None:
        """Write the list of watched repositories; Airflow notices within seconds."""
        aside = self.home / "watched.new"
        aside.write_text(json.dumps({"repositories": watched}))
        aside.rename(self.home / "watched.yaml")

    def knows(self, dag_id: str) -> bool:
        """Return whether the DAG is there and not stale."""
        return any(dag["dag_id"] == dag_id and not dag["is_stale"] for dag in self.get("/dags", limit=100)["dags"])

    def pause(self, dag_id: str, paused: bool) -> None:
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

    def add_connection(self, connection_id: str, password: str) -> None:
        self.call(
            "POST", "/connections", json={"connection_id": connection_id, "conn_type": "generic", "password": password}
        )

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """End a run by hand and delete it; Airflow refuses to delete one that runs."""
        self.call("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed"})
        self.call("DELETE", f"/dags/{dag_id}/dagRuns/{run_id}")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, the oldest first."""
        return list(self.get(f"/dags/{dag_id}/dagRuns", order_by="id", limit=100)["dag_runs"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        tasks = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in tasks}

    def ledger(self, dag_id: str) -> dict[str, dict[str, Any]]:
        """Return commit -> record, as anybody can read it over REST."""
        (asset,) = self.get("/assets", name_pattern=f"push-to-{dag_id}")["assets"]
        entries = self.get(f"/assets/{asset['id']}/state-store", limit=100)["asset_state_store"]
        return {entry["key"][7:]: entry["value"] for entry in entries if entry["key"].startswith("commit:")}

    def wait_for(self, dag_id: str, commit: str, state: str) -> dict[str, Any]:
        """Wait until the ledger says ``state`` of ``commit``; return the record."""
        self.wait(lambda: self.ledger(dag_id).get(commit, {}).get("state") == state, f"{commit[:8]} is {state}")
        return self.ledger(dag_id)[commit]

    def quiet(self, dag_id: str) -> list[dict[str, Any]]:
        """Wait until no run is active and the watcher had time for several more looks; return the runs."""
        self.wait(lambda: not self._active(dag_id), "all runs have ended")
        time.sleep(8)
        self.wait(lambda: not self._active(dag_id), "all runs have ended")
        return self.runs(dag_id)

    def _active(self, dag_id: str) -> bool:
        return any(run["state"] in ("queued", "running") for run in self.runs(dag_id))
