"""The model registry: MLflow on an SQLite file, used without a server. MLflow is imported by the first call only.

Everything that writes holds one file lock, for three reasons: the tables are created by whoever comes first, a run
that is tried again must find what its first attempt left, and two runs that finish at once must be compared with
the champion one after the other.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pushtune.errors import ModelMissing, NoFormerChampion, ServingRefused
from pushtune.promoting.champion import CHAMPION, UNSCORED, Verdict, decide
from pushtune.promoting.model_entry import CURVE_LIMIT_POINTS, ModelEntry, registry_text
from pushtune.promoting.model_version import TAG, document_of, folder_of, score_of, tag_of, version_tags
from pushtune.promoting.registry_store import database, locked_registry, open_registry
from pushtune_contract.reading import copy_plain_files

MODEL_PATH = "model"
POINTS_PER_CALL = 1000  # MLflow's own limit of metrics in one batch


def register_model(registry_folder: Path, entry: ModelEntry, limit_bytes: int) -> dict[str, Any]:
    """Register ``entry`` as a new version and, where it deserves it, as champion; safe to call again after a crash.

    Returns:
        ``name``, ``version`` (from 1), ``run_id``, ``path`` of the copied files, ``champion`` (bool: promoted by this
        run, under the alias ``champion``), ``alias``, ``meets_target``, ``reason``, ``replaced_version`` (None where
        there was no champion before).

    Raises:
        RegistryUnavailable: the database is locked or broken.
        ModelMissing: ``entry.model_folder`` holds no file. UnsafeFile: more than ``limit_bytes``.
    """
    with locked_registry(registry_folder) as client:
        version = _existing_version(client, entry)
        if version is None:
            version = _create_version(client, registry_folder, entry, limit_bytes)
        if tag_of(version, "promoted") == "True" and not tag_of(version, "champion_since"):
            version = _complete_promotion(client, entry, version)
        return document_of(version)


def champion(registry_folder: Path, name: str) -> dict[str, Any] | None:
    """Return the champion of ``name`` in the form of ``register_model``, or None. Raises RegistryUnavailable."""
    if not database(registry_folder).exists():
        return None
    with open_registry(registry_folder) as client:
        version = _champion_version(client, name)
        return None if version is None else document_of(version)


def champion_to_serve(registry_folder: Path, name: str) -> dict[str, Any] | None:
    """Return what serving the champion of ``name`` needs: ``version``, ``path``, ``image``, ``metric``, ``value``.

    None where there is no champion; ``image`` is empty where it was registered before images were noted.
    Raises RegistryUnavailable; ServingRefused for a champion that was not registered by Pushtune.
    """
    if not database(registry_folder).exists():
        return None
    with open_registry(registry_folder) as client:
        version = _champion_version(client, name)
        if version is None:
            return None
        score = score_of(version)
        if score is None:
            raise ServingRefused(
                "A champion that is served must have been registered by Pushtune, with its score.",
                f"version {version.version} of {name!r}, which was named champion by hand",
                "Give the alias 'champion' to another version in the registry, or push a commit.",
            )
        return {
            "version": int(version.version), "path": folder_of(version), "image": tag_of(version, "image_tag"),
            "metric": score.metric, "value": score.value,
        }  # fmt: skip


def roll_back(registry_folder: Path, name: str) -> dict[str, Any]:
    """Make the champion's predecessor champion again and return it; an older one where that was deleted.

    Raises:
        NoFormerChampion: there is no champion, or none before it that is still there.
        RegistryUnavailable: see ``register_model``.
    """
    with locked_registry(registry_folder) as client:
        present = _champion_version(client, name)
        former = None if present is None else _former_champion(client, name, present)
        if former is None:
            raise NoFormerChampion(
                "A roll-back needs a champion that replaced an earlier one, which is still in the registry.",
                f"model {name!r} with no {'earlier ' if present is not None else ''}champion",
                "Push a commit that trains a better model instead.",
            )
        client.set_registered_model_alias(name, CHAMPION, former.version)
        return document_of(former)


def _former_champion(client: Any, name: str, present: Any) -> Any:
    """Return the version that ``present`` replaced, else the newest champion before that one; None without one."""
    replaced = tag_of(present, "replaced_version")
    if not replaced and tag_of(present, "promoted") == "True":
        return None  # the first one
    others = {int(version.version): version for version in client.search_model_versions(f"name = '{name}'")}
    others.pop(int(present.version), None)
    newest = int(replaced or present.version)
    if newest in others:
        return others[newest]
    older = [number for number, version in others.items() if number < newest and _was_champion(version)]
    return others[max(older)] if older else None


def _was_champion(version: Any) -> bool:
    return bool(tag_of(version, "champion_since")) and (tag_of(version, "alias") or CHAMPION) == CHAMPION


def _existing_version(client: Any, entry: ModelEntry) -> Any:
    found = client.search_model_versions(f"name = '{entry.dag_id}' and tags.`{TAG}identity` = '{entry.identity()}'")
    return found[0] if found else None


def _complete_promotion(client: Any, entry: ModelEntry, version: Any) -> Any:
    """Give the version its alias and return it as it is then; an attempt may have died since it was made.

    Another run may have become champion meanwhile: then the version is compared anew with that one. ``promoted`` is
    written last, so that whoever dies in here leaves a promotion that is still to be completed.
    """
    present = _champion_version(client, entry.dag_id, entry.alias)
    number = "" if present is None else str(present.version)
    if number not in (tag_of(version, "replaced_version"), str(version.version)):
        verdict = _decide(entry, present)
        changed = {
            "reason": registry_text(verdict.reason),
            "replaced_version": number if verdict.promoted else "",
            "promoted": str(verdict.promoted),
        }
        for name, text in changed.items():
            client.set_model_version_tag(entry.dag_id, version.version, TAG + name, text)
        client.set_tag(version.run_id, TAG + "verdict", changed["reason"])
        version = client.get_model_version(entry.dag_id, version.version)
    if tag_of(version, "promoted") == "True":
        client.set_registered_model_alias(entry.dag_id, entry.alias, version.version)
        client.set_model_version_tag(entry.dag_id, version.version, TAG + "champion_since", str(time.time()))
    return version


def _champion_version(client: Any, name: str, alias: str = CHAMPION) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _decide(entry: ModelEntry, present: Any) -> Verdict:
    score = None if present is None else score_of(present) or UNSCORED
    return decide(entry.score, score, entry.target, entry.final_check)


def _create_version(client: Any, registry_folder: Path, entry: ModelEntry, limit_bytes: int) -> Any:
    present = _champion_version(client, entry.dag_id, entry.alias)
    verdict = _decide(entry, present)
    with _tracked_run(client, registry_folder, entry) as (run_id, artifacts):
        if copy_plain_files(entry.model_folder, artifacts / MODEL_PATH, limit_bytes) == 0:
            raise ModelMissing(
                "The final training must leave a model in the folder 'model'.",
                f"an empty folder {entry.model_folder}",
                "Read the warnings of the final training: they say why nothing was saved.",
            )
        _log(client, run_id, entry, verdict)
    _ensure_model(client, entry)
    replaced = str(present.version) if present is not None and verdict.promoted else ""
    tags = version_tags(entry, verdict, replaced)
    source = (artifacts / MODEL_PATH).as_uri()
    return client.create_model_version(entry.dag_id, source=source, run_id=run_id, tags=tags)


@contextmanager
def _tracked_run(client: Any, registry_folder: Path, entry: ModelEntry) -> Iterator[tuple[str, Path]]:
    """One MLflow run with the folder of its files. A run that was left unfinished by an earlier attempt is removed."""
    experiment = client.get_experiment_by_name(entry.dag_id)
    location = registry_folder / "artifacts" / entry.dag_id
    experiment_id = (
        client.create_experiment(entry.dag_id, artifact_location=location.as_uri())
        if experiment is None
        else experiment.experiment_id
    )
    for left_over in client.search_runs([experiment_id], f"tags.`{TAG}identity` = '{entry.identity()}'"):
        client.delete_run(left_over.info.run_id)
        shutil.rmtree(location / left_over.info.run_id, ignore_errors=True)
    identity = {TAG + "identity": entry.identity()}
    run = client.create_run(experiment_id, run_name=registry_text(entry.run_key), tags=identity)
    run_id = str(run.info.run_id)
    try:
        yield run_id, location / run_id / "artifacts"
    except BaseException:
        shutil.rmtree(location / run_id, ignore_errors=True)  # what was copied of a model that is refused
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def _ensure_model(client: Any, entry: ModelEntry) -> None:
    if not client.search_registered_models(f"name = '{entry.dag_id}'"):
        client.create_registered_model(entry.dag_id, tags={TAG + "repository": entry.tags.get("repository", "")})


def _log(client: Any, run_id: str, entry: ModelEntry, verdict: Verdict) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, 0) for name, value in entry.metrics.items()]
    for name, points in entry.curves.items():
        metrics += [Metric(name, value, now, epoch) for epoch, value in points[:CURVE_LIMIT_POINTS]]
    parameters = [Param(name, text) for name, text in entry.parameters.items()]
    tags = [RunTag(TAG + name, registry_text(text)) for name, text in entry.tags.items()]
    tags += [RunTag(TAG + "verdict", registry_text(verdict.reason))]
    for start in range(0, len(metrics), POINTS_PER_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + POINTS_PER_CALL])
    for start in range(0, max(len(parameters), len(tags)), 100):  # MLflow's own limit of both in one batch
        client.log_batch(run_id, params=parameters[start : start + 100], tags=tags[start : start + 100])
