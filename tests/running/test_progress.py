import json
import os

from pushtune.running import progress
from pushtune.running.progress import ProgressReader, describe, summary
from pushtune_contract.progress import ProgressLine, append_progress


def line(epoch: int, **changes) -> ProgressLine:
    facts = {"kind": "epoch", "phase": "train", "unix_time": 1.0, "fit": 1, "epochs": 10, "seconds": 4.2}
    return ProgressLine(**{**facts, "epoch": epoch, **changes})


def test_only_new_lines_are_returned(tmp_path):
    reader = ProgressReader(tmp_path)
    assert reader.read_new() == []
    append_progress(tmp_path, line(1))
    assert [found.epoch for found in reader.read_new()] == [1]
    append_progress(tmp_path, line(2))
    append_progress(tmp_path, line(3))
    assert [found.epoch for found in reader.read_new()] == [2, 3]
    assert reader.read_new() == [] and reader.last.epoch == 3 and reader.lines == 3


def test_a_line_that_is_still_being_written_waits(tmp_path):
    reader = ProgressReader(tmp_path)
    append_progress(tmp_path, line(1))
    with (tmp_path / "progress.jsonl").open("a") as stream:
        text = json.dumps({"kind": "epoch", "phase": "train", "unix_time": 1.0, "epoch": 2})
        stream.write(text[:20])
        stream.flush()
        assert [found.epoch for found in reader.read_new()] == [1]
        stream.write(text[20:] + "\n")
    assert [found.epoch for found in reader.read_new()] == [2]


def test_forged_lines_are_left_out_and_links_are_not_followed(tmp_path):
    (tmp_path / "progress.jsonl").write_text('{"kind": "boom"}\n[]\nNaN\n' + "x" * 100_000 + "\n")
    append_progress(tmp_path, line(5))
    assert [found.epoch for found in ProgressReader(tmp_path).read_new()] == [5]
    (tmp_path / "progress.jsonl").rename(tmp_path / "real")
    (tmp_path / "progress.jsonl").symlink_to(tmp_path / "real")
    assert ProgressReader(tmp_path).read_new() == []
    (tmp_path / "progress.jsonl").unlink()
    os.mkfifo(tmp_path / "progress.jsonl")
    assert ProgressReader(tmp_path).read_new() == []


def test_a_look_is_bounded_and_a_file_begun_anew_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "LINES_PER_LOOK_LIMIT", 3)
    for epoch in range(5):
        append_progress(tmp_path, line(epoch))
    reader = ProgressReader(tmp_path)
    assert [len(reader.read_new()) for _ in range(3)] == [3, 2, 0]
    (tmp_path / "progress.jsonl").unlink()
    append_progress(tmp_path, line(9))
    assert [found.epoch for found in reader.read_new()] == [9]


def test_description_is_one_printable_line():
    text = describe(line(3, metrics={"val_accuracy": 0.79334, "bad\n\x1b[0m": 1.0}, objective=0.79334))
    assert text == "epoch 3 of 10: val_accuracy 0.7933, bad [0m 1, objective 0.7933, 4.2 s"
    assert describe(line(0, kind="resume", fit=2, seconds=0.0, message="from\nepoch 4")) == (
        "fit 2, resume, train: from epoch 4"
    )


def test_summary_is_small_and_plain():
    many = line(1, metrics={f"m{number}": 1.0 for number in range(100)})
    assert len(summary(many)["metrics"]) == progress.METRICS_LIMIT
    assert json.loads(json.dumps(summary(many)))["epochs"] == 10
