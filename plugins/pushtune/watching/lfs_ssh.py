"""Asks a server over ssh where a repository's Git LFS is: ``git-lfs-authenticate`` (server-discovery of git-lfs)."""

import json
import re
import shlex
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pushtune.errors import LfsRefused
from pushtune.watching.git_command import GitFailed, run_ssh
from pushtune.watching.git_remote import explain_failure
from pushtune.watching.lfs_pointers import printable
from pushtune.watching.mirror import Mirror
from pushtune.watching.repository_url import LOOPBACK_HOSTS

_NO_SUCH_COMMAND = re.compile(
    r"not found|(unknown|unrecognized|invalid) (\S+ )?command|not allowed|status 127", re.IGNORECASE
)


@dataclass(frozen=True)
class LfsAccess:
    """Where the batch API is, and the headers that open it: they stand for the key, and go to that address alone."""

    href: str
    headers: dict[str, str] = field(default_factory=dict)


def authenticate(mirror: Mirror) -> LfsAccess:
    """Return what the server at the ssh address of ``mirror`` says about its Git LFS.

    Raises:
        LfsRefused: it has none, or gives no answer that can be understood.
        AuthenticationRefused, RepositoryUnreachable: as git itself.
    """
    arguments, path = ssh_target(mirror.url)
    command = f"git-lfs-authenticate {shlex.quote(path)} download"
    try:
        answer = run_ssh(
            [*arguments, command], timeout_seconds=mirror.timeout_seconds, credentials=mirror.credentials
        )
    except GitFailed as error:
        if _NO_SUCH_COMMAND.search(error.text):
            raise _refused("must serve Git LFS over ssh", mirror.url, error.text) from error
        raise explain_failure(mirror.url, error, mirror.timeout_seconds) from error
    try:
        document = json.loads(answer)
        headers = document.get("header") or {}
        if not all(isinstance(text, str) for pair in headers.items() for text in pair):
            raise ValueError("headers that are no text")
        href = str(document["href"])
        if not href.startswith("https://") and _host(mirror.url) not in LOOPBACK_HOSTS:
            raise ValueError("an address that does not start with https://")
        return LfsAccess(href, headers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _refused("must answer git-lfs-authenticate", mirror.url, f"{type(error).__name__}: {error}") from error


def ssh_target(url: str) -> tuple[list[str], str]:
    """Return ssh's arguments for the host of ``url``, and the path of the repository there.

    >>> ssh_target("ssh://git@example.org:2222/team/app.git")
    (['-p', '2222', '--', 'git@example.org'], '/team/app.git')
    >>> ssh_target("git@example.org:team/app.git")
    (['--', 'git@example.org'], 'team/app.git')
    """
    if "://" not in url:
        host, _, path = url.partition(":")
        return ["--", host], path
    parts = urlsplit(url)
    host = f"{parts.username}@{parts.hostname}" if parts.username else str(parts.hostname)
    return [*(["-p", str(parts.port)] if parts.port else []), "--", host], unquote(parts.path)


def _host(url: str) -> str:
    return ssh_target(url)[0][-1].rpartition("@")[2]


def _refused(rule: str, url: str, said: str) -> LfsRefused:
    return LfsRefused(
        f"{_host(url)} {rule}.",
        printable(" ".join(said.split()), 300),
        "Give the repository's https address with a token in connection_id, or set 'lfs: false' in its entry to train "
        "without it.",
    )
