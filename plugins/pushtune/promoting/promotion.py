"""The promoting stage: takes the final model of a run, with everything that is known about it, to the registry."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pushtune.errors import ModelMissing
from pushtune.promoting.champion import CHAMPION, FinalCheck, Score
from pushtune.promoting.model_entry import ModelEntry, finite, named_once, registry_name
from pushtune.promoting.registry import register_model
from pushtune.records import read_records
from pushtune.settings import Settings
from pushtune.training_folders import BASELINE, RETRAIN, trial_folder
from pushtune_contract import layout
from pushtune_contract.parameters import describe_change
from pushtune_contract.progress import learning_curve
from pushtune_contract.reading import read_bytes
from pushtune_contract.request import TrialRequest, read_request
from pushtune_contract.result import TrialResult, read_result

# Record of a stage -> what of its document is kept with the model.
PROVENANCE = {
    "check_out": ("repository", "branch", "commit", "author_name", "subject"),
    "inspect": ("entry", "framework", "family", "image", "image_digest"),
    "prepare_image": ("image_tag",),
    "rebuild_image": ("image_tag",),  # where the other one had vanished meanwhile
}


def promote(run_folder: Path, dag_id: str, settings: Settings, alias: str = CHAMPION) -> dict[str, Any]:
    """Register the retrained model of a run and decide whether it becomes champion.

    Args:
        alias: of the champion that the model is compared with and may replace, see ``champion.alias_of``.

    Returns:
        the document of ``registry.register_model``.

    Raises:
        ModelMissing: the final training did not end well. RegistryUnavailable: see ``register_model``.
    """
    entry = replace(describe_model(run_folder, dag_id), alias=alias)
    return register_model(settings.registry_folder, entry, settings.trial_disk_bytes)


def describe_model(run_folder: Path, dag_id: str) -> ModelEntry:
    """Return what the registry keeps about the final model of ``run_folder``, whose name is the run key.

    The winning trial and its overrides come from the record of the stage ``best`` where it names them: the request in
    the folder of the final training could have been rewritten by the script. Raises ModelMissing.
    """
    records = {stage: record.get("document", {}) for stage, record in read_records(run_folder).items()}
    final = read_result(run_folder / RETRAIN)
    request = _as_decided(read_request(run_folder / RETRAIN), records.get("best", {}))
    baseline = read_result(run_folder / BASELINE)
    winner_folder = trial_folder(run_folder, request.trial_number)
    winner = read_result(winner_folder)
    if final.status != "done" or winner.objective is None:
        raise ModelMissing(
            "Only a final training that ended well, of a trial with an objective, gives a model.",
            f"final training {final.status!r}, objective of trial {request.trial_number}: {winner.objective}",
            "Read the log of the task 'retrain'.",
        )
    measured = winner.objective
    score = Score(measured.metric, measured.direction, measured.value, measured.guard)
    return ModelEntry(
        dag_id=dag_id,
        run_key=run_folder.name,
        model_folder=run_folder / RETRAIN / layout.MODEL_FOLDER,
        score=score,
        target=records.get("judge_baseline", {}).get("target"),
        final_check=_final_check(request, score.metric, baseline, final),
        parameters=_parameters(request, baseline, winner),
        metrics=_metrics(score, baseline, final),
        curves={
            registry_name(f"curve.baseline.{score.metric}"): learning_curve(run_folder / BASELINE),
            registry_name(f"curve.winner.{score.metric}"): learning_curve(winner_folder),
        },
        tags={**_provenance(records), **_facts(run_folder, request, final)},
    )


def _as_decided(request: TrialRequest, best: dict[str, Any]) -> TrialRequest:
    number, overrides = best.get("number"), best.get("overrides")
    return replace(
        request,
        trial_number=number if isinstance(number, int) else request.trial_number,
        overrides=overrides if isinstance(overrides, dict) else request.overrides,
    )


def _final_check(request: TrialRequest, metric: str, baseline: TrialResult, final: TrialResult) -> FinalCheck | None:
    before, after = baseline.test_metrics.get(metric), final.test_metrics.get(metric)
    if not request.overrides or before is None or after is None:
        return None
    return FinalCheck(before, after)


def _parameters(request: TrialRequest, baseline: TrialResult, winner: TrialResult) -> dict[str, str]:
    known = {parameter.id: parameter for parameter in baseline.search_space}
    pairs = [
        ("entry", request.entry),
        ("seed", str(request.seed)),
        ("validation_fraction", str(request.validation_fraction)),
        ("winning_trial", str(request.trial_number)),
        ("best_epoch", str(winner.objective.best_epoch if winner.objective else 0)),
    ]
    for identity, value in request.overrides.items():
        parameter = known.get(identity)
        if parameter is None:
            pairs.append((identity, str(value)))
        else:
            where, _, change = describe_change(parameter, value).partition(f" {parameter.argument} ")
            pairs.append((f"{where} {parameter.argument}", change))
    return named_once(pairs)


def _metrics(score: Score, baseline: TrialResult, final: TrialResult) -> dict[str, float]:
    found: dict[str, float | None] = {
        f"baseline.objective.{score.metric}": baseline.objective.value if baseline.objective else None,
        f"final.objective.{score.metric}": score.value,
    }
    found.update({f"baseline.test.{name}": value for name, value in baseline.test_metrics.items()})
    found.update({f"final.test.{name}": value for name, value in final.test_metrics.items()})
    return finite(found)


def _provenance(records: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {
        name: str(records[stage][name])
        for stage, names in PROVENANCE.items()
        for name in names
        if records.get(stage, {}).get(name) is not None
    }


def _facts(run_folder: Path, request: TrialRequest, final: TrialResult) -> dict[str, str]:
    content = read_bytes(run_folder / RETRAIN / layout.REQUEST_FILE)
    facts = {
        "request_sha256": hashlib.sha256(content).hexdigest(),
        "script_sha256": final.script_sha256,
        "seed": str(request.seed),
        "exactness": final.exactness,
        "test_reads": str(final.test_reads),
    }
    facts.update({registry_name(f"samples.{part}"): str(count) for part, count in final.samples.items()})
    facts.update({registry_name(f"version.{library}"): version for library, version in final.versions.items()})
    return facts
