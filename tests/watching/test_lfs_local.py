"""Objects of Git LFS in repositories of this machine, as the real git-lfs leaves them there."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.watching.git_origin import Origin, git
from tests.watching.lfs_http_server import LfsServer, serve_lfs

from pushtune.errors import LfsRefused
from pushtune.pipeline.data import lfs_warnings
from pushtune.settings import Settings
from pushtune.watching.check_out import Extras, check_out
from pushtune.watching.lfs_pointers import find_pointers

WEIGHTS = bytes(range(256)) * 100
OID = hashlib.sha256(WEIGHTS).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(WEIGHTS)}\n"

needs_git_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")


@pytest.fixture
def fetch(origin: Origin, installation: Settings, tmp_path: Path) -> Any:
    def run(url: str = "", lfs: bool | None = True, **options: Any) -> dict[str, Any]:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        extras = Extras(lfs=lfs, **options)
        return check_out(url or origin.url, "main", None, tmp_path / "run", settings=installation, extras=extras)

    return run


def put(repository: Path, content: bytes = WEIGHTS) -> Path:
    """Lay an object where git-lfs keeps it."""
    file = repository / "lfs" / "objects" / OID[:2] / OID[2:4] / OID
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def content(facts: dict[str, Any], name: str = "weights.bin") -> bytes:
    return (Path(facts["checkout_folder"]) / name).read_bytes()


@needs_git_lfs
def test_what_the_real_git_lfs_pushes_is_trained(origin: Origin, fetch: Any, installation: Settings) -> None:
    origin.git("lfs", "install", "--local")
    origin.git("lfs", "track", "*.bin")
    (origin.work / "data").mkdir()
    (origin.work / "data" / "weights.bin").write_bytes(WEIGHTS)
    (origin.work / "other.bin").write_bytes(WEIGHTS[:777])
    origin.commit_and_push()
    assert origin.git("lfs", "ls-files", "--name-only").split() == ["data/weights.bin", "other.bin"]
    for url in (origin.url, f"file://{origin.bare}", str(origin.work)):
        facts = fetch(url)
        assert content(facts, "data/weights.bin") == WEIGHTS
        assert content(facts, "other.bin") == WEIGHTS[:777]
        assert facts["lfs"]["files"] == 2 and facts["lfs"]["downloaded_bytes"] == 0
    assert not list(installation.mirrors.glob("*/lfs")), "what lies on this machine is not kept twice"


@needs_git_lfs
def test_the_pointers_are_those_of_git_lfs(origin: Origin) -> None:
    (origin.work / "weights.bin").write_bytes(WEIGHTS)
    text = origin.git("lfs", "pointer", "--file=weights.bin")
    (origin.work / "pointer").write_text(text.split("\n\n")[-1].strip() + "\n")
    ((pointer),) = find_pointers(origin.work)
    assert (pointer.oid, pointer.size_bytes, pointer.shown) == (OID, len(WEIGHTS), "pointer")


def test_an_object_that_is_not_there_is_told(origin: Origin, fetch: Any) -> None:
    origin.commit_and_push("weights.bin", POINTER)
    with pytest.raises(LfsRefused, match=f"weights.bin .*Received: no such object in {origin.bare}/lfs/objects"):
        fetch()
    facts = fetch(lfs=None)
    (warning,) = lfs_warnings(facts)
    assert warning.startswith("weights.bin: only the Git LFS pointer is there, not the content. The content of ")
    assert content(facts) == POINTER.encode()
    assert lfs_warnings(fetch(lfs=False)) == []


def test_an_object_of_another_content_is_not_taken(origin: Origin, fetch: Any) -> None:
    put(origin.bare, WEIGHTS[::-1])
    origin.commit_and_push("weights.bin", POINTER)
    with pytest.raises(LfsRefused):
        fetch()


def test_neither_links_nor_pipes_are_read(origin: Origin, fetch: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(WEIGHTS)
    file = put(origin.bare)
    file.unlink()
    file.symlink_to(secret)
    origin.commit_and_push("weights.bin", POINTER)
    assert fetch(lfs=None)["lfs"]["left"] == ["weights.bin"]
    file.unlink()
    os.mkfifo(file)
    assert fetch(lfs=None)["lfs"]["left"] == ["weights.bin"]


def test_links_in_the_tree_are_not_followed(origin: Origin, fetch: Any, tmp_path: Path) -> None:
    put(origin.bare)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text(POINTER)
    (origin.work / "link").symlink_to(outside / "victim")
    (origin.work / "folder").symlink_to(outside)
    origin.commit_and_push("weights.bin", POINTER)
    assert content(fetch()) == WEIGHTS
    assert (outside / "victim").read_text() == POINTER


@pytest.mark.parametrize(
    "text",
    [
        POINTER.replace("sha256:", "sha1:"),
        POINTER.replace("size", "length"),
        POINTER.replace(OID, OID[:-1]),
        POINTER.replace(str(len(WEIGHTS)), "-1"),
        POINTER.replace(str(len(WEIGHTS)), "9" * 16),
        POINTER.replace("oid", "ext-0-foo sha256:1\noid"),
        POINTER + "more\n",
        POINTER + "\n" * 1000,
        "#!/bin/sh\n" + POINTER,
    ],
)
def test_what_is_no_pointer_stays(origin: Origin, fetch: Any, text: str) -> None:
    put(origin.bare)
    origin.commit_and_push("weights.bin", text)
    facts = fetch()
    assert content(facts) == text.encode() and facts["lfs"]["files"] == 0


def test_a_hostile_file_name_is_shown_as_text(origin: Origin, fetch: Any) -> None:
    origin.commit_and_push("a\x1b[31m\nb.bin", POINTER)
    assert fetch(lfs=None)["lfs"]["left"] == ["a?[31m?b.bin"]


def test_objects_of_a_submodule_are_its_own(origin: Origin, fetch: Any) -> None:
    library = origin.folder / "library.git"
    git(origin.folder, "init", "-q", "--bare", "-b", "main", str(library))
    (origin.folder / "library").mkdir()
    git(origin.folder / "library", "init", "-q", "-b", "main")
    (origin.folder / "library" / "weights.bin").write_text(POINTER)
    git(origin.folder / "library", "add", "--all")
    git(origin.folder / "library", "commit", "-q", "-m", "x")
    git(origin.folder / "library", "push", "-q", str(library), "HEAD:main")
    commit = git(origin.folder / "library", "rev-parse", "HEAD")
    (origin.work / ".gitmodules").write_text('[submodule "x"]\n\tpath = lib\n\turl = ../library.git\n')
    origin.git("add", ".gitmodules")
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{commit},lib")
    origin.git("commit", "-q", "-m", "x")
    origin.push()
    put(origin.bare)
    assert fetch(lfs=None, submodules=True)["lfs"]["left"] == ["lib/weights.bin"], "not the parent's"
    put(library)
    assert content(fetch(submodules=True), "lib/weights.bin") == WEIGHTS


def test_one_repository_does_not_get_what_another_has_fetched(
    origin: Origin, installation: Settings, tmp_path: Path
) -> None:
    origin.commit_and_push("weights.bin", POINTER)
    shutil.copytree(origin.bare, origin.folder / "curious.git")
    state = LfsServer(origin.folder, objects={OID: WEIGHTS})
    with serve_lfs(state) as address:
        check_out(f"{address}/origin.git", "main", None, tmp_path / "one", settings=installation)
        state.objects = {}
        facts = check_out(f"{address}/curious.git", "main", None, tmp_path / "two", settings=installation)
    assert facts["lfs"]["left"] == ["weights.bin"]
