"""The curves of the page and the mail: whole ones, long ones, and files that a script has filled."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pushtune import shown_curves
from pushtune.shown_curves import POINTS_LIMIT, WHOLE_LIMIT_BYTES, shown_curve
from pushtune_contract import layout
from pushtune_contract.progress import ProgressLine, append_progress, learning_curve
from pushtune_contract.reading import PROGRESS_LIMIT_BYTES
from pushtune_contract.validation import as_document

LINE = ProgressLine("epoch", "train", 1.0, 2.0, 1, 1, 10)


def write_epochs(folder: Path, count: int, message: str = "") -> int:
    """Write ``count`` epochs whose objective is their number, each followed by a tick; return the bytes."""
    lines = []
    for epoch in range(1, count + 1):
        line = replace(LINE, epoch=epoch, objective=float(epoch), message=message)
        lines += [line, replace(line, kind="tick", objective=None)]
    text = "".join(json.dumps(as_document(line)) + "\n" for line in lines)
    return (folder / layout.PROGRESS_FILE).write_text(text)


@pytest.mark.parametrize("count", [0, 1, 2, POINTS_LIMIT])
def test_a_curve_that_is_short_enough_is_whole(tmp_path: Path, count: int) -> None:
    write_epochs(tmp_path, count)
    assert list(shown_curve(tmp_path)) == learning_curve(tmp_path) and len(shown_curve(tmp_path)) == count


@pytest.mark.parametrize(("count", "message"), [(POINTS_LIMIT + 1, ""), (1000, ""), (1000, "x" * 1000)])
def test_a_long_curve_is_thinned_out_and_keeps_its_last_point(tmp_path: Path, count: int, message: str) -> None:
    assert (write_epochs(tmp_path, count, message) > WHOLE_LIMIT_BYTES) == bool(message)
    points = shown_curve(tmp_path)
    assert POINTS_LIMIT / 2 < len(points) <= POINTS_LIMIT + 1
    assert points[0] == (1, 1.0) and points[-1] == (count, float(count))
    assert all(epoch == value for epoch, value in points)


def test_epochs_without_an_objective_are_counted_neither_in_small_files_nor_in_large_ones(tmp_path: Path) -> None:
    """Validated every other epoch, the last one not."""
    for number in range(1, 6):
        append_progress(tmp_path, replace(LINE, epoch=number, objective=None if number % 2 else number / 10))
    assert shown_curve(tmp_path) == ((1, 0.2), (2, 0.4))
    with (tmp_path / layout.PROGRESS_FILE).open("a") as stream:
        stream.write("\n" * WHOLE_LIMIT_BYTES)
    assert shown_curve(tmp_path) == ((1, 0.2), (2, 0.4))


def test_a_long_curve_and_a_longer_one_have_epochs_in_common(tmp_path: Path) -> None:
    epochs = []
    for name, count in (("a", 500), ("b", 1100)):
        (tmp_path / name).mkdir()
        write_epochs(tmp_path / name, count)
        epochs.append({epoch for epoch, _ in shown_curve(tmp_path / name)})
    assert {epoch for epoch in epochs[1] if epoch <= 500} <= epochs[0]


def test_a_file_is_parsed_again_only_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_epochs(tmp_path, 2)
    first = shown_curve(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(shown_curves, "learning_curve", None)
        assert shown_curve(tmp_path) is first
    append_progress(tmp_path, replace(LINE, epoch=3, objective=0.5))
    assert shown_curve(tmp_path)[-1] == (3, 0.5)


def test_of_a_large_file_only_the_lines_that_are_shown_are_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed, parse = list[bytes](), shown_curves.parse_json
    monkeypatch.setattr(shown_curves, "parse_json", lambda line, name: parsed.append(line) or parse(line, name))
    write_epochs(tmp_path, 20_000)
    assert len(shown_curve(tmp_path)) == len(parsed) <= POINTS_LIMIT + 1


def test_lines_of_a_large_file_that_are_not_valid_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / layout.PROGRESS_FILE
    half = json.dumps(as_document(replace(LINE, epoch=2, objective=2.0)))
    path.write_text('{"kind": "epoch", "objective": 1, "message": 3}\n' + "\n" * WHOLE_LIMIT_BYTES)
    append_progress(tmp_path, replace(LINE, epoch=1, objective=1.0))
    with path.open("a") as stream:
        stream.write(half[:-1])
    assert shown_curve(tmp_path) == ((2, 1.0),)


def test_a_file_that_is_missing_forged_or_too_large_gives_none(tmp_path: Path) -> None:
    path = tmp_path / layout.PROGRESS_FILE
    assert shown_curve(tmp_path) == ()
    os.mkfifo(path)
    assert shown_curve(tmp_path) == ()
    path.unlink()
    write_epochs(tmp_path, 5)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert shown_curve(tmp_path) == ()
    path.unlink()
    (tmp_path / "elsewhere").rename(path)
    os.truncate(path, PROGRESS_LIMIT_BYTES + 1)
    assert shown_curve(tmp_path) == ()
