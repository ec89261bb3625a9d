"""The files of a commit, whole or not at all, and nothing of them runs."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.watching.git_http_server import PASSWORD, serve
from tests.watching.git_origin import Origin

from pushtune.errors import BranchMissing, CheckoutRefused, CommitMissing
from pushtune.settings import Settings
from pushtune.watching import check_out as module
from pushtune.watching.check_out import check_out, open_mirror
from pushtune.watching.credentials import Credentials


@pytest.fixture
def fetch(origin: Origin, installation: Settings, tmp_path: Path) -> Any:
    def check(commit: str | None = None, **options: Any) -> dict[str, Any]:
        return check_out(origin.url, "main", commit, tmp_path / "run", **{"settings": installation} | options)

    return check


def files(facts: dict[str, Any]) -> list[str]:
    folder = Path(facts["checkout_folder"])
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_facts_and_files_of_the_head(origin: Origin, fetch: Any, tmp_path: Path) -> None:
    base = origin.commit("src/model.py", "layers = 1\n")
    commit = origin.commit_and_push("train.py", "print('hello')\n")
    facts = fetch(previous_commit=base)
    assert files(facts) == ["src", "src/model.py", "train.py"]
    assert facts["checkout_folder"] == str(tmp_path / "run" / "checkout")
    assert {
        name: facts[name] for name in ("commit", "short_commit", "branch", "repository", "subject", "files", "bytes")
    } == {
        "commit": commit,
        "short_commit": commit[:12],
        "branch": "main",
        "repository": origin.url,
        "subject": "change 2 of train.py",
        "files": 2,
        "bytes": 26,
    }
    assert (facts["author_name"], facts["author_email"]) == ("Ann Author", "ann@example.com")
    assert (facts["changed_paths"], facts["removed_links"], facts["submodules"]) == (["train.py"], [], [])
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["checkout", "checkout.json"]


def test_a_retry_returns_the_same_facts_and_leaves_the_files_alone(origin: Origin, fetch: Any) -> None:
    commit = origin.commit_and_push()
    first = fetch(commit)
    number = Path(first["checkout_folder"]).stat().st_ino
    shutil.rmtree(origin.bare)
    assert fetch(commit) == first
    assert Path(first["checkout_folder"]).stat().st_ino == number


def test_another_commit_replaces_the_files(origin: Origin, fetch: Any) -> None:
    old = origin.commit_and_push("old.py")
    fetch(old)
    origin.git("mv", "old.py", "new.py")
    new = origin.commit_and_push("train.py")
    assert files(fetch(new)) == ["new.py", "train.py"]
    assert files(fetch(old[:10])) == ["old.py"]


def test_half_of_an_interrupted_checkout_is_removed(origin: Origin, fetch: Any, tmp_path: Path) -> None:
    commit = origin.commit_and_push()
    fetch(commit)
    shutil.rmtree(tmp_path / "run" / "checkout")
    (tmp_path / "run" / ".checkout-abc" / "tree").mkdir(parents=True)
    assert files(fetch(commit)) == ["train.py"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["checkout", "checkout.json"]


def test_the_other_user_of_a_container_can_read_everything(origin: Origin, fetch: Any) -> None:
    origin.commit("src/model.py")
    (origin.work / "src" / "run.sh").write_text("#!/bin/sh\n")
    (origin.work / "src" / "run.sh").chmod(0o755)
    origin.commit_and_push()
    before = os.umask(0o077)
    try:
        folder = Path(fetch()["checkout_folder"])
    finally:
        os.umask(before)
    modes = {str(path.relative_to(folder)): oct(path.stat().st_mode & 0o777) for path in [folder, *folder.rglob("*")]}
    assert modes == {
        ".": "0o755",
        "src": "0o755",
        "src/model.py": "0o644",
        "src/run.sh": "0o755",
        "train.py": "0o644",
    }


def test_links_that_leave_the_tree_are_removed_and_listed(origin: Origin, fetch: Any) -> None:
    origin.commit("data/a.txt", "secret?")
    for name, target in {
        "inside": "data/a.txt",
        "folder": "data",
        "dangling": "data/later.txt",
        "loop": "loop",
        "absolute": "/etc/passwd",
        "upward": "../../../etc/passwd",
        "data/up": "../..",
        "over": "folder/../../x",
        "chained": "data/up/x",
        "self": "../checkout/data/a.txt",
    }.items():
        (origin.work / name).symlink_to(target)
    facts = fetch(origin.commit_and_push())
    assert [link.split(" -> ")[0] for link in facts["removed_links"]] == [
        "absolute", "chained", "data/up", "over", "self", "upward",
    ]  # fmt: skip
    assert files(facts) == ["dangling", "data", "data/a.txt", "folder", "inside", "loop", "train.py"]


def test_neither_filters_nor_hooks_nor_attributes_change_anything(origin: Origin, fetch: Any, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    origin.commit("weights.bin", pointer)
    origin.commit("hidden.py", "$Format:%H$\n")
    origin.commit(".lfsconfig", f"[lfs]\n\turl = ext::touch {touched}\n")
    origin.commit(".gitattributes", "weights.bin filter=evil\nhidden.py export-ignore export-subst\n* diff=evil\n")
    origin.commit(".githooks/post-checkout", f"#!/bin/sh\ntouch {touched}\n")
    origin.commit_and_push()
    facts = fetch()
    folder = Path(facts["checkout_folder"])
    assert (folder / "weights.bin").read_text() == pointer
    assert (folder / "hidden.py").read_text() == "$Format:%H$\n"
    assert not (folder / ".git").exists()
    assert not touched.exists()


def test_submodules_are_listed_and_not_fetched(origin: Origin, fetch: Any) -> None:
    origin.commit(".gitmodules", '[submodule "x"]\n\tpath = lib\n\turl = ext::sh -c id\n')
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},lib")
    origin.git("commit", "-q", "-m", "submodule")
    origin.push()
    facts = fetch()
    assert facts["submodules"] == ["lib"]
    assert files(facts) == [".gitmodules", "lib"]


def test_a_commit_that_is_too_large_is_refused_before_anything_is_written(
    origin: Origin, fetch: Any, installation: Settings, tmp_path: Path
) -> None:
    origin.commit_and_push("data.csv", "0," * 1_000_000)
    small = installation.model_copy(update={"checkout_limit_bytes": 2**20})
    with pytest.raises(CheckoutRefused, match=f"must be at most {2**20} bytes in 200000 files. .*data_folder"):
        fetch(settings=small)
    assert list((tmp_path / "run").iterdir()) == []


def test_a_tree_that_multiplies_is_refused(origin: Origin, fetch: Any) -> None:
    tree = origin.git("mktree", text=f"100644 blob {origin.git('hash-object', '-w', '--stdin', text='x')}\ta\n")
    for _ in range(12):
        tree = origin.git("mktree", text="".join(f"040000 tree {tree}\td{number}\n" for number in range(10)))
    commit = origin.git("commit-tree", "-m", "a thousand billion files", tree)
    origin.git("push", "-q", "origin", f"{commit}:refs/heads/main")
    with pytest.raises(CheckoutRefused, match="in 200000 files"):
        fetch()


def test_a_tree_too_deep_to_walk_is_refused(origin: Origin, fetch: Any) -> None:
    origin.commit_and_push("d/" * 70 + "train.py")
    with pytest.raises(CheckoutRefused, match="nested at most 64 deep. Received: 70 in "):
        fetch()


@pytest.mark.parametrize("name", [".git", "..", ".GIT"])
def test_names_that_git_refuses_are_refused(origin: Origin, fetch: Any, name: str) -> None:
    inner = origin.git("mktree", text=f"100755 blob {origin.git('hash-object', '-w', '--stdin', text='x')}\thook\n")
    tree = origin.git("mktree", text=f"040000 tree {inner}\t{name}\n")
    origin.git("push", "-q", "origin", f"{origin.git('commit-tree', '-m', 'x', tree)}:refs/heads/main")
    with pytest.raises(CheckoutRefused, match="must be ones that git allows. Received: error: invalid path"):
        fetch()


def test_a_broken_mirror_is_fetched_again(origin: Origin, fetch: Any, installation: Settings, tmp_path: Path) -> None:
    commit = origin.commit_and_push()
    fetch(commit)
    shutil.rmtree(tmp_path / "run")
    objects = [path for path in open_mirror(origin.url, installation).folder.glob("objects/??/*")]
    for path in objects:
        path.chmod(0o644)
        path.write_bytes(b"")
    assert files(fetch(commit)) == ["train.py"]


def test_a_repository_that_is_broken_itself_is_told(origin: Origin, fetch: Any) -> None:
    commit = origin.commit_and_push()
    blob = origin.git("rev-parse", "HEAD:train.py")
    (origin.bare / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(Exception, match="Received: ") as caught:
        fetch(commit)
    assert blob[:6] in str(caught.value) or "upload-pack" in str(caught.value) or "early EOF" in str(caught.value)


def test_a_file_that_cannot_be_written_is_told(origin: Origin, fetch: Any, tmp_path: Path) -> None:
    blob = origin.git("hash-object", "-w", "--stdin", text="x")
    tree = origin.git("mktree", text=f"100644 blob {blob}\t{'x' * 300}\n")
    origin.git("push", "-q", "origin", f"{origin.git('commit-tree', '-m', 'x', tree)}:refs/heads/main")
    with pytest.raises(CheckoutRefused, match="files of main within 20 s. Received: error: unable to create file xxx"):
        fetch()
    assert list((tmp_path / "run").iterdir()) == []


def test_what_is_not_there_is_told(origin: Origin, fetch: Any) -> None:
    origin.commit_and_push()
    with pytest.raises(CommitMissing):
        fetch("deadbeefdead")
    origin.git("push", "-q", "origin", "--delete", "main")
    with pytest.raises(BranchMissing):
        fetch()


def test_a_commit_outlives_its_branch(origin: Origin, fetch: Any) -> None:
    commit = origin.commit_and_push()
    fetch(commit)
    origin.git("commit", "-q", "--amend", "-m", "amended")
    origin.push("--force")
    fetch()
    assert fetch(commit)["commit"] == commit


def test_over_http_with_a_password(origin: Origin, installation: Settings, tmp_path: Path) -> None:
    commit = origin.commit_and_push()
    with serve(origin.folder, protected=True) as address:
        facts = check_out(
            f"{address}/origin.git",
            "main",
            None,
            tmp_path / "run",
            credentials=Credentials("ann", PASSWORD),
            settings=installation,
        )
    assert facts["commit"] == commit
    assert not any(PASSWORD.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_the_number_of_listed_paths_is_bounded(origin: Origin, fetch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LISTED_PATHS", 3)
    base = origin.commit()
    for number in range(10):
        (origin.work / f"link{number}").symlink_to("/etc")
    origin.commit_and_push()
    facts = fetch(previous_commit=base)
    assert (len(facts["changed_paths"]), len(facts["removed_links"])) == (3, 3)
