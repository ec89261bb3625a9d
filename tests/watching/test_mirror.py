"""The bare copy of a repository: fetched whole, mended by itself, read without running anything."""

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.watching.git_origin import Origin, git

from pushtune.errors import BranchMissing, CheckoutRefused, CommitMissing, RepositoryMissing, RepositoryUnreachable
from pushtune.watching.mirror import Mirror, mirror_folder, remove_mirror, unwatched_mirrors


@pytest.fixture
def mirror(origin: Origin, tmp_path: Path) -> Mirror:
    return Mirror(origin.url, mirror_folder(tmp_path / "mirrors", origin.url), 20, 2**30)


def fetch(mirror: Mirror) -> str:
    with mirror.locked():
        return mirror.fetch("main")


def test_each_address_has_a_folder_that_people_recognise(tmp_path: Path) -> None:
    urls = [
        "/srv/digits.git",
        "/other/digits.git",
        "git@h:team/digits.git",
        "https://h/digits",
        "file:///",
        "/x/%2e%2e",
    ]
    folders = [mirror_folder(tmp_path, url) for url in urls]
    assert len(set(folders)) == len(urls)
    assert all(folder.parent == tmp_path for folder in folders)
    assert folders[0].name.startswith("digits-") and folders[4].name.startswith("file-")


def test_fetch_brings_the_branch_and_only_it(origin: Origin, mirror: Mirror) -> None:
    commit = origin.commit_and_push()
    origin.git("tag", "v1")
    origin.git("push", "-q", "origin", "v1", "HEAD:other")
    assert fetch(mirror) == commit
    assert len([path for path in mirror.folder.glob("refs/**/*") if path.is_file()]) == 1


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_shallow_clone_is_mirrored(origin: Origin, mirror: Mirror, tmp_path: Path, prefix: str) -> None:
    for _ in range(4):
        last = origin.commit_and_push()
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{origin.bare}", str(clone))
    mirror = replace(mirror, url=f"{prefix}{clone}")
    assert fetch(mirror) == last
    newest = origin.commit_and_push("new.py")
    git(clone, "fetch", "-q", "--depth=1")
    git(clone, "reset", "-q", "--hard", "origin/main")
    assert fetch(mirror) == newest
    assert list(mirror.changed_paths(last, newest)) == ["new.py"]
    git(clone, "pull", "-q", "--unshallow")
    newer = origin.commit_and_push()
    git(clone, "pull", "-q")
    assert fetch(mirror) == newer
    with mirror.locked():
        assert mirror.find_commit(newer[:12]) == newer


def test_a_commit_of_a_shallow_clone_is_fetched_by_name(origin: Origin, mirror: Mirror, tmp_path: Path) -> None:
    origin.commit_and_push()
    last = origin.commit_and_push()
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin.bare}", str(clone))
    mirror = replace(mirror, url=str(clone))
    with mirror.locked():
        assert mirror.find_commit(last) == last
    assert git(mirror.folder, "rev-list", last) == last, "its history ends where that of the clone does"


def test_a_branch_may_become_a_folder_of_branches(origin: Origin, mirror: Mirror) -> None:
    """git keeps no ``a`` beside ``a/b``: the mirror, which forgets nothing, has names of its own."""
    first = origin.commit_and_push()
    origin.git("push", "-q", "origin", "HEAD:a")
    with mirror.locked():
        assert mirror.fetch("refs/heads/a") == first
        origin.git("push", "-q", "origin", ":a")
        second = origin.commit()
        origin.git("push", "-q", "origin", "HEAD:a/b")
        assert mirror.fetch("refs/heads/a/b") == second
        with pytest.raises(BranchMissing, match="branch 'a', which is gone"):
            mirror.fetch("refs/heads/a")


def test_a_tag_stands_for_its_commit(origin: Origin, mirror: Mirror) -> None:
    commit = origin.commit_and_push()
    origin.git("tag", "light")
    origin.git("tag", "-a", "-m", "x", "heavy")
    origin.git("tag", "-a", "-m", "x", "heavier", "heavy")
    origin.git("tag", "file", "HEAD:train.py")
    origin.git("push", "-q", "origin", "--tags")
    refs = mirror.look_at(("refs/heads/main", "refs/tags/*"))
    assert list(refs) == ["refs/heads/main", *(f"refs/tags/{name}" for name in ("file", "heavier", "heavy", "light"))]
    assert {refs[f"refs/tags/{name}"] for name in ("light", "heavy", "heavier")} == {commit}
    with mirror.locked():
        for name in ("light", "heavy", "heavier"):
            assert mirror.fetch(f"refs/tags/{name}") == commit
        with pytest.raises(CommitMissing, match="tag file, which is something else"):
            mirror.fetch("refs/tags/file")


def test_fetch_follows_a_rewritten_branch_and_keeps_the_old_commits(origin: Origin, mirror: Mirror) -> None:
    old = origin.commit_and_push()
    fetch(mirror)
    origin.git("commit", "-q", "--amend", "-m", "amended")
    origin.push("--force")
    new = fetch(mirror)
    assert new == origin.git("rev-parse", "HEAD") != old
    assert mirror.has(old)


def test_what_cannot_be_fetched_is_told(origin: Origin, mirror: Mirror, tmp_path: Path) -> None:
    origin.commit_and_push("large.bin", os.urandom(100_000).hex())
    with pytest.raises(BranchMissing, match="branch 'gone', which is gone. Push it again"), mirror.locked():
        mirror.fetch("gone")
    small = replace(mirror, folder=tmp_path / "small.git", size_limit_bytes=50_000)
    with pytest.raises(CheckoutRefused, match="must be at most 50000 bytes. .* Raise PUSHTUNE_CHECKOUT_LIMIT_BYTES"):
        fetch(small)
    away = replace(mirror, url=str(tmp_path / "away.git"))
    with pytest.raises(RepositoryMissing):
        fetch(away)


def test_a_commit_is_found_by_the_beginning_of_its_name(origin: Origin, mirror: Mirror) -> None:
    commit = origin.commit_and_push()
    fetch(mirror)
    assert mirror.find_commit(commit[:8].upper()) == commit
    assert mirror.find_commit(f" {commit}\n") == commit


def test_a_commit_beside_the_branch_is_fetched_by_its_name(origin: Origin, mirror: Mirror) -> None:
    origin.commit_and_push()
    fetch(mirror)
    beside = origin.commit()
    origin.git("push", "-q", "origin", "HEAD:refs/heads/beside")
    assert mirror.find_commit(beside) == beside


@pytest.mark.parametrize("name", ["deadbeefdead", "f" * 40, "HEAD", "main", "--all", "", "abc", "1" * 65, "v1^{tree}"])
def test_what_is_no_commit_of_the_repository_is_told(origin: Origin, mirror: Mirror, name: str) -> None:
    origin.commit_and_push()
    fetch(mirror)
    with pytest.raises(CommitMissing, match="must be in .*origin.git. Received: .* Give 7 to 40 hexadecimal digits"):
        mirror.find_commit(name)


def test_a_blob_is_no_commit(origin: Origin, mirror: Mirror) -> None:
    origin.commit_and_push()
    fetch(mirror)
    with pytest.raises(CommitMissing):
        mirror.find_commit(origin.git("rev-parse", "HEAD:train.py"))


def test_commits_between_two_heads(origin: Origin, mirror: Mirror) -> None:
    base, *between = [origin.commit() for _ in range(5)]
    head = origin.commit_and_push()
    fetch(mirror)
    assert mirror.commits_between(base, head, 100) == between[::-1]
    assert mirror.commits_between(base, head, 2) == between[:1:-1]
    assert mirror.commits_between(head, head, 100) == []
    assert mirror.commits_between(None, head, 100) == []
    assert mirror.commits_between("f" * 40, head, 100) == []


def test_changed_paths_between_two_commits(origin: Origin, mirror: Mirror) -> None:
    base = origin.commit("old name.txt")
    origin.git("mv", "old name.txt", "größe\nneu.txt")
    head = origin.commit_and_push("src/train.py")
    fetch(mirror)
    assert sorted(mirror.changed_paths(base, head)) == ["größe\nneu.txt", "old name.txt", "src/train.py"]
    assert list(mirror.changed_paths(head, head)) == []
    assert list(mirror.changed_paths(None, head)) == []
    assert list(mirror.changed_paths("f" * 40, head)) == []


def test_what_an_author_writes_stays_on_one_line_and_within_bounds(origin: Origin, mirror: Mirror) -> None:
    (origin.work / "a.py").write_text("1")
    origin.git("add", "--all")
    author = "Ann\x1b[31m\t" + "x" * 300 + " <ann@example.com>"
    origin.git("commit", "-q", f"--author={author}", "-m", "subject\x07 \u202e" + "y" * 600 + "\n\nbody")
    origin.push()
    facts = mirror.describe(fetch(mirror))
    assert str(facts["author_name"]).startswith("Ann [31m xxx")
    assert len(str(facts["author_name"])) <= 200 and len(str(facts["subject"])) <= 500
    assert all(character.isprintable() for character in f"{facts['author_name']}{facts['subject']}")
    assert facts["author_email"] == "ann@example.com"
    assert isinstance(facts["committed_unix_time"], int) and facts["committed_unix_time"] > 1.6e9


@pytest.mark.parametrize(
    "leftover", ["refs/heads/main.lock", "packed-refs.lock", "shallow.lock", "objects/pack/tmp_pack_x"]
)
def test_a_fetch_goes_on_after_one_that_was_killed(origin: Origin, mirror: Mirror, leftover: str) -> None:
    origin.commit_and_push()
    fetch(mirror)
    commit = origin.commit_and_push()
    (mirror.folder / leftover).write_bytes(b"half")
    assert fetch(mirror) == commit
    assert not (mirror.folder / leftover).exists()


def hold(mirror: Mirror, held: Callable[[], None], wait: Callable[[], None]) -> None:
    with mirror.locked():
        held()
        wait()


def test_only_one_process_works_on_a_mirror(mirror: Mirror) -> None:
    held, done = multiprocessing.Event(), multiprocessing.Event()
    other = multiprocessing.Process(target=hold, args=(mirror, held.set, done.wait))
    other.start()
    try:
        assert held.wait(20)
        with (
            pytest.raises(RepositoryUnreachable, match="must become free for the next run. Received: origin-.* in use"),
            replace(mirror, timeout_seconds=0.1).locked(),
        ):
            raise AssertionError
    finally:
        done.set()
        other.join(20)
    with mirror.locked():
        assert other.exitcode == 0


def test_mirrors_of_repositories_that_nobody_watches_any_more(tmp_path: Path) -> None:
    mirrors = tmp_path / "mirrors"
    watched, gone = (mirror_folder(mirrors, f"/srv/{name}.git") for name in ("watched", "gone"))
    for folder in (watched, gone):
        (folder / "objects").mkdir(parents=True)
    assert unwatched_mirrors(mirrors, ["/srv/watched.git"]) == [gone]
    with Mirror("", gone, 1.0, 0).locked(), pytest.raises(RepositoryUnreachable, match="must become free"):
        remove_mirror(gone, 0.1)
    remove_mirror(gone, 0.1)
    assert unwatched_mirrors(mirrors, ["/srv/watched.git"]) == [] and watched.is_dir()
