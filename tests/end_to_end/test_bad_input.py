"""Bad input of every kind ends with one clear message, in the report and in one e-mail, and leaves nothing behind."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from driver import Driver

from pushtune.records import read_record

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]

MODEL = """import numpy as np
from keras.layers import Dense
from keras.models import Sequential
model = Sequential([Dense(4, activation='relu'), Dense(2, activation='softmax')])
model.compile(loss='sparse_categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
X, y = np.random.rand(64, 3), np.random.randint(0, 2, 64)
"""
# name -> files of the repository, task that fails, words that the message must have
CASES: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "nothing_to_train": ({"notes.py": "print('hello')\n"}, "inspect", ["train"]),
    "broken_syntax": ({"train.py": MODEL + "model.fit(X, y\n"}, "inspect", ["train.py"]),
    "raises": (
        {"train.py": MODEL + "rate = 1 / 0\nmodel.fit(X, y)\n"},
        "train_dense",
        ["train.py", "division by zero", "7"],
    ),
    "never_fits": ({"train.py": MODEL + "if len(X) > 100:\n    model.fit(X, y)\n"}, "train_dense", ["fit"]),
    "too_hungry": (
        {"train.py": MODEL + "hoard = [np.ones((64, 2**20)) for _ in range(100)]\nmodel.fit(X, y)\n"},
        "train_dense",
        ["memory"],
    ),
}


@pytest.fixture(scope="module")
def runs(driver: Driver) -> Iterator[dict[str, str]]:
    """Run ids of all cases, started at the same time."""
    for name, (files, _, _) in CASES.items():
        driver.watch(name, watch=False, notify=[f"{name}@localhost"])
        driver.push(name, files, f"Case {name}")
    yield {name: driver.trigger(name, rounds=0) for name in CASES}
    assert driver.containers() == []


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_clearly_and_once(driver: Driver, runs: dict[str, str], name: str) -> None:
    _, task_id, words = CASES[name]
    run = driver.finished_run(name, 0)
    assert run["state"] == "failed"
    record = read_record(driver.folder(name, runs[name]), "report")
    assert record is not None
    error: dict[str, Any] = record["document"]["error"]
    told = json.dumps(error)
    assert all(word in told for word in words), told
    mails = driver.mails(f"{name}@localhost")
    assert len(mails) == 1 and all(word in mails[0] for word in words)
    failed = {
        key[0]: task["try_number"] for key, task in driver.tasks(name, runs[name]).items() if task["state"] == "failed"
    }
    assert set(failed) == {task_id, "finish"} and failed[task_id] <= 3, failed


def test_a_commit_that_is_not_there(driver: Driver, runs: dict[str, str]) -> None:
    run_id = driver.trigger("raises", commit="0123456789abcdef0123456789abcdef01234567")
    run = driver.wait(
        "the run",
        lambda: next((r for r in driver.runs("raises") if r["dag_run_id"] == run_id and r["state"] == "failed"), None),
    )
    states = {key[0]: task["state"] for key, task in driver.tasks("raises", run["dag_run_id"]).items()}
    assert states["wait_for_push"] == "failed" and states["check_out"] == "upstream_failed"
    record = read_record(driver.folder("raises", run_id), "report")
    assert record is not None and "0123456789ab" in json.dumps(record["document"]["error"])


@pytest.mark.parametrize(
    "conf", [{"rounds": 99}, {"target": "high"}, {"commit": "--upload-pack=x"}, {"trials_per_round": 0}]
)
def test_bad_options_are_refused_before_anything_starts(
    driver: Driver, runs: dict[str, str], conf: dict[str, Any]
) -> None:
    from pushtune.errors import AirflowRefused

    with pytest.raises(AirflowRefused, match="400"):
        driver.api.post("/dags/raises/dagRuns", {"logical_date": None, "conf": conf})
