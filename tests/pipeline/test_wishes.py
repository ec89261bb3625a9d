"""From ``pushtune.yaml`` in the checkout to what trials are asked for, and to the warning in the report."""

import json
from pathlib import Path

from tests.tuning.tuning_samples import baseline, finish, result, write_curve

from pushtune.pipeline import tasks
from pushtune.pipeline.run import Run
from pushtune.records import read_record, recorded
from pushtune.settings import Settings
from pushtune.watching.watched_repositories import WatchedRepository
from pushtune_contract.request import read_request
from pushtune_contract.result import write_result

SCRIPT = "import keras\nm = keras.Sequential([keras.layers.Conv2D(16, 3)])\nm.compile('adadelta')\nm.fit(x, y)\n"
WISHES = """
arguments: [--fast]
freeze: [optimizer, momentum, epochs]
narrow: {units: [100, 300]}
"""


def a_run(tmp_path: Path) -> Run:
    """Return a run whose baseline has been trained."""
    repository = WatchedRepository(name="shop", url="https://git.example/shop.git")
    options = {"target": 0.9, "rounds": 1, "trials_per_round": 4, "epochs": None}
    run = Run.of(Settings(home=tmp_path / "home"), repository, "manual__1", options)
    run.checkout.mkdir(parents=True)
    (run.checkout / "task.py").write_text(SCRIPT)
    (run.checkout / "pushtune.yaml").write_text(WISHES)
    with recorded(run.folder, "check_out"):
        pass
    tasks.inspect(run)
    with recorded(run.folder, "prepare_image") as document:
        document.update(image_tag="pushtune/cnn:test", built_from=run.document("inspect")["chosen_image"]["tag"])
    (run.folder / "baseline").mkdir()
    write_result(run.folder / "baseline", baseline(0.4))
    write_curve(run.folder / "baseline", [0.4])
    return run


def test_frozen_epochs_reach_the_final_training(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    tasks.judge_baseline(run)
    for number in range(1, len(tasks.plan_round(run, 1)) + 1):
        finish(run.folder, number, result(0.5 if number == 2 else 0.3, best_epoch=3))
    tasks.collect_round(run, 1)
    tasks.choose_best(run)
    request = read_request(run.folder / "retrain")
    assert request.trial_number == 2
    assert request.epoch_budget is None
    assert not any(name.endswith(".epochs") for name in request.overrides)


def test_wishes_reach_the_trials_and_what_names_nothing_is_a_warning(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    judged = tasks.judge_baseline(run)
    assert judged["warnings"] == [
        "pushtune.yaml: freeze: 'momentum' names no value that the script passes to its library"
    ]
    record = read_record(run.folder, "judge_baseline")
    assert record is not None
    assert record["document"]["warnings"] == judged["warnings"]
    trials = tasks.plan_round(run, 1)
    requests = [read_request(run.folder / "trials" / f"{number:03d}") for number in range(1, len(trials) + 1)]
    assert len(requests) == 4
    for request in requests:
        given = {name.rpartition(".")[2]: value for name, value in request.overrides.items()}
        assert request.arguments == ["--fast"]
        assert "optimizer" not in given
        assert 100 <= float(given["units"]) <= 300
    assert json.loads((run.folder / "records" / "inspect.json").read_text())["document"]["wishes"]["narrow"]
