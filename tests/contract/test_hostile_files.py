"""What a trial can put at the place of a document, or into one, to harm its reader."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pushtune_contract import layout, validation
from pushtune_contract.progress import TAIL_BYTES, ProgressLine, read_heartbeat, read_last_progress, read_progress
from pushtune_contract.reading import (
    DEPTH_LIMIT,
    DOCUMENT_LIMIT_BYTES,
    ENTRIES_LIMIT,
    INVALID_LINES_LIMIT,
    UnsafeFile,
    copy_plain_files,
    parse_json,
    plain_files,
    read_json,
    remove_unfinished,
    write_json,
)
from pushtune_contract.result import SECONDS_LIMIT, Objective, TrialResult
from pushtune_contract.validation import ContractViolation, build

TRAINING = Path(__file__).parents[2] / "training"
LINE = {"kind": "epoch", "phase": "train", "unix_time": 1.0}
BEAT = {"counter": 1, "phase": "train", "expected_seconds": 1.0, "unix_time": 1.0}
DIGITS = "9" * 400  # a whole number in JSON, but too large for any float


@pytest.mark.parametrize("field", ["seconds", "unix_time", "objective", "epoch"])
def test_numbers_too_large_for_a_float_cost_their_line_and_nothing_else(tmp_path: Path, field: str) -> None:
    forged = json.dumps({**LINE, field: int(DIGITS)})
    (tmp_path / layout.PROGRESS_FILE).write_text(f"{forged}\n{json.dumps(LINE)}\n")
    assert len(read_progress(tmp_path)) == 1
    (tmp_path / layout.HEARTBEAT_FILE).write_text(json.dumps({**BEAT, "expected_seconds": int(DIGITS)}))
    assert read_heartbeat(tmp_path) is None


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400 + ".0"])
def test_no_number_is_read_as_infinity(tmp_path: Path, number: str) -> None:
    content = f'{{"value": [1, {number}]}}'
    with pytest.raises(UnsafeFile, match="must be a JSON document, but it is not: .* is beyond the largest number"):
        parse_json(content.encode(), "result")
    forged = json.dumps(LINE)[:-1] + f', "metrics": {{"loss": {number}}}}}'
    (tmp_path / layout.PROGRESS_FILE).write_text(f"{forged}\n{json.dumps(LINE)}\n")
    assert len(read_progress(tmp_path)) == 1
    assert parse_json(b"[1e308, -2.5, 1e-999, 3]", "result") == [1e308, -2.5, 0.0, 3]


@pytest.mark.parametrize("invalid", ["{}", "x"])
def test_what_follows_very_many_invalid_lines_is_not_read(tmp_path: Path, invalid: str) -> None:
    """Each costs its reader some microseconds, and a file holds millions of them."""
    line = json.dumps(LINE) + "\n"
    few, many = (f"{invalid}\n" * number for number in (INVALID_LINES_LIMIT - 1, INVALID_LINES_LIMIT))
    (tmp_path / layout.PROGRESS_FILE).write_text(line + few + line)
    assert len(read_progress(tmp_path)) == 2
    (tmp_path / layout.PROGRESS_FILE).write_text(line + many + line)
    assert len(read_progress(tmp_path)) == 1
    (tmp_path / layout.PROGRESS_FILE).write_text(line + many)
    assert read_last_progress(tmp_path) is None


def test_the_newest_line_of_a_file_of_any_size_is_found(tmp_path: Path) -> None:
    with (tmp_path / layout.PROGRESS_FILE).open("wb") as stream:
        stream.truncate(2**30)
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n" + json.dumps({**LINE, "epoch": 7}).encode() + b"\n{}\n")
    last = read_last_progress(tmp_path)
    assert last is not None and last.epoch == 7
    with (tmp_path / layout.PROGRESS_FILE).open("ab") as stream:
        stream.write(b"\n" * TAIL_BYTES)
    assert read_last_progress(tmp_path) is None


def test_the_types_of_a_class_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    build(ProgressLine, LINE)
    monkeypatch.setattr(validation.typing, "get_type_hints", None)
    assert build(ProgressLine, LINE).kind == "epoch"


@pytest.mark.parametrize("depth", [3, 500, 900, 960, 970, 975, 980, 985, 990, 995, 2000])
def test_lists_nested_as_deep_as_they_go_are_refused_with_a_short_text(depth: int) -> None:
    text = json.dumps(LINE)[:-1] + ', "message": ' + "[" * depth + "]" * depth + "}"
    with pytest.raises((UnsafeFile, ContractViolation)) as caught:
        build(ProgressLine, parse_json(text.encode(), "progress"))
    assert len(str(caught.value)) < 400


def test_epochs_are_not_counted_backwards() -> None:
    with pytest.raises(ContractViolation, match="best_epoch: expected at least 0, but got -5"):
        build(Objective, {"metric": "a", "direction": "maximize", "value": 1.0, "best_epoch": -5, "guard": "holdout"})


@pytest.mark.parametrize("seconds", [1e308, -1, SECONDS_LIMIT + 1])
def test_no_training_takes_longer_than_a_lifetime_of_machines(seconds: float) -> None:
    """The sum of two such numbers is infinite, and no report could be made of it."""
    with pytest.raises(ContractViolation, match="TrialResult: seconds: expected 0 to 3.16224e.08, but got"):
        build(TrialResult, {"status": "done", "script_sha256": "a", "seconds": seconds})


def test_the_name_of_a_field_with_half_a_character_can_be_told() -> None:
    with pytest.raises(ContractViolation, match="a.b: expected float, but got str 'x'") as caught:
        build(TrialResult, {"status": "done", "script_sha256": "a", "test_metrics": {"a\ud800b": "x"}})
    assert str(caught.value).encode()


def test_half_characters_become_something_that_can_be_written() -> None:
    line = build(ProgressLine, parse_json(json.dumps({**LINE, "message": "a\ud800b"}).encode(), "progress"))
    assert line.message == "a?b"


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """A letter takes two bytes, not the six of its escape; half a character comes back as it was."""
    path = tmp_path / "document.json"
    document = {"message": "é" * (DOCUMENT_LIMIT_BYTES // 3), "half": "a\ud800b", "name": "\udc80"}
    write_json(path, document)
    assert read_json(path) == document and path.stat().st_size < DOCUMENT_LIMIT_BYTES
    with pytest.raises(UnsafeFile, match="document.json must hold at most 4194304 bytes, but this one would"):
        write_json(path, {"message": "x" * DOCUMENT_LIMIT_BYTES})
    assert read_json(path) == document
    assert [left.name for left in tmp_path.iterdir()] == ["document.json"]


def test_writing_follows_no_link_that_was_prepared_at_a_name_to_guess(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    folder = tmp_path / "trial"
    folder.mkdir()
    for name in ("document.json", f".document.json.{os.getpid()}.tmp", ".document.json.tmp"):
        (folder / name).symlink_to(victim)
    write_json(folder / "document.json", {"a": 1})
    assert victim.read_text() == "untouched" and not (folder / "document.json").is_symlink()
    assert json.loads((folder / "document.json").read_text()) == {"a": 1}


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "document.json").mkdir()
    with pytest.raises(IsADirectoryError):
        write_json(tmp_path / "document.json", {})
    assert [path.name for path in tmp_path.iterdir()] == ["document.json"]


def test_what_a_killed_writer_leaves_is_removed_and_nothing_else(tmp_path: Path) -> None:
    killed = (
        "import os, signal, sys\n"
        "from pushtune_contract import reading\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        "reading.write_json(sys.argv[1], {})\n"
    )
    command = [sys.executable, "-c", killed, str(tmp_path / "heartbeat.json")]
    writer = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(TRAINING)}, check=False, timeout=60)
    assert writer.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".heartbeat.json.")
    kept = [tmp_path / name for name in ("result.json", ".notes.json.tmp", ".heartbeat.json.zz.tmp")]
    for path in kept:
        path.touch()
    (tmp_path / f".a.json.{'0' * 16}.tmp").mkdir()
    remove_unfinished(tmp_path)
    assert not left.exists() and all(path.exists() for path in kept)


def test_a_tree_deeper_than_recursion_goes_is_refused(tmp_path: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(1500):
            Path("d").mkdir()
            os.chdir("d")
        os.chdir(here)
        with pytest.raises(UnsafeFile, match=f"nested at most {DEPTH_LIMIT} deep"):
            list(plain_files(tmp_path))
    finally:
        os.chdir(here)
        os.system(f"rm -rf {tmp_path}/d")


def test_more_entries_than_a_model_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pushtune_contract.reading.ENTRIES_LIMIT", 10)
    for number in range(11):
        (tmp_path / str(number)).touch()
    assert ENTRIES_LIMIT > 10
    with pytest.raises(UnsafeFile, match="at most 10 files and folders"):
        list(plain_files(tmp_path))


def test_a_copy_does_not_give_its_owner_away(tmp_path: Path) -> None:
    """Copied by root, a program that keeps its set-user-id bit would be root's."""
    source = tmp_path / "model"
    source.mkdir()
    for name, mode in (("tool", 0o6755), ("weights", 0o4666)):
        (source / name).write_bytes(b"x")
        (source / name).chmod(mode)
    copy_plain_files(source, tmp_path / "copy", 100)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "copy").iterdir()}
    assert modes == {"tool": 0o755, "weights": 0o644}


def test_a_file_that_only_claims_to_be_huge_costs_neither_memory_nor_disk(tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    with (source / "weights").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(UnsafeFile, match="at most 4194304 bytes"):
        copy_plain_files(source, tmp_path / "copy", 4 * 2**20)
    assert (tmp_path / "copy" / "weights").stat().st_size <= 5 * 2**20
