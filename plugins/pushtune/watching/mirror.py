"""The bare copy of a watched repository: what a branch consists of, read without running anything of it."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pushtune.errors import BranchMissing, CheckoutRefused, CommitMissing, PushtuneError, RepositoryUnreachable
from pushtune.file_locks import wait_for_lock
from pushtune.watching.credentials import Credentials
from pushtune.watching.git_command import GitFailed, run_git, stream_git
from pushtune.watching.git_remote import check_remote, explain_failure, list_refs
from pushtune.watching.ref_patterns import HEADS, TAGS, branch_ref, check_ref, select, short_name
from pushtune.watching.repository_url import check_url, redacted

LOOK_LIMIT_SECONDS = 20.0
_COMMIT_NAME = re.compile(r"[0-9a-f]{7,64}")
# A repository may be a shallow clone: git refuses those unless the mirror may become shallow as well.
_FETCH_OPTIONS = ("--no-tags", "--no-write-fetch-head", "--update-shallow", "--quiet")
# What git says of a repository that a power cut left half written; the mirror is thrown away then and fetched again.
_BROKEN = re.compile(
    r"bad object|corrupt|is empty|unable to read|valid object|missing (blob|tree|commit)|bad tree"
    r"|not a git repository: |bad config|unterminated line"
)


@dataclass(frozen=True)
class Mirror:
    """A bare repository in ``folder``, filled from ``url``; ``size_limit_bytes`` bounds what one fetch may bring."""

    url: str
    folder: Path
    timeout_seconds: float
    size_limit_bytes: int
    credentials: Credentials | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the mirror alone, across processes and hosts that share its folder.

        Raises:
            RepositoryUnreachable: another process held it for longer than two git commands may take.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_suffix(".lock").open("w") as stream:
            if not wait_for_lock(stream, 2 * self.timeout_seconds):
                raise RepositoryUnreachable(
                    "A mirror must become free for the next run.", f"{self.folder.name} is in use", "It is tried again."
                )
            yield

    def look(self, branch: str) -> str:
        """Return the commit of ``branch`` in the repository itself, without fetching. Raises what check_remote does."""
        timeout_seconds = min(self.timeout_seconds, LOOK_LIMIT_SECONDS)
        return check_remote(self.url, branch, timeout_seconds=timeout_seconds, credentials=self.credentials)

    def look_at(self, patterns: tuple[str, ...]) -> dict[str, str]:
        """Return ref -> commit of what ``patterns`` watch (see ref_patterns.select), without fetching."""
        timeout_seconds = min(self.timeout_seconds, LOOK_LIMIT_SECONDS)
        refs = list_refs(self.url, patterns, timeout_seconds=timeout_seconds, credentials=self.credentials)
        return select(refs, patterns)[0]

    def fetch(self, branch: str) -> str:
        """Bring ``branch``, or a branch or tag by its full name, up to date; return its commit. Only inside ``locked``.

        Raises:
            BranchMissing, CheckoutRefused (too large), RepositoryUnreachable, RepositoryMissing, AuthenticationRefused.
            CommitMissing: a tag that stands for something else than a commit.
        """
        ref = check_ref(branch if branch.startswith((HEADS, TAGS)) else branch_ref(branch))
        self._prepare()
        try:
            self._fetch(ref)
        except GitFailed as error:
            if not _BROKEN.search(error.text):
                raise self._explained(ref, error) from error
            self.remove()
            self._prepare()
            try:
                self._fetch(ref)
            except GitFailed as again:
                raise self._explained(ref, again) from again
        return self._commit_of(ref)

    def _commit_of(self, ref: str) -> str:
        try:
            return self._read("rev-parse", "--verify", "--quiet", f"{_kept_as(ref)}^{{commit}}").strip()
        except GitFailed as error:
            raise CommitMissing(
                "What is trained must be a commit.",
                f"{short_name(ref)}, which is something else",
                "Tag a commit.",
            ) from error

    def find_commit(self, name: str) -> str:
        """Return the full name of the commit ``name`` (7 to 64 hexadecimal digits), fetched by name if need be.

        Raises:
            CommitMissing: it is not in the repository, is ambiguous, or is no name of a commit at all.
        """
        wanted = name.strip().lower()
        if _COMMIT_NAME.fullmatch(wanted):
            self._prepare()
            for attempt in range(2):
                with contextlib.suppress(GitFailed):
                    return self._read("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}").strip()
                if attempt == 0 and len(wanted) >= 40:
                    with contextlib.suppress(GitFailed):
                        self._git("fetch", *_FETCH_OPTIONS, "--", self.url, wanted)
        raise CommitMissing(
            f"The asked commit must be in {redacted(self.url)}.",
            repr(name[:80]),
            "Give 7 to 40 hexadecimal digits of a commit that was pushed to the watched branch.",
        )

    def has(self, commit: str) -> bool:
        """Return whether ``commit`` is in the mirror with all that it needs to be compared."""
        with contextlib.suppress(GitFailed):
            self._read("cat-file", "-e", f"{commit}^{{commit}}")
            return True
        return False

    def commits_between(self, base: str | None, head: str, limit: int) -> list[str]:
        """Return the newest ``limit`` commits of ``head`` that ``base`` has not, newest first, without ``head``."""
        if base is None or not self.has(base):
            return []
        output = self._read("rev-list", f"--max-count={limit + 1}", head, f"^{base}", "--")
        return [commit for commit in output.split() if commit != head][:limit]

    def changed_paths(self, base: str | None, head: str) -> Generator[str, None, None]:
        """Yield the paths that differ between two commits, as git finds them: close it when you know enough.

        Yields nothing where ``base`` is None or not in the mirror.
        """
        if base is None or not self.has(base):
            return
        arguments = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", base, head, "--"]
        rest = b""
        with contextlib.closing(
            stream_git(arguments, git_folder=self.folder, timeout_seconds=self.timeout_seconds)
        ) as output:
            for chunk in output:
                *paths, rest = (rest + chunk).split(b"\0")
                yield from (path.decode("utf-8", "replace") for path in paths)

    def describe(self, commit: str) -> dict[str, str | int]:
        """Return who made ``commit`` and what it says: author_name, author_email, committed_unix_time, subject.

        The texts are the author's, hence hostile: control characters are removed, lengths are bounded.
        """
        output = self._read(
            "log", "-1", "--no-show-signature", "--encoding=UTF-8", "--format=%an%x00%ae%x00%ct%x00%s", commit, "--"
        )
        name, email, seconds, subject = (*output.rstrip("\n").split("\0"), "", "", "", "")[:4]
        return {
            "author_name": _plain(name, 200),
            "author_email": _plain(email, 254),
            "committed_unix_time": int(seconds or 0),
            "subject": _plain(subject, 500),
        }

    def remove(self) -> None:
        """Throw the mirror away; the next fetch fills it again. Only inside ``locked``."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        if not (self.folder / "HEAD").exists():
            run_git(
                ["init", "--quiet", "--bare", "--template=", str(self.folder)], timeout_seconds=self.timeout_seconds
            )
        # Left behind by a git command that was killed; nobody else works here while the lock is held.
        for leftover in (
            *self.folder.glob("*.lock"),
            *self.folder.glob("refs/**/*.lock"),
            *self.folder.glob("objects/pack/tmp_*"),
        ):
            leftover.unlink(missing_ok=True)

    def _fetch(self, ref: str) -> None:
        options = ["--no-recurse-submodules", "--no-auto-maintenance"]
        self._git("fetch", *_FETCH_OPTIONS, *options, "--", check_url(self.url), f"+{ref}:{_kept_as(ref)}")

    def _explained(self, ref: str, error: GitFailed) -> PushtuneError:
        if error.too_large:
            return CheckoutRefused(
                f"What is fetched from {redacted(self.url)} must be at most {self.size_limit_bytes} bytes.",
                "more",
                "Raise PUSHTUNE_CHECKOUT_LIMIT_BYTES, or keep large files out of the history.",
            )
        if "couldn't find remote ref" in error.text:
            return BranchMissing(
                f"The watched branch must exist in {redacted(self.url)}.",
                f"{'branch ' if ref.startswith(HEADS) else ''}{short_name(ref)!r}, which is gone",
                "Push it again.",
            )
        return explain_failure(self.url, error, self.timeout_seconds)

    def _git(self, *arguments: str) -> bytes:
        return run_git(
            arguments,
            git_folder=self.folder,
            timeout_seconds=self.timeout_seconds,
            credentials=self.credentials,
            file_limit_bytes=self.size_limit_bytes,
        )

    def _read(self, *arguments: str) -> str:
        return run_git(arguments, git_folder=self.folder, timeout_seconds=self.timeout_seconds).decode(
            "utf-8", "replace"
        )


def mirror_folder(mirrors: Path, url: str) -> Path:
    """Return the folder of the mirror of ``url``: readable, and different for each address."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", url.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1])[:60].strip(".-")
    return mirrors / f"{name or 'repository'}-{hashlib.sha256(os.fsencode(url)).hexdigest()[:12]}.git"


def unwatched_mirrors(mirrors: Path, urls: Iterable[str]) -> list[Path]:
    """Return the mirrors that belong to none of ``urls``."""
    watched = {mirror_folder(mirrors, url) for url in urls}
    return sorted(path for path in mirrors.glob("*.git") if path.is_dir() and path not in watched)


def remove_mirror(folder: Path, timeout_seconds: float) -> None:
    """Remove a mirror that nobody uses now. Raises RepositoryUnreachable while somebody does."""
    mirror = Mirror("", folder, timeout_seconds, 0)
    with mirror.locked():
        mirror.remove()


def _kept_as(ref: str) -> str:
    """Return the ref of the mirror that ``ref`` is fetched to.

    Its name is flat: ``a/b`` can be fetched though there was an ``a`` before, which git would not keep side by side.
    """
    return f"refs/pushtune/{hashlib.sha256(ref.encode()).hexdigest()[:32]}"


def _plain(text: str, limit: int) -> str:
    return "".join(character if character.isprintable() else " " for character in text)[:limit].strip()
