"""One DAG per watched repository: a push goes in, a tuned and promoted model comes out.

Wiring only: what the tasks do is in ``pushtune``, stage by stage; what they decide is kept by ``pushtune.records``.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.standard.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.sdk import (
    DAG,
    Asset,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    TaskGroup,
    get_current_context,
    task,
)
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, AirflowTaskTimeout
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable

from pushtune.errors import InspectionOverTime, MailNotSent, PassingFault, PushtuneError
from pushtune.notifying.email_operator import EmailOperator
from pushtune.pipeline import run_ending, tasks
from pushtune.pipeline.run import Run
from pushtune.running.image_catalog import FAMILY_NAMES, image_tag
from pushtune.running.training_operator import TrainingOperator, patient_arguments, restart_arguments
from pushtune.running.workspace import run_folder
from pushtune.settings import Settings, load_settings
from pushtune.trigger_form import fields
from pushtune.tuning.pruning import stop_rule
from pushtune.watching.configuration_files import usable_repositories
from pushtune.watching.git_sensor import GitSensor
from pushtune.watching.push_ledger import close_push
from pushtune.watching.push_trigger import fetch_credentials, watched_asset
from pushtune.watching.watched_repositories import WatchedRepository

ANY_SUCCESS = "none_failed_min_one_success"
START = pendulum.datetime(2026, 1, 1, tz="UTC")
# How often the process of a short task may die, or fail for a reason that nobody foresaw. The pauses grow: without
# the API server no try can begin, and five of equal length are used up within two minutes of its outage.
SHORT_TASK_RETRIES = 5
# The inspection looks at its clock between two files; this ends it where a single file, made for that, takes forever.
INSPECTION_LIMIT = timedelta(minutes=2)
RETRY_POLICY = ExceptionRetryPolicy(
    [
        RetryRule([PassingFault, MailNotSent], RetryAction.RETRY, reason="it may pass"),
        RetryRule(PushtuneError, RetryAction.FAIL, reason="trying again would change nothing"),
    ]
)


def current_run(repository: WatchedRepository) -> Run:
    """Return the run that the calling task belongs to."""
    context = get_current_context()
    return Run.of(load_settings(), repository, context["dag_run"].run_id, dict(context["params"]))


def rebuild_of(repository: WatchedRepository) -> Callable[[], str]:
    """Return what a training calls where its image is gone."""
    return lambda: tasks.rebuild_image(current_run(repository))


def older_image_of(repository: WatchedRepository) -> Callable[[str], str]:
    """Return what a baseline calls where Keras 3 refuses its code."""
    return lambda reason: tasks.older_image(current_run(repository), reason)


def trials_at_once(repository: WatchedRepository, settings: Settings) -> int:
    """Return how many trials of one run may train at the same time."""
    return repository.parallelism or settings.trials_at_once


def schedule_of(repository: WatchedRepository, settings: Settings) -> Any:
    """Return what starts the DAG: pushes, a cron expression, both, or nothing but a person."""
    assets = [watched_asset(repository, settings)] if repository.watch else []
    if repository.schedule is None:
        return assets or None
    timetable = CronTriggerTimetable(repository.schedule, timezone="UTC")
    return AssetOrTimeSchedule(timetable=timetable, assets=assets) if assets else timetable


def tuning_round(repository: WatchedRepository, number: int, settings: Settings) -> TaskGroup:
    """Return one round: is it needed, which trials, the trials, what came out."""
    with TaskGroup(f"round_{number}") as group:

        def needed() -> bool:
            return tasks.needs_round(current_run(repository), number)

        @task
        def plan() -> list[dict[str, Any]]:
            return tasks.plan_round(current_run(repository), number)

        @task(trigger_rule="all_done")
        def collect() -> dict[str, Any]:
            collected = tasks.collect_round(current_run(repository), number)
            if collected is None:
                raise AirflowSkipException("This round was not needed.")
            return collected

        need = ShortCircuitOperator(
            task_id="need", python_callable=needed, ignore_downstream_trigger_rules=False, trigger_rule=ANY_SUCCESS
        )
        planned = plan()
        trial = TrainingOperator.partial(
            task_id="trial",
            image=image_tag("dense"),
            stop_rule=stop_rule,
            rebuild_image=rebuild_of(repository),
            max_active_tis_per_dagrun=trials_at_once(repository, settings),
            **restart_arguments(settings),
        ).expand(trial=planned)
        need >> planned >> trial >> collect()
    return group


def build(repository: WatchedRepository, settings: Settings) -> DAG:
    """Return the DAG of one repository."""
    rounds = max(repository.rounds, 3)
    with DAG(
        repository.name,
        schedule=schedule_of(repository, settings),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        params={
            name: Param(value, **schema)
            for name, (value, schema) in fields(repository, rounds, trials_at_once(repository, settings)).items()
        },
        tags=["pushtune"],
        description=f"Trains and tunes what is pushed to branch {repository.branch}",
        doc_md=f"Repository `{repository.url}`, branch `{repository.branch}`.",
        default_args={
            "retries": SHORT_TASK_RETRIES,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(seconds=60),
            "retry_policy": RETRY_POLICY,
            "on_failure_callback": keep_failure,
        },
    ) as dag:
        wire(repository, rounds, settings)
    return dag


def wire(repository: WatchedRepository, rounds: int, settings: Settings) -> None:
    """Create the tasks in the order of the flow and connect them."""
    asset = watched_asset(repository, settings)
    wait_for_push = GitSensor(task_id="wait_for_push", repository=repository, commit="{{ params.commit or '' }}")
    judged = train_as_it_is(repository, wait_for_push)

    @task(trigger_rule=ANY_SUCCESS)
    def choose_best() -> dict[str, Any]:
        return tasks.choose_best(current_run(repository))

    best = choose_best()
    before: Any = judged
    for number in range(1, rounds + 1):
        group = tuning_round(repository, number, settings)
        before >> group
        before = group
    judged >> best
    before >> best
    retrain = TrainingOperator(
        task_id="retrain",
        image=image_tag("dense"),
        trial=best,
        rebuild_image=rebuild_of(repository),
        **restart_arguments(settings),
    )
    best >> retrain >> ending(repository, asset, wait_for_push)


def train_as_it_is(repository: WatchedRepository, wait_for_push: GitSensor) -> Any:
    """Create the tasks from the checkout to the verdict on the unmodified script; return the last."""

    @task(**patient_arguments(load_settings()))
    def check_out(push: dict[str, Any]) -> dict[str, Any]:
        return tasks.check_out(current_run(repository), push, fetch_credentials(repository.connection_id))

    @task(execution_timeout=INSPECTION_LIMIT)
    def inspect() -> dict[str, Any]:
        try:
            return tasks.inspect(current_run(repository))
        except AirflowTaskTimeout:
            raise InspectionOverTime.of(INSPECTION_LIMIT.total_seconds()) from None

    @task(**patient_arguments(load_settings()))
    def prepare_image() -> dict[str, Any]:
        return tasks.prepare_image(current_run(repository))

    @task(trigger_rule=ANY_SUCCESS)
    def judge_baseline() -> dict[str, Any]:
        return tasks.judge_baseline(current_run(repository))

    prepared = prepare_image()
    pick_image = BranchPythonOperator(
        task_id="pick_image", python_callable=lambda family: f"train_{family}", op_args=[prepared["family"]]
    )
    check_out(wait_for_push.output) >> inspect() >> prepared >> pick_image
    judged = judge_baseline()
    for family in FAMILY_NAMES:
        train = TrainingOperator(
            task_id=f"train_{family}",
            image=image_tag(family),
            trial=prepared["baseline"],
            rebuild_image=rebuild_of(repository),
            older_image=older_image_of(repository),
            **restart_arguments(load_settings()),
        )
        pick_image >> train >> judged
    return judged


def ending(repository: WatchedRepository, asset: Asset, wait_for_push: GitSensor) -> Any:
    """Create the tasks from the promotion to the last word in the push ledger; return the first."""

    @task
    def promote() -> dict[str, Any]:
        return tasks.promote(current_run(repository))

    @task(trigger_rule="all_done")
    def report(push: dict[str, Any] | None) -> dict[str, Any]:
        pages_url = conf.get("api", "base_url", fallback="http://localhost:8080")  # as Airflow itself does
        reported = run_ending.report(current_run(repository), push is not None, pages_url)
        if reported is None:
            raise AirflowSkipException("There was nothing to train.")
        return reported

    @task(trigger_rule="all_done", inlets=[asset])
    def finish(push: dict[str, Any] | None) -> str:
        outcome, reason = run_ending.outcome(current_run(repository), push is not None)
        context = get_current_context()
        word = "failed" if outcome == run_ending.FAILED else "trained"
        close_push(context["asset_state_store"][asset], push, word, reason, context["dag_run"].run_id)
        if outcome == run_ending.FAILED:
            raise AirflowFailException(reason)
        return outcome

    promoted = promote()
    reported = report(wait_for_push.output)
    notify = EmailOperator(task_id="notify", message=reported)
    promoted >> reported >> notify >> finish(wait_for_push.output)
    return promoted


def keep_failure(context: Any) -> None:
    """Keep what a failed task said."""
    instance = context["ti"]
    task_id, map_index = instance.task_id, -1 if instance.map_index is None else instance.map_index
    known = {"dag_id": instance.dag_id, "run_id": instance.run_id, "task_id": task_id, "map_index": map_index}
    folder = run_folder(load_settings(), instance.dag_id, instance.run_id)
    run_ending.keep_failure(folder, known, context.get("exception"))


def build_all() -> None:
    """Create the DAG of each usable entry. Broken entries are shown by ``check_configuration.py``."""
    settings = load_settings()
    for repository in usable_repositories(settings):
        globals()[f"dag_{repository.name}"] = build(repository, settings)


build_all()
