"""A developer's push, for the demonstration: the example is committed to a bare repository of its own."""

import shutil
import tempfile
from pathlib import Path

import git

from pushtune.settings import PROJECT_FOLDER, Settings

EXAMPLE = PROJECT_FOLDER / "examples" / "digits_cnn"
BRANCH = "main"
DEVELOPER = git.Actor("Demo Developer", "developer@localhost")
# Each further push changes the network a little, as a developer who tries things out would.
FILTERS = (16, 12, 8, 10, 14)


def example_repository(settings: Settings) -> Path:
    """Where the bare repository of the demonstration lies."""
    return settings.home / "demo" / "digits_cnn.git"


def push_example(settings: Settings) -> str:
    """Commit the example, or a small change to it, and push; return the new commit's full hash."""
    bare = example_repository(settings)
    if not bare.exists():
        git.Repo.init(bare, bare=True, mkdir=True, initial_branch=BRANCH).close()
    with (
        tempfile.TemporaryDirectory(prefix="pushtune-demo-") as folder,
        git.Repo.init(Path(folder) / "work", initial_branch=BRANCH) as work,
    ):
        remote = work.create_remote("origin", str(bare))
        remote.fetch()
        pushes = _continue_history(work)
        _write_example(Path(work.working_dir), pushes)
        work.git.add(all=True)
        subject = "Add a digit reader" if pushes == 0 else f"Try {FILTERS[pushes % len(FILTERS)]} filters"
        commit = work.index.commit(subject, author=DEVELOPER, committer=DEVELOPER)
        remote.push(f"HEAD:refs/heads/{BRANCH}").raise_if_error()
        return commit.hexsha


def _continue_history(work: git.Repo) -> int:
    """Check out what was pushed before; return the number of commits."""
    if not work.remotes.origin.refs:
        return 0
    work.git.reset("--hard", f"origin/{BRANCH}")
    return sum(1 for _ in work.iter_commits())


def _write_example(folder: Path, pushes: int) -> None:
    for path in EXAMPLE.iterdir():
        if path.is_file():
            shutil.copy(path, folder / path.name)
    script = folder / "task.py"
    changed = script.read_text().replace("filters = 16", f"filters = {FILTERS[pushes % len(FILTERS)]}")
    script.write_text(changed)
