"""Runs one git command through GitPython: isolated from configuration and hooks, bounded in time, output and files.

What a server or a repository sends is hostile. So git reads only ``isolated.gitconfig``, may use only the protocols
that ``repository_url`` allows, never asks a question, and is ended as a whole process group when its time is over.
"""

import contextlib
import os
import selectors
import shlex
import signal
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pushtune.watching.credentials import Credentials
from pushtune.watching.repository_url import PROTOCOLS, redacted

OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024
ERROR_LIMIT_BYTES = 16 * 1024
CONFIG_FILE = Path(__file__).with_name("isolated.gitconfig")

_CHUNK_BYTES = 64 * 1024
_KEPT_VARIABLES = frozenset({"GIT_SSL_CAINFO", "GIT_SSL_CAPATH"})  # a company's own certificates
_CREDENTIAL_HELPER = (
    '!f() { test "$1" = get &&'
    ' printf "username=%s\\npassword=%s\\n" "$PUSHTUNE_GIT_USERNAME" "$PUSHTUNE_GIT_PASSWORD"; }; f'
)


class GitFailed(Exception):
    """A git command ended with an error: ``text`` is what git said, without credentials."""

    def __init__(self, text: str, *, timed_out: bool = False, too_large: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.timed_out = timed_out
        self.too_large = too_large


def run_git(
    arguments: Sequence[str],
    *,
    git_folder: Path | None = None,
    timeout_seconds: float,
    credentials: Credentials | None = None,
    environment: dict[str, str] | None = None,
    file_limit_bytes: int | None = None,
) -> bytes:
    """Return what ``git *arguments`` prints, at most ``OUTPUT_LIMIT_BYTES``.

    ``git_folder`` is the bare repository to work on; None where none is needed.
    ``file_limit_bytes`` bounds each file that git writes, which bounds the pack that a server sends.

    Raises:
        GitFailed: git ended with an error, took longer than ``timeout_seconds``, or printed or wrote too much.
    """
    output = bytearray()
    for chunk in stream_git(
        arguments,
        git_folder=git_folder,
        timeout_seconds=timeout_seconds,
        credentials=credentials,
        environment=environment,
        file_limit_bytes=file_limit_bytes,
    ):
        output += chunk
        if len(output) > OUTPUT_LIMIT_BYTES:
            raise GitFailed(f"git {arguments[0]} printed more than {OUTPUT_LIMIT_BYTES} bytes", too_large=True)
    return bytes(output)


def stream_git(
    arguments: Sequence[str],
    *,
    git_folder: Path | None = None,
    timeout_seconds: float,
    credentials: Credentials | None = None,
    environment: dict[str, str] | None = None,
    file_limit_bytes: int | None = None,
) -> Generator[bytes, None, None]:
    """Yield what ``git *arguments`` prints, piece by piece; the command is ended when the iterator is closed.

    Raises: as ``run_git``, but without a limit on the output.
    """
    with contextlib.ExitStack() as stack:
        variables = _variables(stack, arguments, credentials) | (environment or {})
        started = _start(_command(arguments, git_folder, credentials, file_limit_bytes), variables)
        process = started.proc
        stack.callback(_end, process)
        errors = bytearray()
        yield from _read(process, time.monotonic() + timeout_seconds, errors, arguments[0])
        status = process.wait(timeout=10)
        if status != 0:
            text = (
                redacted(errors.decode("utf-8", "replace")).strip() or f"git {arguments[0]} ended with status {status}"
            )
            raise GitFailed(text, too_large=_hit_file_limit(status, text))


def run_ssh(arguments: Sequence[str], *, timeout_seconds: float, credentials: Credentials | None = None) -> bytes:
    """Return what ``ssh *arguments`` prints, with git's options and key. Raises GitFailed as ``run_git`` does."""
    output, errors = bytearray(), bytearray()
    with contextlib.ExitStack() as stack:
        started = _start([*_ssh(stack, credentials), *arguments], {"SSH_ASKPASS": "true"})
        process = started.proc
        stack.callback(_end, process)
        for chunk in _read(process, time.monotonic() + timeout_seconds, errors, "over ssh"):
            output += chunk
            if len(output) > ERROR_LIMIT_BYTES:
                raise GitFailed("ssh printed more than an answer", too_large=True)
        status = process.wait(timeout=10)
    if status != 0:
        text = redacted(errors.decode("utf-8", "replace")).strip()
        raise GitFailed(text or f"ssh ended with status {status}")
    return bytes(output)


def _start(command: list[str], variables: dict[str, str]) -> Any:
    missing = GitFailed("git is not installed, or not on the PATH")
    try:
        import git  # loads in 0.2 s, which only processes that talk to a repository should pay
    except ImportError as error:
        raise missing from error
    try:
        return git.Git("/").execute(command, as_process=True, env=variables, start_new_session=True)
    except git.GitCommandNotFound as error:
        raise missing from error


def _command(
    arguments: Sequence[str], git_folder: Path | None, credentials: Credentials | None, file_limit_bytes: int | None
) -> list[str]:
    command = ["git", "--no-pager"]
    if git_folder:
        command += ["--git-dir", str(git_folder)]
    if credentials and credentials.password:
        # For this host alone: a server may redirect to another one, and git would ask for its password as well.
        origins = [_origin(argument) for argument in arguments if argument.startswith(("https://", "http://"))]
        command += ["-c", "credential.helper="]
        command += [part for at in origins for part in ("-c", f"credential.{at}.helper={_CREDENTIAL_HELPER}")]
    command += arguments
    if file_limit_bytes is not None:
        blocks = str(max(1, file_limit_bytes // 512))
        command = ["sh", "-c", 'ulimit -f "$1" && shift && exec "$@"', "sh", blocks, *command]
    inherited = [name for name in os.environ if name.startswith("GIT_") and name not in _KEPT_VARIABLES]
    if inherited:
        command = ["env", *(part for name in inherited for part in ("-u", name)), "--", *command]
    return command


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _variables(
    stack: contextlib.ExitStack, arguments: Sequence[str], credentials: Credentials | None
) -> dict[str, str]:
    # Plain http is for this machine alone (see repository_url): no server may redirect to it.
    protocols = [*PROTOCOLS, *(["http"] if any(argument.startswith("http://") for argument in arguments) else [])]
    variables = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(CONFIG_FILE),
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }
    if credentials and credentials.password:
        variables["PUSHTUNE_GIT_USERNAME"] = credentials.username
        variables["PUSHTUNE_GIT_PASSWORD"] = credentials.password
    variables["GIT_SSH_COMMAND"] = shlex.join(_ssh(stack, credentials))  # git gives it to a shell
    return variables


def _ssh(stack: contextlib.ExitStack, credentials: Credentials | None) -> list[str]:
    ssh = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "StrictHostKeyChecking=accept-new"]
    if credentials and credentials.private_key:
        key = stack.enter_context(tempfile.NamedTemporaryFile("w", prefix="pushtune-key-"))  # noqa: SIM115 (the stack closes it); mode 0600
        key.write(credentials.private_key.rstrip("\n") + "\n")
        key.flush()
        ssh += ["-i", key.name, "-o", "IdentitiesOnly=yes"]
    return ssh


def _read(process: Any, deadline: float, errors: bytearray, name: str) -> Iterator[bytes]:
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise GitFailed(f"git {name} did not end in time", timed_out=True)
            for key, _ in selector.select(remaining):
                chunk = os.read(key.fd, _CHUNK_BYTES)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    yield chunk
                elif len(errors) < ERROR_LIMIT_BYTES:
                    errors += chunk[:ERROR_LIMIT_BYTES]


def _end(process: Any) -> None:
    """End the command and what it started: helpers such as git-remote-https are in the same process group."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    process.stdout.close()
    process.stderr.close()


def _hit_file_limit(status: int, text: str) -> bool:
    return status == -signal.SIGXFSZ or "File too large" in text or "signal 25" in text
