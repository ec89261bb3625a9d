"""HTTP for Git LFS: one origin gets the credentials, every other only what it is meant for; bounded in time.

Nothing here reads a configuration of the repository. Certificates and proxies are those that git would use.
"""

import base64
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3

from pushtune.errors import LfsRefused, RepositoryUnreachable
from pushtune.watching.credentials import Credentials
from pushtune.watching.lfs_pointers import printable
from pushtune.watching.repository_url import LOOPBACK_HOSTS

REDIRECTS_LIMIT = 5
CONNECT_TIMEOUT_SECONDS = 20.0
READ_TIMEOUT_SECONDS = 60.0
WELL_FORMED = "A Git LFS server must give well-formed addresses."
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: what credentials are meant for."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)


class LfsHttp:
    """Requests on behalf of the repository at ``url``.

    Attributes:
        deadline: ``time.monotonic()`` after which nothing is read any more.
    """

    def __init__(self, url: str, credentials: Credentials | None, deadline: float) -> None:
        self.url = url
        self.deadline = deadline
        self._origin = _well_formed(url)
        self._pools: dict[tuple[str, str, int], Any] = {}
        self._secret = ""
        if credentials and credentials.password:
            pair = f"{credentials.username}:{credentials.password}".encode()
            self._secret = f"Basic {base64.b64encode(pair).decode()}"

    def request(
        self, method: str, url: str, headers: Mapping[str, str], *, body: bytes | None = None, with_secret: bool = True
    ) -> Any:
        """Return an answer whose content is not read yet; the caller closes it.

        Redirects are followed, out of the own origin only for what is read, and then without any of ``headers``.

        Raises:
            LfsRefused: an address that is not allowed. RepositoryUnreachable: no answer.
        """
        wanted = dict(headers)
        for _ in range(REDIRECTS_LIMIT):
            self._require_allowed(url)
            answer = self._send(method, url, self._headers(url, wanted, with_secret), body)
            target = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not target:
                return answer
            answer.close()
            following = _joined(url, target)
            if origin_of(following) != origin_of(url):
                wanted = {}  # they were meant for the other host
            if body is not None and origin_of(following) != self._origin:
                raise _not_allowed("A Git LFS server must not lead its questions to another host.", following)
            url = following
        raise _not_allowed(f"A Git LFS server must lead on at most {REDIRECTS_LIMIT} times.", url)

    def seconds_left(self) -> float:
        """Return the time that is left. Raises RepositoryUnreachable when none is."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise RepositoryUnreachable(
                "The objects of Git LFS must be fetched within the time that is set.",
                f"{origin_of(self.url)[1]} was not done",
                "What has arrived is kept, and it is tried again; PUSHTUNE_LFS_TIMEOUT_SECONDS sets the time.",
            )
        return left

    def _headers(self, url: str, headers: Mapping[str, str], with_secret: bool) -> dict[str, str]:
        sent = {"User-Agent": "git-lfs/3 (pushtune)", "Accept-Encoding": "identity", **headers}
        given = {name.lower() for name in headers}
        if with_secret and self._secret and origin_of(url) == self._origin and "authorization" not in given:
            sent["Authorization"] = self._secret
        return sent

    def _require_allowed(self, url: str) -> None:
        scheme, host, _ = _well_formed(url)
        near = self._origin[0] == "http" and scheme == "http" and host in LOOPBACK_HOSTS
        if not host or not (scheme == "https" or near):
            raise _not_allowed("Objects of Git LFS must be at an address that starts with https://.", url)

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Any:
        left = self.seconds_left()
        timeout = urllib3.Timeout(connect=min(left, CONNECT_TIMEOUT_SECONDS), read=min(left, READ_TIMEOUT_SECONDS))
        try:
            return self._pool(url).request(
                method, url, headers=headers, body=body, timeout=timeout, redirect=False, retries=False,
                preload_content=False, decode_content=False,
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            raise RepositoryUnreachable(
                f"{origin_of(url)[1]} must answer for the objects of Git LFS.",
                printable(f"{type(error).__name__}: {error}", 300),
                "Check the network and the certificates; it is tried again.",
            ) from error

    def _pool(self, url: str) -> Any:
        """Return what keeps the connections to the host of ``url``."""
        origin = origin_of(url)
        if origin not in self._pools:
            self._pools[origin] = _new_pool(url)
        return self._pools[origin]


def _new_pool(url: str) -> Any:
    options: dict[str, Any] = {
        "ca_certs": os.environ.get("GIT_SSL_CAINFO"), "ca_cert_dir": os.environ.get("GIT_SSL_CAPATH"),
    }
    proxies = getproxies_environment()
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.hostname or "", proxies):
        return urllib3.PoolManager(**options)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    user, password = urlsplit(proxy).username, urlsplit(proxy).password or ""
    known = urllib3.make_headers(proxy_basic_auth=f"{unquote(user)}:{unquote(password)}") if user else None
    return urllib3.ProxyManager(proxy, proxy_headers=known, **options)


def _joined(url: str, target: str) -> str:
    try:
        following = urljoin(url, target)
    except ValueError as error:
        raise _not_allowed(WELL_FORMED, target) from error
    _well_formed(following)
    return following


def _well_formed(url: str) -> tuple[str, str, int]:
    try:
        return origin_of(url)
    except ValueError as error:
        raise _not_allowed(WELL_FORMED, url) from error


def _not_allowed(rule: str, url: str) -> LfsRefused:
    shown = printable(url.partition("?")[0])  # what follows may be a signature
    return LfsRefused(rule, repr(shown), "Ask whoever runs the server, or set 'lfs: false' in the repository's entry.")
