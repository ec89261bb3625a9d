"""A push whose code needs more than its family's image: installed before the training, or refused with the reason."""

import pytest
from driver import Driver

from pushtune.records import read_record

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
