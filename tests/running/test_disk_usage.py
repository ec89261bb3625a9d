import os
import subprocess

from pushtune.running import disk_usage
from pushtune.running.disk_usage import ENTRY_BYTES, folder_bytes

LIMIT = 2**20


def test_files_count_by_what_they_take_on_disk(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "file").write_bytes(b"x" * 100_000)
    assert 100_000 + ENTRY_BYTES <= folder_bytes(tmp_path, LIMIT) < 120_000


def test_a_file_with_holes_takes_little_and_empty_files_take_something(tmp_path):
    with (tmp_path / "holes").open("wb") as stream:
        stream.truncate(2**30)
    assert folder_bytes(tmp_path, LIMIT) < LIMIT
    for number in range(10):
        (tmp_path / f"empty{number}").touch()
    assert folder_bytes(tmp_path, LIMIT) >= 11 * ENTRY_BYTES


def test_counting_stops_over_the_limit(tmp_path):
    for number in range(4):
        (tmp_path / str(number)).write_bytes(b"x" * 2**19)
    assert folder_bytes(tmp_path, LIMIT) > LIMIT


def test_too_many_entries_count_as_over_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_usage, "ENTRIES_LIMIT", 5)
    for number in range(10):
        (tmp_path / str(number)).touch()
    assert folder_bytes(tmp_path, LIMIT) == LIMIT + 1


def test_links_are_not_followed(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "large").write_bytes(b"x" * 2 * LIMIT)
    (tmp_path / "inside" / "loop").symlink_to(tmp_path / "inside")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "large")
    assert folder_bytes(tmp_path / "inside", LIMIT) == 2 * ENTRY_BYTES


def test_a_tree_too_deep_to_look_at_counts_as_over_the_limit(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    name = "d" * 250
    for _ in range(20):
        os.mkdir(name, dir_fd=here)  # noqa: PTH102
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert folder_bytes(tmp_path, 2**40) == 2**40 + 1
    subprocess.run(["rm", "-rf", str(tmp_path / name)], check=True)


def test_a_missing_folder_takes_nothing(tmp_path):
    assert folder_bytes(tmp_path / "none", LIMIT) == 0
