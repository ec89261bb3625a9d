"""One DAG per watched repository: a push goes in, a tuned and promoted model comes out.

Wiring only: what the tasks do is in ``pushtune``, stage by stage; what they decide is kept by ``pushtune.records``.
"""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.standard.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.sdk import DAG, BaseHook, Param, TaskGroup, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable
from pushtune.notifying.email_operator import EmailOperator
from pushtune.watching.credentials import Credentials, credentials_from
from pushtune.watching.git_sensor import GitSensor
from pushtune.watching.push_trigger import watched_asset

from pushtune import pipeline
from pushtune.running.image_catalog import FAMILY_NAMES, image_tag
from pushtune.running.training_operator import TrainingOperator, restart_arguments
from pushtune.settings import Settings, load_settings
from pushtune.tuning.pruning import stop_rule
from pushtune.watching.watched_repositories import WatchedRepository

ANY_SUCCESS = "none_failed_min_one_success"
START = pendulum.datetime(2026, 1, 1, tz="UTC")


def parameters(repository: WatchedRepository, rounds: int) -> dict[str, Param]:
    """Return the fields of Airflow's trigger form; ``--conf`` takes the same names."""
    return {
        "commit": Param(
            None,
            type=["null", "string"],
            pattern="^[0-9a-fA-F]{7,64}$",
            title="Commit",
            description="Commit to train; empty: the newest of the branch.",
        ),
        "target": Param(
            repository.target,
            type=["null", "number"],
            title="Target",
            description="Value of the objective to reach; empty: 0.85 for accuracy and its kin, else none.",
        ),
        "rounds": Param(
            min(repository.rounds, rounds),
            type="integer",
            minimum=0,
            maximum=rounds,
            title="Rounds",
            description="Rounds of tuning at most; 0 only trains the script as it is.",
        ),
        "trials_per_round": Param(
            repository.trials_per_round,
            type="integer",
            minimum=1,
            maximum=50,
            title="Trials per round",
        ),
        "epochs": Param(
            repository.epochs,
            type=["null", "integer"],
            minimum=1,
            maximum=100_000,
            title="Epochs",
            description="The most epochs of one trial; empty: three times the script's, at least 12.",
        ),
        "parallelism": Param(
            repository.parallelism,
            type=["null", "integer"],
            minimum=1,
            maximum=64,
            title="Trials at once",
            description="Empty: as many as the installation allows.",
        ),
        "notify": Param(
            list(repository.notify),
            type="array",
            items={"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$"},
            title="Notify",
            description="E-mail addresses; empty: the author of the commit.",
        ),
    }


def current_run(repository: WatchedRepository) -> pipeline.Run:
    """Return the run that the calling task belongs to."""
    context = get_current_context()
    return pipeline.Run.of(load_settings(), repository, context["dag_run"].run_id, dict(context["params"]))


def credentials_for(repository: WatchedRepository) -> Credentials | None:
    """Return what the repository wants to know, from the Airflow connection that its entry names."""
    if repository.connection_id is None:
        return None
    return credentials_from(BaseHook.get_connection(repository.connection_id))


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
            return pipeline.needs_round(current_run(repository), number)

        @task
        def plan() -> list[dict[str, Any]]:
            return pipeline.plan_round(current_run(repository), number)

        @task(trigger_rule="all_done")
        def collect() -> dict[str, Any]:
            collected = pipeline.collect_round(current_run(repository), number)
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
            max_active_tis_per_dagrun=repository.parallelism or settings.trials_at_once,
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
        params=parameters(repository, rounds),
        tags=["pushtune"],
        description=f"Trains and tunes what is pushed to branch {repository.branch}",
        doc_md=f"Repository `{repository.url}`, branch `{repository.branch}`.",
        default_args={"retries": 2, "retry_delay": timedelta(seconds=10), "execution_timeout": timedelta(hours=24)},
    ) as dag:
        wire(repository, rounds, settings)
    return dag


def wire(repository: WatchedRepository, rounds: int, settings: Settings) -> None:
    """Create the tasks in the order of the flow and connect them."""
    wait_for_push = GitSensor(task_id="wait_for_push", repository=repository, commit="{{ params.commit or '' }}")

    @task
    def check_out(push: dict[str, Any]) -> dict[str, Any]:
        return pipeline.check_out(current_run(repository), push, credentials_for(repository))

    @task
    def inspect(_: dict[str, Any]) -> dict[str, Any]:
        return pipeline.inspect(current_run(repository))

    @task(trigger_rule=ANY_SUCCESS)
    def judge_baseline() -> dict[str, Any]:
        return pipeline.judge_baseline(current_run(repository))

    @task(trigger_rule=ANY_SUCCESS)
    def choose_best() -> dict[str, Any]:
        return pipeline.choose_best(current_run(repository))

    @task
    def promote() -> dict[str, Any]:
        return pipeline.promote(current_run(repository))

    @task(trigger_rule="all_done")
    def report() -> dict[str, Any]:
        return pipeline.report(current_run(repository))

    @task(trigger_rule="all_done", retries=0)
    def finish() -> str:
        return pipeline.finish(current_run(repository), get_current_context())

    inspected = inspect(check_out(wait_for_push.output))
    baseline = inspected["baseline"]
    pick_image = BranchPythonOperator(
        task_id="pick_image", python_callable=lambda family: f"train_{family}", op_args=[inspected["family"]]
    )
    judged = judge_baseline()
    wait_for_push >> inspected >> pick_image
    for family in FAMILY_NAMES:
        train = TrainingOperator(
            task_id=f"train_{family}", image=image_tag(family), trial=baseline, **restart_arguments(settings)
        )
        pick_image >> train >> judged
    best = choose_best()
    before: Any = judged
    for number in range(1, rounds + 1):
        group = tuning_round(repository, number, settings)
        before >> group
        before = group
    judged >> best
    before >> best
    retrain = TrainingOperator(task_id="retrain", image=image_tag("dense"), trial=best, **restart_arguments(settings))
    reported = report()
    notify = EmailOperator(task_id="notify", message=reported["mail"], trigger_rule="all_done")
    best >> retrain >> promote() >> reported >> notify >> finish()


def build_all() -> None:
    """Create the DAG of each usable entry. Broken entries are shown by ``check_configuration.py``."""
    settings = load_settings()
    for repository in pipeline.usable_repositories(settings):
        globals()[f"dag_{repository.name}"] = build(repository, settings)


build_all()
