"""Puts the files of one commit into a run's folder without running anything that came with them.

No hook, no filter, no ``.git``, and submodules only where they are asked for; objects of Git LFS are fetched by
lfs.py; links that point out of the tree are removed. The files appear whole or not at all, and are readable for the
other user that training runs as.
"""

import contextlib
import itertools
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushtune.errors import CheckoutRefused
from pushtune.settings import Settings, load_settings
from pushtune.watching.commit_files import measure, write_files
from pushtune.watching.credentials import Credentials
from pushtune.watching.git_command import GitFailed
from pushtune.watching.mirror import Mirror, mirror_folder
from pushtune.watching.ref_patterns import HEADS, TAGS, branch_ref, short_name
from pushtune.watching.repository_url import redacted
from pushtune.watching.submodules import OpenMirror, SubmoduleWriter
from pushtune_contract.reading import read_json, sync_folder, write_json

CHECKOUT_FOLDER = "checkout"
FACTS_FILE = "checkout.json"
DEPTH_LIMIT = 64  # far below what programs can recurse into
LISTED_PATHS = 200

_ASIDE_PREFIX = ".checkout-"


@dataclass(frozen=True)
class Extras:
    """What is fetched besides the files of the commit.

    Attributes:
        submodules: whether the submodules are checked out as well (see submodules.py).
        lfs: whether objects of Git LFS are fetched; None: those that can be had (see lfs.py).
    """

    submodules: bool = False
    lfs: bool | None = None


PLAIN = Extras()


def check_out(
    url: str,
    branch: str,
    commit: str | None,
    run_folder: Path | str,
    *,
    previous_commit: str | None = None,
    credentials: Credentials | None = None,
    settings: Settings | None = None,
    extras: Extras = PLAIN,
) -> dict[str, Any]:
    """Put ``commit`` (the head of ``branch`` where None) into ``run_folder/checkout``.

    ``branch`` may be the full name of a branch or tag.

    A second call with the same commit returns the facts of the first without touching the files.

    Args:
        previous_commit: what ``changed_paths`` is relative to; None leaves it empty.

    Returns:
        JSON data with commit, short_commit, branch, ref (full name), repository, author_name, author_email, subject,
        committed_unix_time, checkout_folder, files (number), bytes, removed_links, submodules, changed_paths (each
        list at most 200 paths), lfs (see lfs.LfsFacts; without it where it is not asked for).

    Raises:
        CommitMissing, BranchMissing, RepositoryMissing, AuthenticationRefused, CheckoutRefused: do not try again.
        RepositoryUnreachable: may pass.
    """
    from pushtune.watching.lfs import fetch_objects  # loads an HTTP client, which reading a DAG file needs not

    settings = settings or load_settings()
    folder = Path(run_folder)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    mirror = open_mirror(url, settings, credentials)
    done = _finished(folder)
    is_whole = not (done or {}).get("lfs", {}).get("left")  # objects of Git LFS may have been pushed meanwhile
    if commit and done and done["commit"].startswith(commit) and is_whole:
        return done
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE_PREFIX, dir=folder))
    try:
        with mirror.locked():
            try:
                written = _fetch_and_write(mirror, branch, commit, aside / "first", settings, extras)
            except GitFailed:
                mirror.remove()  # what a power cut left of it cannot be read: once more from the beginning
                written = _explained(mirror, branch, commit, aside / "second", settings, extras)
            facts = written.facts | _history(mirror, branch, previous_commit, written.facts["commit"])
        if extras.lfs is not False:  # outside of the lock: it may take long, and needs nothing of the mirror
            facts["lfs"] = fetch_objects(written.tree, written.mirrors, settings, required=bool(extras.lfs))
        facts |= _put_in_place(written.tree, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    write_json(folder / FACTS_FILE, facts)
    return facts


def _history(mirror: Mirror, branch: str, previous_commit: str | None, commit: str) -> dict[str, Any]:
    with contextlib.closing(mirror.changed_paths(previous_commit, commit)) as changed:
        paths = list(itertools.islice(changed, LISTED_PATHS))
    ref = branch if branch.startswith((HEADS, TAGS)) else branch_ref(branch)
    known = {"changed_paths": paths, "branch": short_name(ref), "ref": ref, "repository": redacted(mirror.url)}
    return known | mirror.describe(commit)


def open_mirror(url: str, settings: Settings, credentials: Credentials | None = None) -> Mirror:
    """Return the mirror of ``url`` in this installation; nothing is fetched yet."""
    folder = mirror_folder(settings.mirrors, url)
    return Mirror(url, folder, settings.git_timeout_seconds, settings.checkout_limit_bytes, credentials)


def _explained(
    mirror: Mirror, branch: str, commit: str | None, aside: Path, settings: Settings, extras: Extras
) -> "_Written":
    try:
        return _fetch_and_write(mirror, branch, commit, aside, settings, extras)
    except GitFailed as error:
        raise CheckoutRefused(
            f"git must be able to write the files of {commit or branch} within {settings.git_timeout_seconds:g} s.",
            error.text.splitlines()[0][:300],
            "Check the repository with 'git fsck', and the disk; PUSHTUNE_GIT_TIMEOUT_SECONDS sets the time.",
        ) from error


def _fetch_and_write(
    mirror: Mirror, branch: str, commit: str | None, aside: Path, settings: Settings, extras: Extras
) -> "_Written":
    if commit and mirror.has(commit):
        wanted = mirror.find_commit(commit)
    else:
        head = mirror.fetch(branch)
        wanted = mirror.find_commit(commit or head)
    return _write(mirror, wanted, aside, settings, extras.submodules)


@dataclass(frozen=True)
class _Written:
    """A tree that is not in its place yet, and folder within it -> mirror that this is from."""

    tree: Path
    mirrors: dict[str, Mirror]
    facts: dict[str, Any]


def _opener(settings: Settings) -> OpenMirror:
    return lambda url, credentials: open_mirror(url, settings, credentials)


def _shown(path: str) -> str:
    return path.encode("utf-8", "replace").decode()


def _finished(folder: Path) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = read_json(folder / FACTS_FILE)
    except FileNotFoundError:
        return None
    return facts if (folder / CHECKOUT_FOLDER).is_dir() else None


def _remove_leftovers(folder: Path) -> None:
    for leftover in folder.glob(f"{_ASIDE_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _write(mirror: Mirror, commit: str, aside: Path, settings: Settings, with_submodules: bool) -> _Written:
    limit_bytes = settings.checkout_limit_bytes
    size = measure(mirror, commit, limit_bytes)
    tree = aside / "tree"
    tree.mkdir(parents=True)
    write_files(mirror, commit, aside / "index", tree, limit_bytes)
    mirrors = {"": mirror}
    if with_submodules:
        writer = SubmoduleWriter(tree, aside, _opener(settings), limit_bytes - size.total_bytes)
        writer.write(mirror, commit, size.submodules)
        mirrors |= writer.mirrors
    facts = {
        "commit": commit,
        "short_commit": commit[:12],
        "files": size.files,
        "bytes": size.total_bytes,
        "submodules": [_shown(path) for path, _ in size.submodules[:LISTED_PATHS]],
    }
    return _Written(tree, mirrors, facts)


def _put_in_place(tree: Path, folder: Path) -> dict[str, Any]:
    target = folder / CHECKOUT_FOLDER
    removed = _remove_outward_links(tree)
    _make_readable(tree)
    (folder / FACTS_FILE).unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    tree.rename(target)
    sync_folder(folder)
    return {"checkout_folder": str(target), "removed_links": removed[:LISTED_PATHS]}


def _remove_outward_links(tree: Path) -> list[str]:
    """Remove the symbolic links that lead out of ``tree``; return them as ``path -> target``, sorted."""
    root = tree.resolve()
    outward = []
    for parent, folders, files in os.walk(tree, followlinks=False):
        for name in (*folders, *files):
            path = Path(parent) / name
            if path.is_symlink() and not _stays_inside(path, root):
                outward.append(path)
    removed = sorted(f"{path.relative_to(tree)} -> {path.readlink()}"[:500] for path in outward)
    for path in outward:
        path.unlink()
    return removed


def _stays_inside(link: Path, root: Path) -> bool:
    if link.readlink().is_absolute():
        return False  # it would point somewhere else once the tree is mounted in a container
    return Path(os.path.realpath(link)).is_relative_to(root)


def _make_readable(tree: Path) -> None:
    """Give everyone what ``chmod a+rX`` gives, whatever the umask of this process is."""
    for parent, _, files in os.walk(tree, followlinks=False):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent) / name
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
