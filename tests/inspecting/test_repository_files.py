"""Listing and reading a checkout: nothing outside of it, nothing special, nothing without a limit."""

import os
from pathlib import Path

import pytest

from pushtune.inspecting import repository_files
from pushtune.inspecting.repository_files import Deadline, list_repository

SOON = Deadline.after(86_400)  # counted from when the tests are collected


def test_links_are_named_and_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    root = tmp_path / "repo"
    root.mkdir()
    (root / "train.py").symlink_to(secret)
    (root / "outside").symlink_to(tmp_path)
    (root / "loop").symlink_to(root)
    files = list_repository(root, SOON)
    assert files.sizes == {}
    assert files.links == {"train.py": str(secret), "outside": str(tmp_path), "loop": str(root)}
    assert files.read("train.py") is None


def test_a_file_that_becomes_a_link_after_listing_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    files = list_repository(root, SOON)
    (root / "a.py").unlink()
    (root / "a.py").symlink_to(tmp_path / "secret.txt")
    assert files.read("a.py") is None


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert list_repository(tmp_path, SOON).sizes == {}


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.py").open("wb") as stream:
        stream.truncate(10_000_000_000)
    files = list_repository(tmp_path, SOON)
    assert files.total_bytes == 10_000_000_000
    assert files.read("big.py", 1000) is None


def test_the_number_of_files_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository_files, "FILE_LIMIT", 5)
    for number in range(9):
        (tmp_path / f"{number}.txt").touch()
    files = list_repository(tmp_path, SOON)
    assert sorted(files.sizes) == ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt"]
    assert files.truncated == "it holds more than 5 files"


def test_the_depth_is_limited(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(80):
        folder = folder / "d"
        folder.mkdir()
    (folder / "train.py").touch()
    files = list_repository(tmp_path, SOON)
    assert files.sizes == {}
    assert files.truncated == "folders are nested more than 64 deep"


def test_environments_and_caches_are_skipped(tmp_path: Path) -> None:
    for name in (".git", "venv", "node_modules", "site-packages", "x.egg-info"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.py").touch()
    (tmp_path / "odd_environment").mkdir()
    (tmp_path / "odd_environment" / "pyvenv.cfg").touch()
    (tmp_path / "odd_environment" / "train.py").touch()
    assert list_repository(tmp_path, SOON).sizes == {}


def test_large_file_pointers_and_submodules_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    (tmp_path / "y.npy").write_text("data")
    (tmp_path / ".gitmodules").write_text('[submodule "lib"]\n\tpath = third/lib\n\turl = https://example.org/lib\n')
    files = list_repository(tmp_path, SOON)
    assert files.is_lfs_pointer("x.npy")
    assert not files.is_lfs_pointer("y.npy")
    assert not files.is_lfs_pointer("missing.npy")
    assert files.submodules == ["third/lib"]


def test_no_time_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").touch()
    assert list_repository(tmp_path, Deadline.after(-1)).truncated == "the time for listing was used up"


def test_files_are_found_by_the_end_of_their_path(tmp_path: Path) -> None:
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "data" / "train" / "a.csv").touch()
    files = list_repository(tmp_path, SOON)
    assert files.ending_with("train/a.csv") == ["data/train/a.csv"]
    assert files.ending_with("data/train") == ["data/train"] or files.ending_with("train") == ["data/train"]
    assert files.ending_with("rain/a.csv") == []
