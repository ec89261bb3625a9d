"""Asks a Git LFS server for objects: its batch API, and its basic way of transfer (docs/api of git-lfs).

The address follows from the repository's alone: what ``.lfsconfig`` of the commit says does not count.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pushtune.errors import AuthenticationRefused, LfsRefused, RepositoryUnreachable
from pushtune.watching.lfs_http import LfsHttp, origin_of
from pushtune.watching.lfs_pointers import Pointer, printable

ATTEMPTS = 3
ATTEMPT_PAUSE_SECONDS = 1.0
BATCH_OBJECTS = 100
ANSWER_LIMIT_BYTES = 4 * 2**20

_CHUNK_BYTES = 256 * 1024
_MEDIA_TYPE = "application/vnd.git-lfs+json"
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection"})  # ours to say
_OFF = "or set 'lfs: false' in the repository's entry to train without it."


@dataclass(frozen=True)
class Download:
    """Where an object is: an address, and the headers that go with it."""

    href: str
    headers: dict[str, str] = field(default_factory=dict)
    with_secret: bool = True


def lfs_url(url: str) -> str:
    """Return the address of Git LFS of the repository at ``url`` (server-discovery of git-lfs).

    >>> lfs_url("https://example.org/team/app")
    'https://example.org/team/app.git/info/lfs'
    """
    base = url.rstrip("/")
    return f"{base}{'' if base.endswith('.git') else '.git'}/info/lfs"


@dataclass(frozen=True)
class LfsServer:
    """The Git LFS of one repository.

    Attributes:
        url: what ``/objects/batch`` is appended to. headers: that open it, where ssh has given some.
    """

    http: LfsHttp
    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, pointers: Sequence[Pointer]) -> dict[str, Download | str]:
        """Return oid -> where it is, or why it cannot be had, for at most ``BATCH_OBJECTS`` pointers.

        Raises:
            LfsRefused: no Git LFS there, or an answer that is none. AuthenticationRefused, RepositoryUnreachable.
        """
        wanted = [{"oid": pointer.oid, "size": pointer.size_bytes} for pointer in pointers]
        body = json.dumps({"operation": "download", "transfers": ["basic"], "objects": wanted, "hash_algo": "sha256"})
        host = str(urlsplit(self.url).hostname)
        for attempt in range(1, ATTEMPTS + 1):
            status, content = self._post(body.encode())
            if status not in _BUSY or attempt == ATTEMPTS:
                break
            time.sleep(min(ATTEMPT_PAUSE_SECONDS * attempt, self.http.seconds_left()))
        if status != 200:
            raise _batch_failed(host, status, content, pointers)
        return _parsed(host, content)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        headers = {**self.headers, "Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE}
        answer = self.http.request("POST", f"{self.url}/objects/batch", headers, body=body)
        try:
            return answer.status, b"".join(read_chunks(self.http, answer, ANSWER_LIMIT_BYTES))
        finally:
            answer.close()

    def open(self, download: Download, pointer: Pointer) -> Any:
        """Return the answer that carries an object; the caller reads and closes it.

        Raises:
            LfsRefused: it is not there. AuthenticationRefused. RepositoryUnreachable: it may pass.
        """
        answer = self.http.request("GET", download.href, download.headers, with_secret=download.with_secret)
        if answer.status == 200:
            return answer
        answer.close()
        host, status = origin_of(download.href)[1], answer.status
        if status in _BUSY:
            raise RepositoryUnreachable(f"{host} must send {named(pointer)}.", f"status {status}", "It is tried again.")
        if status in (401, 403) and origin_of(download.href) == origin_of(self.http.url):
            raise _not_authorised(host, f"status {status} for {named(pointer)}")
        raise refused(pointer, f"status {status} from {host}")


def read_chunks(http: LfsHttp, answer: Any, limit_bytes: int) -> Iterator[bytes]:
    """Yield the content of an answer. Raises RepositoryUnreachable where it breaks off, is too slow or too long."""
    import urllib3

    total = 0
    try:
        while chunk := answer.read1(_CHUNK_BYTES, decode_content=False):
            total += len(chunk)
            http.seconds_left()
            if total > limit_bytes:
                return
            yield chunk
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise RepositoryUnreachable(
            "A Git LFS server must send what it has announced.", printable(f"{type(error).__name__}: {error}", 300),
            "It is tried again.",
        ) from error


def named(pointer: Pointer) -> str:
    """Return what a message calls the object: file, size and the beginning of its name."""
    return f"{pointer.shown} ({pointer.size_bytes:,} bytes, Git LFS object {pointer.oid[:12]})"


def refused(pointer: Pointer, reason: str) -> LfsRefused:
    """Return the error for one object that cannot be had."""
    return LfsRefused(
        f"The content of {named(pointer)} must be on the repository's Git LFS server.",
        reason,
        f"Push it with 'git lfs push --all origin', {_OFF}",
    )


def _batch_failed(host: str, status: int, content: bytes, pointers: Sequence[Pointer]) -> Exception:
    said = f"status {status}{_message(content)}"
    if status in (401, 403):
        return _not_authorised(host, said)
    if status in _BUSY:
        return RepositoryUnreachable(f"{host} must answer for the objects of Git LFS.", said, "It is tried again.")
    if status in (404, 405, 410, 501):
        return LfsRefused(
            f"{host} must serve Git LFS for this repository: {named(pointers[0])} is kept there.",
            said,
            f"Switch Git LFS on for the repository, push with 'git lfs push --all origin', {_OFF}",
        )
    return LfsRefused(
        f"{host} must give the objects of Git LFS.", said, f"Ask whoever runs the server (quota?), {_OFF}"
    )


def _not_authorised(host: str, said: str) -> AuthenticationRefused:
    return AuthenticationRefused(
        f"The objects of Git LFS on {host} must be readable with the given credentials.",
        said,
        f"Let the token of the Airflow connection in connection_id read the repository, {_OFF}",
    )


def _message(content: bytes) -> str:
    try:
        message = json.loads(content).get("message")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return f": {printable(message, 300)}" if isinstance(message, str) else ""


def _parsed(host: str, content: bytes) -> dict[str, Download | str]:
    try:
        document = json.loads(content)
        if document.get("transfer", "basic") != "basic":
            raise ValueError("another way of transfer than 'basic'")
        return {item["oid"]: _one(item) for item in document["objects"]}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LfsRefused(
            f"{host} must answer as the batch API of Git LFS does.",
            printable(f"{type(error).__name__}: {error}"),
            f"Ask whoever runs the server, {_OFF}",
        ) from error


def _one(item: dict[str, Any]) -> Download | str:
    if "error" in item:
        return printable(f"{item['error'].get('code')}: {item['error'].get('message')}", 300)
    action = (item.get("actions") or item.get("_links") or {}).get("download")
    if action is None:
        return "the server names no place to download it from"
    headers = action.get("header") or {}
    if not all(isinstance(name, str) and isinstance(value, str) for name, value in headers.items()):
        raise ValueError("headers that are no text")
    kept = {name: value for name, value in headers.items() if name.lower() not in _FRAMING}
    return Download(str(action["href"]), kept, with_secret=not item.get("authenticated"))
