"""The files of one commit, written out of a mirror without running anything: measured first, then written."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pushtune.errors import CheckoutRefused
from pushtune.watching.git_command import GitFailed, run_git, stream_git
from pushtune.watching.mirror import Mirror

FILES_LIMIT = 200_000
DEPTH_LIMIT = 64  # far below what programs can recurse into
_GITLINK = "160000"


@dataclass(frozen=True)
class CommitSize:
    """How large a commit is, and the submodules (path, commit) that it names."""

    total_bytes: int
    files: int
    submodules: list[tuple[str, str]]


def measure(mirror: Mirror, commit: str, limit_bytes: int, limit_files: int = FILES_LIMIT) -> CommitSize:
    """Return the size of a commit before a single file is written; stops at the limits. Raises CheckoutRefused."""
    total_bytes, files, submodules = 0, 0, []
    for mode, name, size, path in _entries(mirror, commit):
        files += 1
        total_bytes += size
        if path.count("/") > DEPTH_LIMIT:
            raise CheckoutRefused(
                f"The folders of a commit must be nested at most {DEPTH_LIMIT} deep.",
                f"{path.count('/')} in {commit[:12]}",
                "Move the files up in the repository.",
            )
        if mode == _GITLINK:
            submodules.append((path, name))
        if total_bytes > limit_bytes or files > limit_files:
            raise CheckoutRefused(
                f"The files of a commit must be at most {limit_bytes} bytes in {limit_files} files.",
                f"more than that in {commit[:12]}",
                "Keep data out of the repository (data_folder mounts it), or raise PUSHTUNE_CHECKOUT_LIMIT_BYTES.",
            )
    return CommitSize(total_bytes, files, submodules)


def write_files(mirror: Mirror, commit: str, index: Path, tree: Path, limit_bytes: int) -> None:
    """Write the files of ``commit`` into the folder ``tree``; ``index`` is a file of git's own, beside it.

    Raises:
        CheckoutRefused: a file name that git does not allow. GitFailed: git could not.
    """
    environment = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(tree)}
    for command in (["read-tree", commit], ["checkout-index", "--all", "--force", "--quiet"]):
        try:
            run_git(
                command,
                git_folder=mirror.folder,
                timeout_seconds=mirror.timeout_seconds,
                environment=environment,
                file_limit_bytes=limit_bytes,
            )
        except GitFailed as error:
            if "invalid path" not in error.text:
                raise
            raise CheckoutRefused(
                f"The file names of {commit[:12]} must be ones that git allows.",
                error.text.splitlines()[0][:300],
                "Correct the file name in the repository.",
            ) from error


def _entries(mirror: Mirror, commit: str) -> Iterator[tuple[str, str, int, str]]:
    arguments = ["ls-tree", "-r", "-l", "-z", "--full-tree", commit]
    rest = b""
    with contextlib.closing(
        stream_git(arguments, git_folder=mirror.folder, timeout_seconds=mirror.timeout_seconds)
    ) as output:
        for chunk in output:
            *records, rest = (rest + chunk).split(b"\0")
            for record in records:
                facts, _, path = record.decode("utf-8", "surrogateescape").partition("\t")
                mode, _, name, size = facts.split()
                yield mode, name, int(size) if size.isdigit() else 0, path
