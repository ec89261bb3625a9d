"""Which image is left for code that Keras 3 has refused, and what a later stage corrects in the records."""

from pathlib import Path

import pytest

from pushtune.pipeline.environment import OWN_DOCKERFILE, choose_older_tag
from pushtune.records import amend_record, read_record, recorded
from pushtune.running.image_catalog import image_tag


def test_code_that_keras_3_refuses_has_the_image_with_keras_2_15() -> None:
    inspection = {"chosen_image": {"name": "cnn", "tag": "pushtune/cnn:1", "reason": ""}}
    chosen = choose_older_tag(inspection, {"built_from": "pushtune/cnn:1"}, "train.py:3: ValueError: x")
    assert chosen is not None
    assert (chosen["name"], chosen["tag"]) == ("keras_2_15", image_tag("keras_2_15"))
    assert "train.py:3: ValueError: x" in chosen["reason"]


@pytest.mark.parametrize(
    ("name", "built_from"),
    [("keras_2_15", "pushtune/keras_2_15:1"), ("classical", "pushtune/classical:1"), ("cnn", OWN_DOCKERFILE)],
)
def test_other_code_has_none(name: str, built_from: str) -> None:
    inspection = {"chosen_image": {"name": name, "tag": "", "reason": ""}}
    assert choose_older_tag(inspection, {"built_from": built_from}, "x") is None


def test_an_amended_record_keeps_its_time_and_the_rest_of_its_document(tmp_path: Path) -> None:
    with recorded(tmp_path, "inspect") as document:
        document.update(family="cnn", chosen_image="a")
    before = read_record(tmp_path, "inspect")
    amend_record(tmp_path, "inspect", {"chosen_image": "b"})
    assert before is not None
    before["document"]["chosen_image"] = "b"
    assert read_record(tmp_path, "inspect") == before
