"""Joins the stages: what each task of the DAG does, in the order of the flow.

The stages do not know each other. This module hands the documents of one to the next and keeps a record of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pushtune.errors import BaselineUnusable, RunFailed
from pushtune.records import read_record, read_records, recorded
from pushtune.running.image_catalog import image_tag
from pushtune.running.workspace import prepare_trial, run_folder
from pushtune.settings import Settings
from pushtune.tuning.target import meets, resolve_target
from pushtune.watching.credentials import Credentials
from pushtune.watching.watched_repositories import WatchedRepository, load_watched_repositories
from pushtune_contract.request import TrialRequest
from pushtune_contract.result import read_result
from pushtune_contract.validation import as_document

Document = dict[str, Any]

BASELINE = "baseline"
RETRAIN = "retrain"
FAILED = "failed"
SKIPPED = "skipped"
FAILURE_PREFIX = "failure_"
FAILURE_LIMIT_CHARACTERS = 4000


@dataclass(frozen=True)
class Run:
    """One run of the DAG: what it trains, where its files are, and what was asked for.

    Attributes:
        options: the fields of the trigger form: ``commit``, ``target``, ``rounds``, ``trials_per_round``, ``epochs``,
            ``parallelism``, ``notify``.
    """

    settings: Settings
    repository: WatchedRepository
    run_id: str
    folder: Path
    options: Mapping[str, Any]

    @classmethod
    def of(cls, settings: Settings, repository: WatchedRepository, run_id: str, options: Mapping[str, Any]) -> "Run":
        """Return the run with this id."""
        return cls(settings, repository, run_id, run_folder(settings, repository.name, run_id), options)

    @property
    def checkout(self) -> Path:
        """The files of the commit."""
        return self.folder / "checkout"

    def document(self, stage: str) -> Document:
        """Return what ``stage`` recorded. Raises RunFailed where it recorded nothing."""
        record = read_record(self.folder, stage)
        if record is None:
            raise RunFailed(
                f"The stage {stage} must have been recorded.", "nothing", "Clear the run and let it start again."
            )
        document: Document = record["document"]
        return document


def usable_repositories(settings: Settings) -> list[WatchedRepository]:
    """Return the valid entries of the configuration and of what the commands added; the first of a name counts."""
    found: dict[str, WatchedRepository] = {}
    for path in _configuration_files(settings):
        for repository in load_watched_repositories(path)[0]:
            found.setdefault(repository.name, repository)
    return list(found.values())


def broken_entries(settings: Settings) -> list[str]:
    """Return one message for each entry that cannot be used."""
    return [
        invalid.message for path in _configuration_files(settings) for invalid in load_watched_repositories(path)[1]
    ]


def _configuration_files(settings: Settings) -> list[Path]:
    added = settings.home / "added_repositories.yaml"
    return [settings.watched_repositories, *([added] if added.exists() else [])]


def check_out(run: Run, push: Document, credentials: Credentials | None) -> Document:
    """Fetch the pushed commit into the run's folder; return what is known about it."""
    from pushtune.watching.check_out import check_out as fetch

    run.folder.mkdir(parents=True, exist_ok=True)
    with recorded(run.folder, "check_out") as document:
        repository = run.repository
        document.update(
            fetch(
                repository.url,
                repository.branch,
                push["commit"],
                run.folder,
                previous_commit=push.get("previous_commit"),
                credentials=credentials,
                settings=run.settings,
            )
        )
    return document


def inspect(run: Run) -> Document:
    """Look at the code; return the family and what the baseline's container has to do.

    Raises:
        PushtuneError: nothing can be trained; the text says why and what settles it.
    """
    from pushtune.inspecting.inspection import inspect_checkout, require_trainable

    with recorded(run.folder, "inspect") as document:
        inspection = inspect_checkout(run.checkout, run.repository.entry)
        document.update(inspection.as_document())
        require_trainable(inspection)
        # The run keeps its image, even if an upgrade builds newer ones meanwhile.
        document["image_tag"] = image_tag(document["family"])
    return {
        "family": document["family"],
        "baseline": _spec(run, BASELINE, _request(run, BASELINE), "the script as it is"),
    }


def judge_baseline(run: Run) -> Document:
    """Compare the unmodified script's result with the target. Raises BaselineUnusable where there is no metric."""
    with recorded(run.folder, "judge_baseline") as document:
        result = read_result(run.folder / BASELINE)
        if result.objective is None:
            raise BaselineUnusable(
                "The training script must yield a metric that trials can be compared by.",
                "; ".join(warning.message for warning in result.warnings) or "no metric",
                "Let model.compile() name a metric, such as metrics=['accuracy'], or let fit() have validation data.",
            )
        target = resolve_target(result.objective, run.options.get("target"))
        document.update(
            target=target,
            objective=as_document(result.objective),
            target_met=meets(result.objective.value, target, result.objective.direction),
            tunable=sum(parameter.tunable for parameter in result.search_space),
        )
    return document


def needs_round(run: Run, number: int) -> bool:
    """Say whether round ``number`` is to run: target not met, budget left, something tunable."""
    from pushtune.tuning.rounds import needs_round as decide

    with recorded(run.folder, f"need_{number}") as document:
        needed, reason = decide(run.folder, number, read_result(run.folder / BASELINE), _tuning_options(run))
        document.update(needed=needed, reason=reason)
    return bool(needed)


def plan_round(run: Run, number: int) -> list[Document]:
    """Ask for the trials of a round and make their folders ready; return what their containers have to do."""
    from pushtune.tuning.rounds import plan_round as plan

    with recorded(run.folder, f"round_{number}") as document:
        trials = plan(run.folder, number, read_result(run.folder / BASELINE), _tuning_options(run))
        document["plan"] = trials
    return [_trial_spec(run, trial) for trial in trials]


def collect_round(run: Run, number: int) -> Document | None:
    """Tell the study what came out of a round; None where the round was not needed."""
    from pushtune.tuning.rounds import collect_round as collect

    need = read_record(run.folder, f"need_{number}")
    if need is None or not need["document"].get("needed"):
        return None
    plan = run.document(f"round_{number}").get("plan")
    with recorded(run.folder, f"round_{number}") as document:
        document["plan"] = plan
        document["collected"] = collect(run.folder, number)
    collected: Document = document["collected"]
    return collected


def choose_best(run: Run) -> Document:
    """Return what the retraining container has to do: the best configuration on all training data."""
    from pushtune.tuning.rounds import best_trial

    with recorded(run.folder, "best") as document:
        document.update(best_trial(run.folder))
    request = replace(
        _request(run, RETRAIN),
        trial_number=document["number"],
        overrides=document["overrides"],
        epoch_budget=document["epochs"],
        script_sha256=read_result(run.folder / BASELINE).script_sha256,
    )
    return _spec(run, RETRAIN, request, f"trial {document['number']} on all training data")


def promote(run: Run) -> Document:
    """Register the retrained model and decide whether it becomes champion."""
    from pushtune.promoting.promotion import promote as register

    with recorded(run.folder, "promote") as document:
        document.update(register(run.folder, run.repository.name, run.settings))
    return document


def keep_failure(folder: Path, task_id: str, exception: BaseException | None) -> None:
    """Keep what a failed task said, for the report."""
    with recorded(folder, f"{FAILURE_PREFIX}{task_id}") as document:
        document.update(stage=task_id, message=str(exception or "it ended without a word")[:FAILURE_LIMIT_CHARACTERS])


def report(run: Run, has_push: bool) -> Document | None:
    """Put the run's report together and return the e-mail about it; None where there was nothing to train."""
    from pushtune.notifying.message import compose_message
    from pushtune.notifying.report import build_report

    records = read_records(run.folder)
    failures = [record["document"] for stage, record in records.items() if stage.startswith(FAILURE_PREFIX)]
    if not has_push and not failures:
        return None
    author = records.get("check_out", {}).get("document", {}).get("author_email")
    recipients = list(run.options["notify"]) or [author] * bool(author)
    page = f"http://127.0.0.1:{run.settings.port}/dags/{run.repository.name}/runs/{quote(run.run_id)}"
    with recorded(run.folder, "report") as document:
        document.update(build_report(run.folder, mail_to=recipients, run_page=page, failures=failures))
    return compose_message(document, run.folder)


def outcome(run: Run, has_push: bool) -> tuple[str, str]:
    """Return how the run ended, in one word (``FAILED`` where no model came out of it) and in one sentence."""
    record = read_record(run.folder, "report")
    if record is None:
        if has_push:
            return FAILED, "The run ended before anything was reported: the log of its first failed task says why."
        return SKIPPED, "There was nothing to train."
    document: Document = record["document"]
    if document["outcome"] != FAILED:
        return str(document["outcome"]), str(document["outcome"]).replace("_", " ")
    error = document.get("error") or {}
    return FAILED, f"{error.get('stage', 'unknown stage')}: {error.get('message', 'no reason was recorded')}"


def _request(run: Run, mode: str) -> TrialRequest:
    inspection = run.document("inspect")
    return TrialRequest(
        mode=mode,
        entry=inspection["entry"],
        arguments=list(run.repository.arguments),
        objective=run.repository.objective,
        checkpoint_interval_seconds=run.settings.checkpoint_interval_seconds,
        time_limit_seconds=run.settings.trial_time_limit_seconds,
    )


def _trial_spec(run: Run, trial: Document) -> Document:
    request = replace(
        _request(run, "trial"),
        trial_number=trial["number"],
        overrides=trial["overrides"],
        epoch_budget=trial["epoch_budget"],
        script_sha256=read_result(run.folder / BASELINE).script_sha256,
    )
    spec = _spec(run, f"trials/{trial['number']:03d}", request, trial["label"])
    at_once = run.options.get("parallelism")
    slots = {"slots": {"folder": str(run.folder / "slots"), "count": at_once}} if at_once else {}
    return {**spec, **slots, "stop_rule": trial["stop_rule"]}


def _spec(run: Run, name: str, request: TrialRequest, label: str) -> Document:
    data_folder = run.repository.data_folder
    spec = prepare_trial(
        run.folder,
        name,
        request,
        run.checkout,
        run.settings,
        label=label,
        network=run.repository.network,
        data_folder=Path(data_folder) if data_folder else None,
    )
    return {**spec, "image": run.document("inspect")["image_tag"]}


def _tuning_options(run: Run) -> Document:
    baseline = run.document("judge_baseline")
    return {
        "target": baseline["target"],
        "rounds": run.options["rounds"],
        "trials_per_round": run.options["trials_per_round"],
        "epochs": run.options["epochs"],
    }
