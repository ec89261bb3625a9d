"""A plain folder is trained as it is, and is left as it is."""

import os
from pathlib import Path

import git
import pytest

from pushtune.commands.plain_folder import BRANCH, committed_copy
from pushtune.errors import FolderNotUsable
from pushtune.settings import Settings


def committed_files(bare: str) -> dict[str, bytes]:
    with git.Repo(bare) as repository:
        tree = repository.heads[BRANCH].commit.tree
        return {str(blob.path): blob.data_stream.read() for blob in tree.traverse() if blob.type == "blob"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my net"
    (folder / "data").mkdir(parents=True)
    (folder / "train.py").write_text("print(1)\n")
    (folder / "data" / "x.csv").write_text("1,2\n")
    (folder / ".gitignore").write_text("data\n")
    return folder


def test_every_file_is_committed_ignored_data_too(tmp_path: Path, folder: Path) -> None:
    bare = committed_copy(Settings(home=tmp_path / "home"), folder)
    assert committed_files(bare) == {"train.py": b"print(1)\n", "data/x.csv": b"1,2\n", ".gitignore": b"data\n"}
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", "data", "train.py"]


def test_a_second_copy_replaces_the_first(tmp_path: Path, folder: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    first = committed_copy(settings, folder)
    (folder / "train.py").write_text("print(2)\n")
    (folder / "data" / "x.csv").unlink()
    assert committed_copy(settings, folder) == first
    assert committed_files(first) == {"train.py": b"print(2)\n", ".gitignore": b"data\n"}


def test_folders_of_one_name_are_kept_apart(tmp_path: Path, folder: Path) -> None:
    other = tmp_path / "other" / folder.name
    other.mkdir(parents=True)
    (other / "train.py").write_text("print(3)\n")
    settings = Settings(home=tmp_path / "home")
    assert committed_copy(settings, folder) != committed_copy(settings, other)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FolderNotUsable, match=r"must hold a training script.*is empty"):
        committed_copy(Settings(home=tmp_path / "home"), tmp_path / "empty")


def test_a_folder_beyond_the_limit_is_refused(tmp_path: Path, folder: Path) -> None:
    (folder / "large").write_bytes(os.urandom(2**21))
    with pytest.raises(FolderNotUsable, match=r"at most 1048576 bytes.*PUSHTUNE_CHECKOUT_LIMIT_BYTES"):
        committed_copy(Settings(home=tmp_path / "home", checkout_limit_bytes=2**20), folder)


def test_what_git_cannot_read_is_named(tmp_path: Path, folder: Path) -> None:
    git.Repo.init(folder / "vendor", mkdir=True).close()  # a repository without a commit cannot be added
    with pytest.raises(FolderNotUsable, match=r"git must be able to read every file.*vendor"):
        committed_copy(Settings(home=tmp_path / "home"), folder)
