"""Which addresses and branch names are accepted, and how they are shown. Pure text, no git."""

import re
from urllib.parse import urlsplit

from pushtune.errors import InvalidRepositoryUrl

URL_LIMIT_CHARACTERS = 1024
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PROTOCOLS = ("https", "ssh", "file")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCP_LIKE = re.compile(r"(?P<user>[\w.+-]+)@(?P<host>[A-Za-z0-9][\w.-]*):(?P<path>[^:\s-][^\s]*)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://")
_MISREAD = re.compile(r"[?#\\]")  # programs disagree where the host ends that follows
_BRANCH_REFUSED = re.compile(r"^[-/.]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|/\.|@\{|\.lock(/|$)|[/.]$|^@$")
_REMEDY = "Use https://host/path, ssh://user@host/path, user@host:path, or the absolute path of a local repository."


def check_url(url: str) -> str:
    """Return ``url`` if it is one of the allowed kinds.

    Allowed: ``https``, ``ssh``, ``user@host:path``, ``file`` and absolute paths; plain ``http`` to this machine only.

    Raises:
        InvalidRepositoryUrl: another protocol, a remote helper (``ext::``), something that git would read as an
            option (``-x``), control characters, blanks in what is no path, or a password inside.
    """
    if url.startswith("/"):  # a path of this machine goes to git whole, so that blanks in it are no danger
        if len(url) > URL_LIMIT_CHARACTERS or _CONTROL.search(url):
            raise _refused("A repository's path must be at most 1024 characters, none a control character.", url)
        return url
    if not url or len(url) > URL_LIMIT_CHARACTERS or " " in url or _CONTROL.search(url):
        raise _refused("A repository's url must be 1 to 1024 characters without blanks.", url)
    if url.startswith("-"):
        raise _refused("A repository's url must not start with '-': git would read it as an option.", url)
    if _SCP_LIKE.fullmatch(url):
        return url
    if re.match(r"[^/]*::", url):
        raise _refused("A repository's url must not name a remote helper ('::'): helpers run commands.", url)
    if _MISREAD.search(url):
        raise _refused("A repository's url must not hold '?', '#' or '\\'.", url)
    _check_parts(url)
    return url


def _check_parts(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        # What is wrong with it may be a part of a password: the error of the parser is not shown.
        raise _refused("A repository's url must be well-formed, with a port that is a number.", url) from error
    if parts.scheme == "http" and host in LOOPBACK_HOSTS:
        pass
    elif parts.scheme not in PROTOCOLS:
        raise _refused(f"A repository's url must use one of {', '.join(PROTOCOLS)}, or be an absolute path.", url)
    if parts.password or (parts.username and parts.scheme != "ssh"):
        raise InvalidRepositoryUrl(
            "A repository's url must not carry a password or token.",
            repr(redacted(url)[:200]),
            "Put the credentials into an Airflow connection and name it in connection_id.",
        )
    if parts.scheme == "file":
        if host not in ("", "localhost") or not parts.path.startswith("/"):
            raise _refused("A file url must hold an absolute path and no host.", url)
    elif not host or host.startswith("-") or (parts.username or "").startswith("-"):
        raise _refused("A repository's url must name a host.", url)


def check_branch(branch: str) -> str:
    """Return ``branch`` if git accepts it as a branch name (the rules of git-check-ref-format). Raises ValueError."""
    if not branch or len(branch) > 250 or _BRANCH_REFUSED.search(branch):
        raise ValueError("must be a branch name as git allows it, without 'refs/heads/', blanks or any of ~^:?*[\\")
    return branch


def redacted(text: str) -> str:
    """Return ``text`` with the user and password of every address in it replaced by ``***``."""
    return re.sub(r"\S+", _without_userinfo, text)


def _without_userinfo(word: re.Match[str]) -> str:
    """Cut at the last @: a password may hold / and @."""
    head, at, rest = word[0].rpartition("@")
    scheme = _SCHEME.search(head)
    return f"{head[: scheme.end()]}***@{rest}" if at and scheme else word[0]


def _refused(rule: str, url: str) -> InvalidRepositoryUrl:
    return InvalidRepositoryUrl(rule, repr(redacted(url)[:200]), _REMEDY)
