"""From the folder of a run to a version in a real registry."""

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient
from tests.notifying.run_samples import write_record, write_training, write_tuned_run

from pushtune.errors import ModelMissing
from pushtune.promoting.promotion import describe_model, promote
from pushtune.promoting.registry_store import tracking_uri
from pushtune.settings import Settings, load_settings
from pushtune_contract.request import TrialRequest, write_request


def settings_in(home: Path) -> Settings:
    return load_settings({"PUSHTUNE_HOME": str(home)})


def test_a_run_becomes_a_version_with_its_origin(tmp_path: Path) -> None:
    run_folder, settings = tmp_path / "run-1", settings_in(tmp_path / "home")
    write_tuned_run(run_folder)
    answer = promote(run_folder, "train_digits", settings)

    assert (answer["version"], answer["champion"]) == (1, True)
    assert answer["score"]["value"] == 0.9312
    uri = tracking_uri(settings.registry_folder)
    run = MlflowClient(tracking_uri=uri, registry_uri=uri).get_run(answer["run_id"])
    assert run.data.params["task.py:31 filters"] == "16 -> 48"
    assert run.data.params["task.py:40 learning_rate"] == "0.1 -> 0.001"
    assert run.data.params["winning_trial"] == "1" and run.data.params["seed"] == "7"
    assert run.data.metrics["baseline.objective.accuracy"] == 0.7912
    assert run.data.metrics["final.objective.accuracy"] == 0.9312
    assert (run.data.metrics["baseline.test.accuracy"], run.data.metrics["final.test.accuracy"]) == (0.78, 0.9201)
    tags = run.data.tags
    assert tags["pushtune.repository"] == "https://example.org/digits.git"
    assert tags["pushtune.commit"] == "c0ffee" + "0" * 34 and tags["pushtune.branch"] == "main"
    assert tags["pushtune.entry"] == "task.py" and tags["pushtune.image"] == "pushtune/cnn:1"
    assert tags["pushtune.samples.train"] == "800" and tags["pushtune.version.keras"] == "3.15.1"
    assert len(tags["pushtune.request_sha256"]) == 64
    assert promote(run_folder, "train_digits", settings) == answer


def test_curves_count_a_repeated_epoch_once(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_training(tmp_path / "trials" / "001", number=1, curve=(0.8, 0.9312))
    assert describe_model(tmp_path, "d").curves["curve.winner.accuracy"] == [(1, 0.8), (2, 0.9312), (3, 0.9212)]


def test_the_final_training_cannot_choose_another_trial(tmp_path: Path) -> None:
    """Its folder belongs to the script, which may rewrite the request to borrow a better trial's score."""
    write_tuned_run(tmp_path, best=0.91)
    write_training(tmp_path / "trials" / "009", number=9, curve=(1.0,))
    write_request(tmp_path / "retrain", TrialRequest("retrain", "task.py", 9))
    entry = describe_model(tmp_path, "d")
    assert entry.score.value == 0.91 and entry.parameters["winning_trial"] == "1"


def test_test_data_can_veto_a_tuned_model_only(tmp_path: Path) -> None:
    write_tuned_run(tmp_path, test=0.5)
    assert describe_model(tmp_path, "d").final_check is not None
    write_record(tmp_path, "best", number=1, overrides={}, changes=[])
    assert describe_model(tmp_path, "d").final_check is None


def test_the_guard_of_the_score_decides_in_the_registry(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "home")
    answers = []
    for name, guard, best in (("1", "none", 1.0), ("2", "holdout", 0.97), ("3", "none", 0.99)):
        write_tuned_run(tmp_path / name, best=best)
        path = tmp_path / name / "trials" / "001" / "result.json"
        document = json.loads(path.read_text())
        document["objective"]["guard"] = guard
        path.write_text(json.dumps(document))
        answers.append(promote(tmp_path / name, "train_digits", settings))
    assert [answer["champion"] for answer in answers] == [True, True, False]
    assert "was not and may be optimistic" in answers[1]["reason"]


def test_a_final_training_that_failed_is_not_registered(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_training(tmp_path / "retrain", mode="retrain", number=1, status="interrupted")
    with pytest.raises(ModelMissing, match="Received: final training 'interrupted', objective of trial 1"):
        promote(tmp_path, "train_digits", settings_in(tmp_path / "home"))
