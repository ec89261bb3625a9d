"""A look at a repository without starting git: its refs over smart HTTP on a kept connection, or out of its files.

Most of what watching costs is starting git for an answer that has not changed. Whatever is not as expected here, a
refusal, an error, another protocol, has no answer: git is asked then, which also says what is wrong.
"""

import base64
import contextlib
import os
import re
import socket
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import getproxies_environment

from pushtune.watching.credentials import Credentials
from pushtune.watching.ref_patterns import HEADS, TAGS, is_watched

ANSWER_LIMIT_BYTES = 8 * 1024 * 1024
TIMEOUT_SECONDS = 10.0
PAUSE_SECONDS = 600.0

_CHUNK_BYTES = 64 * 1024
_LOOSE_LIMIT = 5000
_LINE = re.compile(r"(?P<commit>[0-9a-f]{40}) (?P<ref>refs/[^ \n]+)(?P<more>( [^\n]*)?)\n?")
_PEELED = re.compile(r" peeled:(?P<commit>[0-9a-f]{40})( |$)")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")

_without_answer: dict[str, float] = {}


def quick_refs(
    url: str, patterns: Sequence[str], *, timeout_seconds: float, credentials: Credentials | None
) -> dict[str, str] | None:
    """Return ref -> commit of at least what ``patterns`` mean, tags followed to their commit; None: ask git."""
    if url.startswith("/"):
        return _file_refs(Path(url), patterns)
    if not url.startswith(("https://", "http://")) or getproxies_environment():
        return None
    if time.monotonic() < _without_answer.get(url, 0.0):
        return None
    try:
        return _http_refs(url, patterns, min(timeout_seconds, TIMEOUT_SECONDS), credentials)
    except Exception:  # of TLS, of the network, of the server: git is asked, and says which
        _without_answer[url] = time.monotonic() + PAUSE_SECONDS
        return None


def _http_refs(
    url: str, patterns: Sequence[str], timeout_seconds: float, credentials: Credentials | None
) -> dict[str, str]:
    """Ask by protocol version 2 (git's ``gitprotocol-v2``): one request, and only refs with the wanted beginnings."""
    prefixes = [f"ref-prefix {re.split(r'[*?]', pattern)[0]}" for pattern in patterns]
    body = b"".join(map(_packet, ["command=ls-refs", "object-format=sha1"])) + b"0001"
    body += b"".join(map(_packet, ["peel", *prefixes])) + b"0000"
    headers = {
        "Content-Type": "application/x-git-upload-pack-request",
        "Accept": "application/x-git-upload-pack-result",
        "Git-Protocol": "version=2",
        "User-Agent": "git/2.39.5 (pushtune)",
    }
    if credentials and credentials.password:
        pair = f"{credentials.username}:{credentials.password}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    refs = {}
    for line in _packets(_post(f"{url.rstrip('/')}/git-upload-pack", body, headers, timeout_seconds)):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError("not an answer to ls-refs")
        peeled = _PEELED.search(found["more"])
        refs[found["ref"]] = peeled["commit"] if peeled else found["commit"]
    return refs


def _post(url: str, body: bytes, headers: dict[str, str], timeout_seconds: float) -> bytes:
    deadline = time.monotonic() + timeout_seconds
    answer = _connections().request(
        "POST", url, body=body, headers=headers, timeout=timeout_seconds, redirect=False, preload_content=False
    )
    try:
        content = bytearray()
        while chunk := answer.read1(_CHUNK_BYTES):  # what is there: a full chunk could drip in for days
            content += chunk
            if len(content) > ANSWER_LIMIT_BYTES or time.monotonic() > deadline:
                raise ValueError("too large or too slow")
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    if answer.status != 200 or answer.headers.get("Content-Type") != "application/x-git-upload-pack-result":
        raise ValueError(f"status {answer.status}")
    return bytes(content)


@cache
def _connections() -> Any:
    import urllib3  # only the triggerer asks often enough to profit
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Plain(_HeadersInTime, HTTPConnection):
        pass

    class Secure(_HeadersInTime, HTTPSConnection):
        pass

    # Once more where a kept connection had been closed by the other side; the request changes nothing there.
    retries = urllib3.Retry(total=1, redirect=0, status=0, other=0, allowed_methods=None, raise_on_redirect=False)
    manager = urllib3.PoolManager(num_pools=64, maxsize=8, retries=retries)
    pools = {"http": urllib3.HTTPConnectionPool, "https": urllib3.HTTPSConnectionPool}
    connections = {"http": Plain, "https": Secure}
    manager.pool_classes_by_scheme = {
        scheme: type(pool.__name__, (pool,), {"ConnectionCls": connections[scheme]}) for scheme, pool in pools.items()
    }
    return manager


class _HeadersInTime:
    """Cuts a connection whose answer does not begin in time: the time-out of a socket starts anew with each byte."""

    sock: Any

    def getresponse(self) -> Any:
        timer = threading.Timer(TIMEOUT_SECONDS, self._cut)
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()  # type: ignore[misc]
        finally:
            timer.cancel()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _packet(text: str) -> bytes:
    line = f"{text}\n".encode()
    return b"%04x" % (len(line) + 4) + line


def _packets(content: bytes) -> Iterator[str]:
    position = 0
    while content[position : position + 4] != b"0000":
        size = int(content[position : position + 4].decode("ascii"), 16)
        if size < 5 or position + size > len(content):
            raise ValueError("a broken packet")
        yield content[position + 4 : position + size].decode()
        position += size


def _file_refs(folder: Path, patterns: Sequence[str]) -> dict[str, str] | None:
    """Read the refs of a local repository as git keeps them by default: loose files, and ``packed-refs`` below them."""
    folder = folder / ".git" if (folder / ".git").is_dir() else folder
    unusual = any((folder / name).exists() for name in ("reftable", "commondir"))
    if unusual or not all((folder / name).exists() for name in ("HEAD", "objects", "refs")):
        return None
    if any(pattern.startswith(TAGS) for pattern in patterns):
        return None  # what an annotated tag stands for is not written there
    try:
        loose = {ref: _read(folder / ref).strip() for ref in _loose_names(folder, patterns)}
        packed = _packed(folder / "packed-refs")  # read last: git removes a loose ref after it has packed it
    except (OSError, ValueError):
        return None
    refs = {ref: commit for ref, commit in packed.items() if is_watched(ref, patterns)} | loose
    return refs if all(_COMMIT.fullmatch(commit) for commit in refs.values()) else None


def _loose_names(folder: Path, patterns: Sequence[str]) -> list[str]:
    literal = [pattern for pattern in patterns if not re.search(r"[*?]", pattern)]
    names = [pattern for pattern in literal if (folder / pattern).is_file()]
    if len(literal) == len(patterns):
        return names
    found = []
    for parent, _, files in os.walk(folder / HEADS, followlinks=False):
        found += [str((Path(parent) / name).relative_to(folder)) for name in files]
        if len(found) > _LOOSE_LIMIT:
            raise ValueError("too many loose refs")
    return [name for name in found if not name.endswith(".lock") and is_watched(name, patterns)]


def _packed(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.split(" ", 1) for line in _read(path).splitlines() if line[:1] not in ("#", "^"))
    return {ref: commit for commit, ref in lines}


def _read(path: Path) -> str:
    """Return a small regular file; links and whatever else could block or lead away are refused."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > ANSWER_LIMIT_BYTES:
            raise ValueError("not a small regular file")
        return stream.read(ANSWER_LIMIT_BYTES + 1).decode()
