"""Joins the stages: what each task of the DAG does, in the order of the flow.

The stages do not know each other. This module hands the documents of one to the next and keeps a record of each.
"""

from dataclasses import replace
from pathlib import Path

from pushtune.errors import BaselineUnusable
from pushtune.pipeline.data import lfs_warnings, path_fields, provide_data, still_missing
from pushtune.pipeline.environment import accelerator_of_spec, choose_older_tag, choose_tag, make_ready
from pushtune.pipeline.run import Document, Run
from pushtune.pipeline.threads import chosen_threads, cores_of_spec, thread_fields, trial_slots
from pushtune.records import amend_record, read_record, recorded
from pushtune.running.disk_reserve import require_free_space
from pushtune.running.older_keras import refusal_of
from pushtune.running.smaller_batch import follow
from pushtune.running.workspace import name_run, prepare_trial
from pushtune.targets import meets
from pushtune.training_folders import BASELINE, RETRAIN, trial_folder, trial_name
from pushtune.tuning.final_epochs import with_final_epochs
from pushtune.tuning.target import resolve_target
from pushtune.watching.credentials import Credentials
from pushtune.wishes import Wishes
from pushtune_contract.request import TrialRequest
from pushtune_contract.result import read_result
from pushtune_contract.validation import as_document


def check_out(run: Run, push: Document, credentials: Credentials | None) -> Document:
    """Fetch the pushed commit into the run's folder; return what is known about it.

    Raises:
        UnusablePush: trying again changes nothing. RepositoryUnreachable, DiskAlmostFull: it may pass.
    """
    from pushtune.watching.check_out import Extras
    from pushtune.watching.check_out import check_out as fetch

    require_free_space(run.settings)
    name_run(run.folder, run.repository.name, run.run_id)
    with recorded(run.folder, "check_out") as document:
        repository = run.repository
        document.update(
            fetch(
                repository.url,
                push.get("ref") or repository.branch,
                push["commit"],
                run.folder,
                previous_commit=push.get("previous_commit"),
                credentials=credentials,
                settings=run.settings,
                extras=Extras(repository.submodules, repository.lfs),
            )
        )
    return document


def inspect(run: Run) -> Document:
    """Look at the code; return the family of its model.

    Raises:
        PushtuneError: nothing can be trained; the text says why and what settles it.
    """
    from pushtune.inspecting.inspection import inspect_checkout, require_trainable

    with recorded(run.folder, "inspect") as document:
        inspection = inspect_checkout(run.checkout, run.repository.entry)
        document.update(inspection.as_document())
        document["warnings"] = [
            *lfs_warnings(run.document("check_out")), *still_missing(document, run.repository.data_folder)
        ]
        require_trainable(inspection)
        document["chosen_image"] = choose_tag(document)
    return {"family": document["family"]}


def prepare_image(run: Run) -> Document:
    """Make the image ready that has what the code needs; return what the baseline's container has to do.

    Raises:
        UnusableEnvironment: the repository has to change. ImageBuildFailed: this host cannot build now.
        DiskAlmostFull: try again later.
    """
    require_free_space(run.settings)
    inspection = run.document("inspect")
    with recorded(run.folder, "prepare_image") as document:
        document.update(make_ready(inspection, run.checkout, run.repository.build_dockerfile, run.settings))
        document["warnings"] = [*document["warnings"], *provide_data(inspection, run.settings)]
    if refused := refusal_of(run.folder / BASELINE):  # somebody has cleared the run: what was found out still holds
        older_image(run, refused)
    return {
        "family": inspection["family"],
        "baseline": _spec(run, BASELINE, _request(run, BASELINE), "the script as it is"),
    }


def rebuild_image(run: Run) -> str:
    """Build the run's image again, which has vanished since it was prepared; return its tag. Raises as above."""
    inspection = run.document("inspect")
    require_free_space(run.settings)
    with recorded(run.folder, "rebuild_image") as document:
        document.update(make_ready(inspection, run.checkout, run.repository.build_dockerfile, run.settings))
    return str(document["image_tag"])


def older_image(run: Run, reason: str) -> str:
    """Let the run train with Keras 2, since Keras 3 refuses its code for ``reason``; return the image's tag.

    What trains after the baseline does so in the same image. Returns an empty text where there is none; raises as
    ``prepare_image``.
    """
    inspection, prepared = run.document("inspect"), run.document("prepare_image")
    chosen = choose_older_tag(inspection, prepared, reason)
    if chosen is None:
        return ""
    require_free_space(run.settings)
    ready = make_ready({**inspection, "chosen_image": chosen}, run.checkout, False, run.settings)
    warnings = list(dict.fromkeys([*ready["warnings"], *prepared["warnings"]]))
    amend_record(run.folder, "inspect", {"chosen_image": chosen})
    amend_record(run.folder, "prepare_image", {**ready, "warnings": warnings})
    return str(ready["image_tag"])


def judge_baseline(run: Run) -> Document:
    """Compare the unmodified script's result with the target.

    Raises:
        BaselineUnusable: there is no metric. InvalidTuningOption: the metric can never have the target's value.
    """
    from pushtune.tuning.outcomes import is_possible
    from pushtune.tuning.rounds import wishes_without_effect

    with recorded(run.folder, "judge_baseline") as document:
        result = read_result(run.folder / BASELINE)
        if result.objective is None:
            raise BaselineUnusable(
                "The training script must yield a metric that trials can be compared by.",
                "; ".join(warning.message for warning in result.warnings) or "no metric",
                "Let model.compile() name a metric, such as metrics=['accuracy'], or let fit() have validation data.",
            )
        objective = result.objective
        if not is_possible(objective.value, objective.metric, objective.direction):
            raise BaselineUnusable(
                "The metric of the training script must have a value that it can have: an accuracy lies in 0 to 1.",
                f"{objective.metric[:60]} {objective.value:g}",
                "Let the script leave the files of its run to the library that writes them.",
            )
        target = resolve_target(result.objective, run.options.get("target"))
        document.update(
            target=target,
            objective=as_document(result.objective),
            target_met=meets(result.objective.value, target, result.objective.direction),
            tunable=sum(parameter.tunable for parameter in result.search_space),
            warnings=wishes_without_effect(run.folder, result, {"wishes": _wishes(run)}),
            threads=chosen_threads(run, result),
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

    baseline = read_result(run.folder / BASELINE)
    with recorded(run.folder, "best") as document:
        wishes = Wishes.model_validate(_wishes(run))
        document.update(with_final_epochs(best_trial(run.folder), baseline.search_space, wishes))
    request = replace(
        _request(run, RETRAIN),
        trial_number=document["number"],
        overrides=document["overrides"],
        epoch_budget=document["epochs"],
        script_sha256=baseline.script_sha256,
        objective_source=baseline.objective_source or None,
    )
    follow(run.folder / RETRAIN, trial_folder(run.folder, document["number"]))
    return _spec(run, RETRAIN, request, f"trial {document['number']} on all training data")


def promote(run: Run) -> Document:
    """Register the retrained model and decide whether it becomes champion; where it does, let it be served."""
    from pushtune.pipeline.serving import serve_champion
    from pushtune.promoting.champion import alias_of
    from pushtune.promoting.promotion import promote as register

    with recorded(run.folder, "promote") as document:
        alias = alias_of(run.document("check_out").get("ref"), run.repository.branch)
        document.update(register(run.folder, run.repository.name, run.settings, alias))
        if run.repository.serve and document["champion"]:
            document["serving"] = serve_champion(run.settings, run.repository.name)
    return document


def _request(run: Run, mode: str) -> TrialRequest:
    inspection = run.document("inspect")
    return TrialRequest(
        mode=mode,
        entry=inspection["entry"],
        arguments=list(run.repository.arguments) or inspection["arguments"],
        objective=run.repository.objective,
        checkpoint_interval_seconds=run.settings.checkpoint_interval_seconds,
        time_limit_seconds=run.settings.trial_time_limit_seconds,
        **thread_fields(run, mode),
        **path_fields(inspection, run.repository.data_folder),
    )


def _trial_spec(run: Run, trial: Document) -> Document:
    baseline = read_result(run.folder / BASELINE)
    request = replace(
        _request(run, "trial"),
        trial_number=trial["number"],
        overrides=trial["overrides"],
        epoch_budget=trial["epoch_budget"],
        script_sha256=baseline.script_sha256,
        objective_source=baseline.objective_source or None,
    )
    name = trial_name(trial["number"])
    follow(run.folder / name, run.folder / BASELINE)
    spec = _spec(run, name, request, trial["label"])
    return {**spec, **trial_slots(run), "stop_rule": trial["stop_rule"]}


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
    prepared = run.document("prepare_image")
    given = cores_of_spec(run, request) | accelerator_of_spec(prepared, run.settings)
    return {**spec, **given, "image": prepared["image_tag"]}


def _tuning_options(run: Run) -> Document:
    baseline = run.document("judge_baseline")
    return {
        "target": baseline["target"],
        "rounds": run.options["rounds"],
        "trials_per_round": run.options["trials_per_round"],
        "epochs": run.options["epochs"],
        "wishes": _wishes(run),
    }


def _wishes(run: Run) -> Document:
    wishes: Document = run.document("inspect").get("wishes") or {}
    return wishes
