"""The branch that a repository itself calls its main one."""

from pushtune.errors import RepositoryEmpty
from pushtune.watching.git_command import GitFailed, run_git
from pushtune.watching.git_remote import explain_failure
from pushtune.watching.repository_url import check_branch, check_url

_PREFIX = "ref: refs/heads/"


def default_branch(url: str, *, timeout_seconds: float) -> str:
    """Return the branch that HEAD of the repository at ``url`` stands for.

    Raises:
        RepositoryEmpty: there is none yet. As ``git_remote.resolve_head`` otherwise.
    """
    check_url(url)
    try:
        output = run_git(["ls-remote", "--symref", "--quiet", "--", url, "HEAD"], timeout_seconds=timeout_seconds)
    except GitFailed as error:
        raise explain_failure(url, error, timeout_seconds) from error
    for line in output.decode(errors="replace").splitlines():
        if line.startswith(_PREFIX):
            return check_branch(line.removeprefix(_PREFIX).split("\t")[0])
    raise RepositoryEmpty("A repository must have at least one commit.", "none", "Commit and push, then try again.")
