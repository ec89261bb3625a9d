"""The labelled corpus: each folder of ``samples`` is a repository in miniature with the right answers beside it.

A key of ``expected.json`` is compared with the same key of the document; ``warnings`` are parts of warnings that must
be there, ``paths`` are entries of which the given keys must agree, and ``[]`` says that there are none. A new
case needs no Python.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pushtune.inspecting.inspection import inspect_checkout

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())


def _is_subset(wanted: dict[str, Any], given: dict[str, Any]) -> bool:
    return all(given.get(key) == value for key, value in wanted.items())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda folder: folder.name)
def test_sample_is_understood(sample: Path) -> None:
    expected = json.loads((sample / "expected.json").read_text())
    document = inspect_checkout(sample / "repo").as_document()
    warnings = "\n".join(document["warnings"])
    for text in expected.pop("warnings", []):
        assert text in warnings
    wanted_paths = expected.pop("paths", None)
    if wanted_paths == []:
        assert document["paths"] == []
    for wanted in wanted_paths or []:
        assert any(_is_subset(wanted, given) for given in document["paths"]), document["paths"]
    assert {key: document[key] for key in expected} == expected


def test_the_corpus_is_large_enough() -> None:
    assert len(SAMPLES) >= 60
