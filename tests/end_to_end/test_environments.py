"""A push whose code needs more than its family's image: installed before the training, or refused with the reason."""

import pytest
from driver import Driver

from pushtune.records import read_record
from pushtune_contract.result import read_result

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]
SCRIPT = """\
import {module}
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
x, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=200)
model.fit(x, y)
print(model.score(x, y))
"""
# Keras 2 makes a layer of each function of TensorFlow that a model's symbols go through; Keras 3 refuses them. That
# ``halved`` is called with such a symbol shows only when it runs.
REFUSED_BY_KERAS_3 = """\
import numpy as np
import tensorflow as tf
from tensorflow.keras import Input, Model, layers


def halved(x):
    return tf.multiply(x, 0.5)


inputs = Input((4,))
outputs = layers.Dense(1, activation="sigmoid")(halved(layers.Dense(8, activation="relu")(inputs)))
model = Model(inputs, outputs)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
x = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")
model.fit(x[:320], y[:320], epochs=30, batch_size=8, verbose=0)
print("test", model.evaluate(x[320:], y[320:], verbose=0))
"""


def test_what_keras_3_refuses_is_trained_and_tuned_with_keras_2(driver: Driver) -> None:
    driver.watch("older", target=0.9999, rounds=1, trials_per_round=1, epochs=3, notify=["older@localhost"])
    driver.push("older", {"train.py": REFUSED_BY_KERAS_3}, "Written for Keras 2")
    run = driver.finished_run("older", 0)
    folder = driver.folder("older", run["dag_run_id"])
    assert run["state"] == "success"
    assert driver.tasks("older", run["dag_run_id"])[("train_dense", -1)]["try_number"] == 1
    for stage in (folder / "baseline", folder / "trials" / "001", folder / "retrain"):
        assert read_result(stage).versions["tensorflow"] == "2.15.1"
    assert any("Keras 3 refuses this code (train.py:7: " in mail for mail in driver.mails("older@localhost"))


def test_what_the_code_needs_is_installed_before_it_is_trained(driver: Driver) -> None:
    driver.watch("needy", target=0.5, notify=["needy@localhost"])
    lines = "tabulate==0.9.0\nscikit-learn==0.19.1\n"
    files = {"train.py": SCRIPT.format(module="tabulate"), "requirements.txt": lines}
    driver.push("needy", files, "Needs a table")
    run = driver.finished_run("needy", 0)
    folder = driver.folder("needy", run["dag_run_id"])
    assert run["state"] == "success"
    prepared = read_record(folder, "prepare_image")
    assert prepared is not None
    assert prepared["document"]["packages"] == ["tabulate==0.9.0"]
    assert any("scikit-learn==0.19.1 is not applied" in mail for mail in driver.mails("needy@localhost"))
    driver.engine.images.remove(prepared["document"]["image_tag"], force=True)


def test_a_package_that_does_not_exist_ends_the_run_with_its_line(driver: Driver) -> None:
    driver.watch("typo", notify=["typo@localhost"])
    driver.push("typo", {"train.py": SCRIPT.format(module="no_such_package_anywhere")}, "Mistyped")
    run = driver.finished_run("typo", 0)
    assert run["state"] == "failed"
    task = driver.tasks("typo", run["dag_run_id"])[("prepare_image", -1)]
    assert (task["state"], task["try_number"]) == ("failed", 1)
    (mail,) = driver.mails("typo@localhost")
    assert "train.py:1: no-such-package-anywhere" in mail
    assert "Correct the name at train.py:1" in mail
