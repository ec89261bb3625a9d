from dataclasses import replace

import pytest

from pushtune.running.container_labels import (
    TrainingLabels,
    container_name,
    fetching_labels,
    from_labels,
    installation_id,
    owner_labels,
    serving_labels,
    to_labels,
)
from pushtune.settings import Settings

LABELS = TrainingLabels("0123", "digits", "manual__1", "round_1.trial", 2, "/home/w/digits/run/trials/003", "ab", 4)


def test_labels_survive_the_way_through_docker():
    assert from_labels(to_labels(LABELS)) == LABELS
    assert all(isinstance(value, str) for value in to_labels(LABELS).values())


@pytest.mark.parametrize("change", [{"pushtune.role": "serving"}, {"pushtune.map_index": "x"}])
def test_foreign_containers_are_not_taken_for_ours(change):
    assert from_labels({**to_labels(LABELS), **change}) is None
    assert from_labels({}) is None
    assert from_labels({"pushtune.role": "training"}) is None


def test_the_container_that_fetches_data_sets_is_ours_and_has_no_trial(tmp_path):
    settings = Settings(home=tmp_path)
    labels = fetching_labels(settings)
    assert labels == {"pushtune.role": "fetching", "pushtune.installation": installation_id(settings)}
    assert from_labels(labels) is None and serving_labels(labels) is None


def test_one_name_per_trial_folder_whoever_owns_it():
    assert container_name(LABELS) == container_name(replace(LABELS, task_id="other", attempt=9))
    assert container_name(LABELS) != container_name(replace(LABELS, trial_folder="/home/w/digits/run2/trials/003"))
    assert container_name(LABELS) != container_name(replace(LABELS, installation="4567"))
    assert container_name(LABELS).startswith("pushtune-trial-003-")
    assert container_name(replace(LABELS, trial_folder="/w/run/baseline")).startswith("pushtune-baseline-")


def test_instance_depends_on_the_owner_but_not_on_the_attempt():
    assert LABELS.instance == replace(LABELS, attempt=9).instance
    for change in ({"map_index": 3}, {"run_id": "x"}, {"dag_id": "x"}, {"task_id": "x"}, {"trial_folder": "x"}):
        assert LABELS.instance != replace(LABELS, **change).instance


def test_owner_labels_are_shared_by_all_trials_of_a_task():
    assert owner_labels(LABELS) == owner_labels(replace(LABELS, trial_folder="x", request_sha256="y", attempt=1))


def test_installations_differ(tmp_path):
    assert installation_id(Settings(home=tmp_path / "a")) != installation_id(Settings(home=tmp_path / "b"))
    assert installation_id(Settings(home=tmp_path / "a")) == installation_id(Settings(home=tmp_path / "b" / ".." / "a"))
