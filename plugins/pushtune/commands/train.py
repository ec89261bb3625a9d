"""``make train``: train and tune one repository once, without knowing Airflow."""

import argparse
import contextlib
from pathlib import Path
from typing import Any

import git

from pushtune.commands import instance
from pushtune.commands.added_repositories import add_repository
from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.build_images import ensure_images
from pushtune.commands.console import say
from pushtune.commands.engine import ensure_engine
from pushtune.commands.follow import follow, wait_for
from pushtune.commands.plain_folder import BRANCH, committed_copy
from pushtune.commands.summary import keep_summary, print_summary
from pushtune.errors import AirflowRefused, RepositoryNotGiven
from pushtune.running.image_catalog import FAMILY_NAMES
from pushtune.running.workspace import run_folder
from pushtune.settings import Settings
from pushtune.watching.default_branch import default_branch
from pushtune.watching.git_remote import check_remote

DAG_TIMEOUT_SECONDS = 90
DEFAULT_ROUNDS = 3


def train(settings: Settings, options: argparse.Namespace) -> int:
    """Train the repository that the options name; return 0 when a model was trained, 1 when not.

    Raises:
        PushtuneError: the repository, the options or the machine do not allow it; the text says what to do.
    """
    location, branch = _repository(settings, options.repository, options.branch)
    check_remote(location, branch, timeout_seconds=settings.git_timeout_seconds)
    ensure_engine(settings)
    ensure_images(FAMILY_NAMES, settings)
    api = instance.up(settings)
    # The graph has a place for each round that was asked for, and no more: rounds that are not needed cost time too.
    rounds = max(DEFAULT_ROUNDS, options.rounds or 0)
    entry = {"url": location, "branch": branch, "watch": False, "rounds": rounds}
    dag_id = add_repository(settings, entry)
    _wait_for_dag(api, dag_id, location, branch, rounds)
    run = api.post(f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": _conf(options)})
    say(f"Follow it in Airflow as well: {api.run_page(dag_id, run['dag_run_id'])}")
    instance.describe(settings)
    folder = run_folder(settings, dag_id, run["dag_run_id"])
    follow(api, dag_id, run["dag_run_id"], folder)
    report = keep_summary(settings, folder, dag_id)
    return print_summary(report)


def _repository(settings: Settings, given: str | None, branch: str | None) -> tuple[str, str]:
    """Return location and branch; a plain folder is committed to a repository of its own first."""
    if not given:
        raise RepositoryNotGiven(
            "`make train` needs a repository.", "none", "Name one: make train REPO=<path or URL of a git repository>"
        )
    folder = Path(given).expanduser()
    if not folder.is_dir():
        return given, branch or default_branch(given, timeout_seconds=settings.git_timeout_seconds)
    folder = folder.resolve()
    try:
        with git.Repo(folder) as repository:
            if _has_changes(repository):
                say("Note: changes that are not committed are not trained; the newest commit is.")
        return str(folder), branch or default_branch(str(folder), timeout_seconds=settings.git_timeout_seconds)
    except git.InvalidGitRepositoryError:
        say(f"{folder} is not a git repository: a copy of it is committed and trained.")
        return committed_copy(settings, folder), BRANCH


def _has_changes(repository: git.Repo) -> bool:
    """Return whether something is not committed, as far as git says: it refuses repositories of somebody else."""
    with contextlib.suppress(git.GitError, OSError, ValueError):
        return not repository.bare and repository.is_dirty(untracked_files=True)
    return False


def _conf(options: argparse.Namespace) -> dict[str, Any]:
    given = {
        "target": options.target,
        "rounds": options.rounds,
        "trials_per_round": options.trials,
        "epochs": options.epochs,
    }
    return {name: value for name, value in given.items() if value is not None}


def _wait_for_dag(api: AirflowApi, dag_id: str, location: str, branch: str, rounds: int) -> None:
    def look() -> bool:
        try:
            details = api.get(f"/dags/{dag_id}/details")
        except AirflowRefused as refusal:
            if refusal.status_code == 404:
                return False
            raise
        shown = details.get("doc_md") or ""
        return location in shown and branch in shown and details["params"]["rounds"]["schema"]["maximum"] == rounds

    wait_for(f"Airflow reading the repository {dag_id}", look, DAG_TIMEOUT_SECONDS, "Run `make logs`.")
