"""A repository's history without git, for thousands of examples."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pushtune.errors import BranchMissing

MAIN = "refs/heads/main"


class History:
    """A repository's history in memory, asked like a Mirror: commits with parents and the version of their code."""

    def __init__(self) -> None:
        self.parents: dict[str, str | None] = {}
        self.code: dict[str, int] = {}
        self.heads: dict[str, str] = {}
        self.been_head_of: dict[str, set[str]] = {}
        self.pushed_meanwhile: tuple[str, str | None] | None = None

    def commit(self, parent: str | None, changes_code: bool) -> str:
        name = f"{len(self.parents):040x}"
        self.parents[name] = parent
        self.code[name] = len(self.parents) if changes_code or parent is None else self.code[parent]
        return name

    def ancestors(self, commit: str | None) -> list[str]:
        found = []
        while commit is not None:
            found.append(commit)
            commit = self.parents[commit]
        return found

    def move(self, ref: str, commit: str | None) -> None:
        self.heads.pop(ref, None)
        if commit is not None:
            self.heads[ref] = commit
            self.been_head_of.setdefault(commit, set()).add(ref)

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield

    def look(self, branch: str) -> str:
        return self.find(f"refs/heads/{branch}")

    def look_at(self, patterns: tuple[str, ...]) -> dict[str, str]:
        return {ref: self.heads[ref] for ref in sorted(self.heads, key=lambda ref: (ref != MAIN, ref))}

    def find(self, ref: str) -> str:
        if ref not in self.heads:
            raise BranchMissing("The branch must exist.", ref, "Push it.")
        return self.heads[ref]

    def fetch(self, ref: str) -> str:
        if self.pushed_meanwhile:
            self.move(*self.pushed_meanwhile)
            self.pushed_meanwhile = None
        return self.find(ref)

    def find_commit(self, name: str) -> str:
        return name

    def has(self, commit: str) -> bool:
        return commit in self.parents

    def commits_between(self, base: str | None, head: str, limit: int) -> list[str]:
        known = set(self.ancestors(base))
        return [commit for commit in self.ancestors(head) if commit not in known][1:][:limit] if base else []

    def changed_paths(self, base: str, head: str) -> Iterator[str]:
        yield "README.md"
        if self.code[base] != self.code[head]:
            yield "train.py"

    def describe(self, commit: str) -> dict[str, Any]:
        return {"subject": commit}
