"""Asks a repository where its branches and tags stand, without fetching anything."""

import re
from collections.abc import Sequence

from pushtune.errors import (
    AuthenticationRefused,
    BranchMissing,
    PushtuneError,
    RepositoryEmpty,
    RepositoryMissing,
    RepositoryUnreachable,
)
from pushtune.watching.credentials import Credentials
from pushtune.watching.git_command import GitFailed, run_git
from pushtune.watching.quick_look import quick_refs
from pushtune.watching.ref_patterns import TAGS
from pushtune.watching.repository_url import check_branch, check_url, redacted

_SHOWN_BRANCHES = 10
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")

_REFUSED = re.compile(
    r"Authentication failed|could not read (Username|Password)|terminal prompts disabled|Permission denied"
    r"|error: 40[13]|Access denied|invalid credentials|Host key verification failed",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"does not appear to be a git repository|repository .* (not found|does not exist)|error: 404|Repository not found"
    r"|not valid: is this a git repository",
    re.IGNORECASE,
)


def resolve_head(
    url: str, branch: str, *, timeout_seconds: float, credentials: Credentials | None = None
) -> str | None:
    """Return the commit (40 or 64 hexadecimal digits) that ``branch`` points to; None where there is no such branch.

    Raises:
        RepositoryUnreachable: no answer within ``timeout_seconds``, or none that can be understood. May pass.
        RepositoryMissing, AuthenticationRefused: will not pass by waiting.
        InvalidRepositoryUrl: the address is of a kind that is not allowed.
    """
    ref = f"refs/heads/{check_branch(branch)}"
    return _list(url, [ref], timeout_seconds, credentials).get(ref)


def list_refs(
    url: str, patterns: Sequence[str], *, timeout_seconds: float, credentials: Credentials | None = None
) -> dict[str, str]:
    """Return ref -> commit of all that one of ``patterns`` may mean; annotated tags are followed to their commit.

    Args:
        patterns: full names of branches and tags, with ``*``, ``**`` and ``?``. git reads them more generously than
            ``ref_patterns`` does, so that more may come back.

    Raises: as ``resolve_head``.
    """
    check_url(url)
    quick = quick_refs(url, patterns, timeout_seconds=timeout_seconds, credentials=credentials)
    if quick is not None:
        return quick
    tags = [f"{pattern}^{{}}" for pattern in patterns if pattern.startswith(TAGS)]
    refs = _list(url, [*patterns, *tags], timeout_seconds, credentials)
    return {name: refs.get(f"{name}^{{}}", commit) for name, commit in refs.items() if not name.endswith("^{}")}


def check_remote(url: str, branch: str, *, timeout_seconds: float, credentials: Credentials | None = None) -> str:
    """Return the commit that ``branch`` points to.

    Raises:
        RepositoryEmpty, BranchMissing: there is nothing to train.
        As ``resolve_head`` otherwise.
    """
    head = resolve_head(url, branch, timeout_seconds=timeout_seconds, credentials=credentials)
    if head:
        return head
    raise BranchMissing(
        f"The watched branch must exist in {redacted(url)}.",
        f"branch {branch!r}; the repository has: {known_branches(url, timeout_seconds, credentials)}",
        "Correct 'branch' in config/watched_repositories.yaml, or push the branch.",
    )


def known_branches(url: str, timeout_seconds: float, credentials: Credentials | None = None) -> str:
    """Return the first branches of the repository, by name, as people read them.

    Raises:
        RepositoryEmpty, BranchMissing: there is no commit, or none on a branch. As ``resolve_head`` otherwise.
    """
    refs = _list(url, ["HEAD", "refs/heads/*"], timeout_seconds, credentials)
    branches = sorted(name[11:] for name in refs if name.startswith("refs/heads/"))
    if branches:
        return ", ".join(branches[:_SHOWN_BRANCHES]) + (", ..." if len(branches) > _SHOWN_BRANCHES else "")
    if "HEAD" in refs:
        raise BranchMissing(
            "What is trained must be on a branch.",
            f"{redacted(url)}, whose HEAD is detached at {refs['HEAD'][:12]} and which has no branch",
            "Make one there, with 'git branch main HEAD', and name it as the branch to train.",
        )
    raise RepositoryEmpty(
        "A repository that is trained must hold at least one commit.",
        redacted(url),
        "Push a first commit; it is trained then.",
    )


def _list(
    url: str, patterns: Sequence[str], timeout_seconds: float, credentials: Credentials | None
) -> dict[str, str]:
    check_url(url)
    try:
        output = run_git(
            ["ls-remote", "--quiet", "--", url, *patterns], timeout_seconds=timeout_seconds, credentials=credentials
        )
    except GitFailed as error:
        raise explain_failure(url, error, timeout_seconds) from error
    refs = {}
    for line in output.decode("utf-8", "replace").splitlines():
        commit, _, name = line.partition("\t")
        if _COMMIT.fullmatch(commit):
            refs[name] = commit
    return refs


def explain_failure(url: str, error: GitFailed, timeout_seconds: float) -> PushtuneError:
    """Return what a failed conversation with the repository at ``url`` means for its owner."""
    shown, text = redacted(url), "; ".join(error.text.splitlines()[:2])[:500].rstrip(".")
    if error.timed_out:
        return RepositoryUnreachable(
            f"{shown} must answer within {timeout_seconds:g} s.",
            "no answer",
            "Check the network, or raise PUSHTUNE_GIT_TIMEOUT_SECONDS; it is tried again.",
        )
    if _REFUSED.search(error.text):
        return AuthenticationRefused(
            f"{shown} must be readable with the given credentials.",
            text,
            "Set connection_id to an Airflow connection with a user and token (https) or a private key (ssh).",
        )
    if _MISSING.search(error.text):
        return RepositoryMissing(f"There must be a git repository at {shown}.", text, "Correct 'url' in its entry.")
    return RepositoryUnreachable(
        f"{shown} must be reachable.", text, "Check the address and the network; it is tried again."
    )
