"""``make demo``: a fresh machine, a push, and a tuned model at the end."""

import argparse
from typing import Any

from pushtune.commands import instance
from pushtune.commands.added_repositories import add_repository
from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.build_images import ensure_images
from pushtune.commands.console import say, step
from pushtune.commands.engine import ensure_engine
from pushtune.commands.example_push import BRANCH, example_repository, push_example
from pushtune.commands.follow import follow, wait_for
from pushtune.commands.summary import keep_summary, print_summary
from pushtune.errors import AirflowRefused
from pushtune.records import read_record
from pushtune.running.workspace import run_folder
from pushtune.settings import Settings

NOTICE_TIMEOUT_SECONDS = 120
POLL_INTERVAL_SECONDS = 5


def demo(settings: Settings, _: argparse.Namespace) -> int:
    """Set everything up, push the example, follow its run; return 0 when the model was trained."""
    ensure_engine(settings)
    ensure_images(["cnn"], settings)
    name = add_repository(
        settings,
        {
            "url": str(example_repository(settings)),
            "branch": BRANCH,
            "ignore_paths": ["*.md"],
            "poll_interval_seconds": POLL_INTERVAL_SECONDS,
        },
    )
    with step("Push the example as a developer would"):
        commit = push_example(settings)
    api = instance.up(settings)
    instance.describe(settings)
    run_id = wait_for(
        f"Airflow noticing the push {commit[:7]}",
        lambda: _find_run(settings, api, name, commit),
        NOTICE_TIMEOUT_SECONDS,
        "See `make logs` and the import errors in Airflow.",
    )
    say(f"The push was noticed. Its run in Airflow: {api.run_page(name, run_id)}")
    folder = run_folder(settings, name, run_id)
    follow(api, name, run_id, folder)
    code = print_summary(keep_summary(settings, folder, name))
    say("Airflow goes on watching: push again and it trains again. `make down` stops it.")
    return code


def _find_run(settings: Settings, api: AirflowApi, name: str, commit: str) -> str | None:
    """Return the run that trains ``commit``, once the sensor has said so."""
    try:
        runs: list[dict[str, Any]] = api.get(f"/dags/{name}/dagRuns", order_by="-run_after", limit=5)["dag_runs"]
    except AirflowRefused as refusal:
        if refusal.status_code == 404:
            return None
        raise
    for run in runs:
        record = read_record(run_folder(settings, name, run["dag_run_id"]), "check_out")
        if record is not None and record["document"].get("commit") == commit:
            return str(run["dag_run_id"])
    return None
