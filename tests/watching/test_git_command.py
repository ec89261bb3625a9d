"""A git command neither runs nor believes anything that the environment or a repository brings along."""

import os
import stat
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
from tests.watching.git_origin import Origin, git

from pushtune.watching.credentials import Credentials, credentials_from
from pushtune.watching.git_command import GitFailed, run_git, stream_git

PROJECT = Path(__file__).resolve().parents[2]


def test_variables_of_the_environment_are_ignored(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = origin.commit_and_push()
    import_module("git")  # asks for git's version when it is loaded, which is before anything hostile is in sight
    elsewhere = tmp_path / "elsewhere"
    touched = tmp_path / "touched"
    for name, value in {
        "GIT_DIR": str(elsewhere),
        "GIT_TRACE": str(touched),
        "GIT_EXEC_PATH": str(elsewhere),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": f"touch {touched}",
        "GIT_SSH_COMMAND": f"touch {touched}",
    }.items():
        monkeypatch.setenv(name, value)
    output = run_git(["rev-parse", "refs/heads/main"], git_folder=origin.bare, timeout_seconds=20)
    assert output.decode().strip() == commit
    assert not touched.exists()


def test_configuration_of_the_user_is_ignored(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitconfig").write_text("[alias]\n\twhoami = !echo from the user\n[user]\n\tname = From User\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(GitFailed):
        run_git(["whoami"], timeout_seconds=20)
    with pytest.raises(GitFailed):
        run_git(["config", "--get", "user.name"], timeout_seconds=20)


def test_remote_helpers_are_refused_even_by_git_itself(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    with pytest.raises(GitFailed, match="transport 'ext' not allowed"):
        run_git(["ls-remote", "--", f"ext::sh -c 'touch% {touched}'"], timeout_seconds=20)
    assert not touched.exists()


def test_a_server_cannot_lead_to_another_protocol(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="transport 'http' not allowed"):
        run_git(["-c", "url.http://127.0.0.1:1/.insteadOf=https://h/", "ls-remote", "https://h/x"], timeout_seconds=20)


def test_a_command_that_takes_too_long_ends_with_everything_that_it_started(tmp_path: Path) -> None:
    mark = f"8{os.getpid()}"
    sleeper = tmp_path / "git-sleeper"
    sleeper.write_text(f"#!/bin/sh\nsleep {mark} &\nwait\n")
    sleeper.chmod(0o755)
    with pytest.raises(GitFailed, match="git sleeper did not end in time") as caught:
        run_git(["sleeper"], timeout_seconds=0.5, environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert caught.value.timed_out
    deadline = time.monotonic() + 20
    while is_running(f"sleep\0{mark}") and time.monotonic() < deadline:
        time.sleep(0.05)  # the kernel needs a moment to end a killed process
    assert not is_running(f"sleep\0{mark}")


def is_running(command: str) -> bool:
    return any(command.encode() in read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_machine_without_git_is_told() -> None:
    with pytest.raises(GitFailed, match="git is not installed, or not on the PATH"):
        run_git(["version"], timeout_seconds=20, environment={"PATH": "/nonexistent"})
    program = "import pushtune.watching.git_command as c; c.run_git(['version'], timeout_seconds=20)"
    environment = {"PATH": "/nonexistent", "PYTHONPATH": f"{PROJECT / 'plugins'}:{PROJECT / 'training'}"}
    answer = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "git is not installed, or not on the PATH" in answer.stderr


def test_output_without_end_is_cut(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pushtune.watching.git_command.OUTPUT_LIMIT_BYTES", 1000)
    origin.commit_and_push("large.txt", "x" * 5000)
    with pytest.raises(GitFailed, match="printed more than 1000 bytes") as caught:
        run_git(["cat-file", "blob", "main:large.txt"], git_folder=origin.bare, timeout_seconds=20)
    assert caught.value.too_large


def test_a_stream_that_is_closed_early_ends_the_command(origin: Origin) -> None:
    origin.commit_and_push("large.txt", "x" * 5_000_000)
    stream = stream_git(["cat-file", "blob", "main:large.txt"], git_folder=origin.bare, timeout_seconds=20)
    assert next(stream).startswith(b"xxx")
    stream.close()
    assert list(stream) == []


def test_files_that_git_writes_are_bounded(origin: Origin, tmp_path: Path) -> None:
    origin.commit_and_push("large.bin", os.urandom(200_000).hex())
    mirror = tmp_path / "mirror.git"
    git(tmp_path, "init", "-q", "--bare", str(mirror))
    with pytest.raises(GitFailed) as caught:
        run_git(
            ["fetch", "--quiet", "--", origin.url, "main"],
            git_folder=mirror,
            timeout_seconds=20,
            file_limit_bytes=100_000,
        )
    assert caught.value.too_large


def test_a_private_key_lies_in_a_file_of_its_own_only_while_git_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "a folder with blanks"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    seen = tmp_path / "seen"
    ssh = tmp_path / "ssh"
    ssh.write_text(
        f'#!/bin/sh\nfor part; do case "$part" in *pushtune-key-*) cp -p "$part" {seen};; esac; done\nexit 1\n'
    )
    ssh.chmod(0o755)
    with pytest.raises(GitFailed):
        run_git(
            ["ls-remote", "--", "git@host.invalid:x.git"],
            timeout_seconds=20,
            credentials=Credentials("git", "", "-----BEGIN KEY-----\nabc\n-----END KEY-----"),
            environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        )
    assert seen.read_text() == "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"
    assert stat.S_IMODE(seen.stat().st_mode) == 0o600
    assert not list(temporary.iterdir())


def test_credentials_come_from_a_connection_and_are_never_shown() -> None:
    class Connection:
        login = "ann"
        password = "s3cret"
        extra_dejson = {"private_key": "k3y"}

    credentials = credentials_from(Connection())
    assert credentials == Credentials("ann", "s3cret", "k3y")
    assert "s3cret" not in repr(credentials) and "k3y" not in repr(credentials)
