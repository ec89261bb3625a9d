"""What a container may have written is refused unless it follows the contract to the letter."""

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune_contract import layout
from pushtune_contract.parameters import Parameter, describe_change
from pushtune_contract.progress import ProgressLine, append_progress, read_heartbeat, read_last_progress, read_progress
from pushtune_contract.reading import UnsafeFile, copy_plain_files, read_bytes, read_json, read_json_lines, write_json
from pushtune_contract.request import TrialRequest, read_request, write_request
from pushtune_contract.result import Objective, TrialResult, read_result, write_result
from pushtune_contract.validation import INTEGER_LIMIT, ContractViolation, as_document, build

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
finite = st.floats(allow_nan=False, allow_infinity=False)


whole = st.integers(-INTEGER_LIMIT, INTEGER_LIMIT)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.booleans() | whole | finite | st.text(max_size=50)))
def test_a_request_survives_the_way_through_a_file(tmp_path_factory: pytest.TempPathFactory, overrides: dict) -> None:
    folder = tmp_path_factory.mktemp("trial")
    request = TrialRequest("trial", "src/train.py", overrides=overrides, epoch_budget=7)
    write_request(folder, request)
    again = read_request(folder)
    assert again == request
    assert {key: type(value) for key, value in again.overrides.items()} == {k: type(v) for k, v in overrides.items()}


@given(json_values)
def test_no_document_crashes_the_checker(document: object) -> None:
    for kind in (TrialRequest, TrialResult, ProgressLine, Parameter):
        try:
            build(kind, document)
        except ContractViolation as error:
            assert str(error)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"mode": "destroy"}, "mode: expected one of"),
        ({"entry": "../../etc/passwd"}, "expected a path inside the repository"),
        ({"entry": "/etc/passwd"}, "expected a path inside the repository"),
        ({"entry": 3}, "expected str, but got int"),
        ({"seed": -1}, "seed: expected at least 0"),
        ({"epoch_budget": 0}, "epoch_budget: expected at least 1"),
        ({"validation_fraction": 1.0}, "expected 0 < fraction < 1"),
        ({"contract_version": 999}, "build the images again"),
        ({"surprise": 1}, "expected fields among"),
        ({"overrides": {"a": [1]}}, "expected one of"),
        ({"threads": True}, "expected int, but got bool"),
        ({"objective": "x" * 30_000}, "a text of at most"),
    ],
)
def test_a_broken_request_is_refused_with_the_reason(change: dict, text: str) -> None:
    document = {**as_document(TrialRequest("trial", "train.py")), **change}
    with pytest.raises(ContractViolation, match=text):
        build(TrialRequest, document)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(tmp_path: Path, number: str) -> None:
    (tmp_path / layout.RESULT_FILE).write_text(f'{{"status": "done", "script_sha256": "", "seconds": {number}}}')
    with pytest.raises((UnsafeFile, ContractViolation)):
        read_result(tmp_path)


def test_a_result_survives_the_way_through_a_file(tmp_path: Path) -> None:
    parameter = Parameter("t.py:3:8#0.Dense.units", "units", "Dense", "units", 32, True, "t.py", 3, 8)
    result = TrialResult("done", "ab", Objective("accuracy", "maximize", 0.9, 3, "holdout"), search_space=[parameter])
    write_result(tmp_path, result)
    assert read_result(tmp_path) == result


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large", "deep", "binary"])
def test_anything_but_a_plain_document_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "result.json"
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    {
        "link": lambda: path.symlink_to(secret),
        "pipe": lambda: os.mkfifo(path),
        "folder": lambda: path.mkdir(),
        "large": lambda: path.write_bytes(b" " * (4 * 2**20 + 1)),
        "deep": lambda: path.write_text("[" * 100_000 + "]" * 100_000),
        "binary": lambda: path.write_bytes(b"\xff\xfe\x00"),
    }[kind]()
    with pytest.raises(UnsafeFile):
        read_json(path)


def test_a_half_written_or_forged_line_does_not_hide_the_others(tmp_path: Path) -> None:
    append_progress(tmp_path, ProgressLine("epoch", "train", 1.0, epoch=1, objective=0.5))
    with (tmp_path / layout.PROGRESS_FILE).open("a") as stream:
        stream.write('nonsense\n{"kind": "epoch"}\n' + "x" * 100_000 + "\n")
    append_progress(tmp_path, ProgressLine("epoch", "train", 2.0, epoch=2, objective=0.6))
    with (tmp_path / layout.PROGRESS_FILE).open("a") as stream:
        stream.write('{"kind": "epoch", "phase": "tr')
    assert [line.epoch for line in read_progress(tmp_path)] == [1, 2]
    last = read_last_progress(tmp_path)
    assert last is not None and last.epoch == 2


def test_missing_files_are_no_error_where_they_are_optional(tmp_path: Path) -> None:
    assert read_progress(tmp_path) == [] and read_last_progress(tmp_path) is None
    assert read_heartbeat(tmp_path) is None
    assert list(read_json_lines(tmp_path / "none")) == []


def test_a_reader_sees_the_old_document_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    write_json(path, {"version": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"version": math.nan})
    assert json.loads(path.read_text()) == {"version": 1}


def test_copies_hold_no_link_and_respect_the_limit(tmp_path: Path) -> None:
    source = tmp_path / "model"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "weights").write_bytes(b"12345")
    (source / "passwd").symlink_to("/etc/passwd")
    (source / "etc").symlink_to("/etc")
    assert copy_plain_files(source, tmp_path / "copy", 100) == 5
    assert [path.name for path in (tmp_path / "copy").rglob("*") if path.is_file()] == ["weights"]
    with pytest.raises(UnsafeFile, match="at most 4 bytes"):
        copy_plain_files(source, tmp_path / "second", 4)
    link = tmp_path / "link"
    link.symlink_to(source)
    with pytest.raises(UnsafeFile, match="must be a folder"):
        copy_plain_files(link, tmp_path / "third", 100)


def test_a_bounded_read_takes_what_fits(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    assert read_bytes(tmp_path / "file", 4) == b"1234"


def test_a_change_reads_as_a_person_would_write_it() -> None:
    parameter = Parameter("task.py:31:20#0.Conv2D.filters", "filters", "Conv2D", "filters", 16, True, "task.py", 31, 20)
    assert describe_change(parameter, 48) == "task.py:31 filters 16 -> 48"
    assert len(describe_change(parameter, "x" * 20_000)) < 300
