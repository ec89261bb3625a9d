"""Asks a serving container over its Unix socket. Whatever answers there is pushed code: nothing it says is believed.

The container owns the folder of its socket, so a link to another socket of the host may lie there: the file is opened
first, without following links, and what was opened is connected to. An answer is bounded in size and in time, however
slowly it comes, and has to be a JSON object.
"""

import http.client
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pushtune.errors import ModelUnreachable
from pushtune_contract.reading import UnsafeFile, parse_json

TYPE = "application/json"
Answer = tuple[int, dict[str, Any]]


def ask(path: Path, request: str, body: bytes | None, limit_seconds: float, limit_bytes: int) -> Answer:
    """Return status and document of ``GET request`` or, with a body, ``POST request``, of the socket at ``path``.

    Raises:
        ModelUnreachable: nothing answers, or not within ``limit_seconds``, or no JSON object of ``limit_bytes``.
    """
    try:
        with _opened(path) as handle, _connection(handle, limit_seconds) as connection:
            with suppress(BrokenPipeError):  # it may refuse a request that it has not read to its end
                connection.request("GET" if body is None else "POST", request, body, {"Content-Type": TYPE})
            answer = connection.getresponse()
            content = answer.read(limit_bytes + 1)
            status = answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(limit_seconds, f"{type(error).__name__}: {str(error)[:200]}") from error
    if len(content) > limit_bytes:
        raise _unreachable(limit_seconds, f"an answer of more than {limit_bytes} bytes")
    try:
        document = parse_json(content, "the answer")
    except UnsafeFile as error:
        raise _unreachable(limit_seconds, "an answer that is no JSON") from error
    if not isinstance(document, dict):
        raise _unreachable(limit_seconds, "an answer that is no JSON object")
    return status, document


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Yield a handle of the socket itself; a link, or anything else in its place, is refused."""
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is no socket")
        yield handle
    finally:
        os.close(handle)


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over the Unix socket that was opened as ``handle``."""

    def __init__(self, handle: int, limit_seconds: float) -> None:
        super().__init__("model", timeout=limit_seconds)
        self._handle = handle

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        # By its handle: no other file can be meant, and a long path would not fit into an address.
        self.sock.connect(f"/proc/self/fd/{self._handle}")


@contextmanager
def _connection(handle: int, limit_seconds: float) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection that breaks off after ``limit_seconds``, also where the answer comes byte by byte."""
    connection = _SocketConnection(handle, limit_seconds)
    connection.connect()
    opened = connection.sock

    def break_off() -> None:
        try:
            opened.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has ended by itself
            return

    timer = threading.Timer(limit_seconds, break_off)
    timer.daemon = True
    timer.start()
    try:
        yield connection
    finally:
        timer.cancel()
        connection.close()


def _unreachable(limit_seconds: float, received: str) -> ModelUnreachable:
    return ModelUnreachable(
        f"A served model must answer within {limit_seconds:g} s.", received,
        "The tab Containers of its DAG says how it is; ask again in a minute.",
    )
