"""Real git repositories: a bare one that is watched, and a working copy that pushes to it."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ann Author",
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "Ann Author",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    """Run git as the person who pushes does, and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | IDENTITY
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, input=text, check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass
class Origin:
    """A bare repository in ``folder/origin.git`` and a working copy of it in ``folder/work``."""

    folder: Path
    count: int = field(default=0)

    def __post_init__(self) -> None:
        self.bare = self.folder / "origin.git"
        self.work = self.folder / "work"
        git(self.folder, "init", "-q", "--bare", "-b", "main", str(self.bare))
        git(self.bare, "config", "receive.denyDeleteCurrent", "ignore")
        git(self.folder, "init", "-q", "-b", "main", str(self.work))
        git(self.work, "remote", "add", "origin", str(self.bare))

    @property
    def url(self) -> str:
        return str(self.bare)

    def git(self, *arguments: str, text: str | None = None) -> str:
        return git(self.work, *arguments, text=text)

    def commit(self, name: str = "train.py", content: str | None = None) -> str:
        self.count += 1
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if content is not None else f"epochs = {self.count}\n")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", f"change {self.count} of {name}")
        return self.git("rev-parse", "HEAD")

    def push(self, *options: str) -> None:
        self.git("push", "-q", *options, "origin", "HEAD:main")

    def commit_and_push(self, name: str = "train.py", content: str | None = None) -> str:
        commit = self.commit(name, content)
        self.push()
        return commit
