"""The branch that a repository itself calls its main one."""

from pushtune.errors import BranchMissing
from pushtune.watching.git_command import GitFailed, run_git
from pushtune.watching.git_remote import explain_failure, known_branches
from pushtune.watching.repository_url import check_branch, check_url, redacted

_PREFIX = "ref: refs/heads/"


def default_branch(url: str, *, timeout_seconds: float) -> str:
    """Return the branch that HEAD of the repository at ``url`` stands for.

    Raises:
        RepositoryEmpty: there is none yet.
        BranchMissing: HEAD stands for no branch that is there. As ``git_remote.resolve_head`` otherwise.
    """
    check_url(url)
    try:
        output = run_git(["ls-remote", "--symref", "--quiet", "--", url, "HEAD"], timeout_seconds=timeout_seconds)
    except GitFailed as error:
        raise explain_failure(url, error, timeout_seconds) from error
    for line in output.decode(errors="replace").splitlines():
        if line.startswith(_PREFIX):
            return check_branch(line.removeprefix(_PREFIX).split("\t")[0])
    branches = known_branches(url, timeout_seconds)
    state = "detached" if output else "a branch that is not there"
    raise BranchMissing(
        "It must be said which branch is trained where HEAD of the repository stands for none.",
        f"HEAD of {redacted(url)} is {state}; the repository has: {branches}",
        "Name one of them: make train REPO=... BRANCH=<branch>",
    )
