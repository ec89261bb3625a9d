"""A folder that is no git repository becomes one, so that people can try Pushtune before they commit anything."""

import hashlib
import tempfile
from pathlib import Path

import git

from pushtune.commands.added_repositories import readable_name
from pushtune.errors import FolderNotUsable
from pushtune.running.disk_usage import folder_bytes
from pushtune.settings import Settings

BRANCH = "main"
AUTHOR = git.Actor("Pushtune", "pushtune@localhost")


def committed_copy(settings: Settings, folder: Path) -> str:
    """Commit the files of ``folder``, ignored ones too, to a bare repository of its own; return that one's path.

    Called again it replaces the commit: repository, name and DAG stay the same. ``folder`` itself is not changed.

    Raises:
        FolderNotUsable: the folder is too large, empty, or holds something that git cannot read.
    """
    if folder_bytes(folder, settings.checkout_limit_bytes) > settings.checkout_limit_bytes:
        raise FolderNotUsable(
            f"A folder that is trained must be at most {settings.checkout_limit_bytes} bytes and 200,000 files.",
            f"{folder} is larger",
            "Name the folder of the training script alone, or raise PUSHTUNE_CHECKOUT_LIMIT_BYTES.",
        )
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:6]
    bare = settings.home / "copies" / f"{readable_name(str(folder))}-{digest}.git"
    if not bare.exists():
        git.Repo.init(bare, bare=True, mkdir=True, initial_branch=BRANCH).close()
    try:
        _commit(folder, bare)
    except git.GitCommandError as error:
        raise FolderNotUsable(
            "git must be able to read every file of the folder.", str(error.stderr).strip()[-300:],
            "Correct what git names, or name another folder.",
        ) from error
    return str(bare)


def _commit(folder: Path, bare: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="pushtune-copy-") as scratch,
        git.Repo.init(Path(scratch) / "work", initial_branch=BRANCH) as work,
    ):
        git.Git(str(folder)).execute(
            ["git", f"--git-dir={work.git_dir}", f"--work-tree={folder}", "add", "--all", "--force", "."]
        )
        if not work.index.entries:
            raise FolderNotUsable(
                "A folder that is trained must hold a training script.", f"{folder} is empty",
                "Name the folder of the training script.",
            )
        work.index.commit(f"Copy of {folder.name}", author=AUTHOR, committer=AUTHOR)
        work.create_remote("origin", str(bare)).push(f"+HEAD:refs/heads/{BRANCH}").raise_if_error()
