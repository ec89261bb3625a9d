"""Repositories and installations in folders whose names have blanks, which only paths of this machine may have."""

import hashlib
from pathlib import Path

import pytest
from tests.watching.git_origin import Origin, git

from pushtune.commands.plain_folder import BRANCH, committed_copy
from pushtune.settings import Settings, load_settings
from pushtune.watching.check_out import Extras, check_out, open_mirror
from pushtune.watching.credentials import Credentials
from pushtune.watching.default_branch import default_branch
from pushtune.watching.git_remote import check_remote, list_refs, resolve_head
from pushtune.watching.watched_repositories import WatchedRepository

WISHES = Extras(submodules=True, lfs=True)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    folder = tmp_path / "my projects  of 2026"
    folder.mkdir()
    return Origin(folder)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"PUSHTUNE_HOME": str(tmp_path / "my home"), "PUSHTUNE_GIT_TIMEOUT_SECONDS": "20"})


def test_git_is_asked_for_its_refs(origin: Origin) -> None:
    commit = origin.commit_and_push()
    origin.git("tag", "-a", "v1", "-m", "one")
    origin.git("push", "-q", "origin", "v1")
    assert WatchedRepository(name="x", url=origin.url).url == origin.url
    assert default_branch(origin.url, timeout_seconds=20) == "main"
    assert check_remote(origin.url, "main", timeout_seconds=20) == commit
    assert resolve_head(origin.url, "other", timeout_seconds=20) is None
    assert list_refs(origin.url, ["refs/heads/*"], timeout_seconds=20) == {"refs/heads/main": commit}
    assert list_refs(origin.url, ["refs/tags/*"], timeout_seconds=20) == {"refs/tags/v1": commit}


def test_it_is_mirrored_by_branch_and_by_commit(origin: Origin, settings: Settings) -> None:
    first = origin.commit_and_push()
    second = origin.commit_and_push("b.py")
    mirror = open_mirror(origin.url, settings, Credentials("ann", "a password", "a key"))
    with mirror.locked():
        assert mirror.fetch("main") == second
        assert mirror.find_commit(first) == first
        assert list(mirror.changed_paths(first, second)) == ["b.py"]
    assert mirror.look("main") == second
    assert mirror.look_at(("refs/heads/main",)) == {"refs/heads/main": second}


@pytest.mark.parametrize("working_copy", [False, True])
def test_it_is_checked_out_with_its_submodules(origin: Origin, settings: Settings, working_copy: bool) -> None:
    library = origin.folder / "my library"
    git(origin.folder, "init", "-q", "-b", "main", str(library))
    (library / "layers.py").write_text("width = 3\n")
    git(library, "add", "--all")
    git(library, "commit", "-q", "-m", "library")
    named = git(library, "rev-parse", "HEAD")
    (origin.work / ".gitmodules").write_text('[submodule "x"]\n\tpath = my lib\n\turl = ../my library\n')
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{named},my lib")
    (origin.work / "my train.py").write_text("print(1)\n")
    origin.git("add", ".gitmodules", "my train.py")
    origin.git("commit", "-q", "-m", "all")
    origin.push()
    url = str(origin.work) if working_copy else origin.url
    facts = check_out(url, "main", None, settings.workspaces / "a run", settings=settings, extras=WISHES)
    checkout = Path(facts["checkout_folder"])
    assert (checkout / "my train.py").read_text() == "print(1)\n"
    assert (checkout / "my lib" / "layers.py").read_text() == "width = 3\n"
    assert facts["repository"] == url


def test_its_objects_of_git_lfs_are_found(origin: Origin, settings: Settings) -> None:
    oid = hashlib.sha256(b"weights").hexdigest()
    stored = origin.bare / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"weights")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 7\n"
    (origin.work / ".gitattributes").write_text("*.bin filter=lfs\n")
    origin.commit_and_push("weights.bin", pointer)
    facts = check_out(origin.url, "main", None, settings.workspaces / "run", settings=settings, extras=WISHES)
    assert (Path(facts["checkout_folder"]) / "weights.bin").read_bytes() == b"weights"


def test_a_plain_folder_is_trained_where_the_home_has_a_blank(origin: Origin, settings: Settings) -> None:
    folder = origin.folder / "plain folder"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    bare = committed_copy(settings, folder)
    assert " " in bare
    facts = check_out(bare, BRANCH, None, settings.workspaces / "run", settings=settings)
    assert (Path(facts["checkout_folder"]) / "train.py").read_text() == "print(1)\n"
