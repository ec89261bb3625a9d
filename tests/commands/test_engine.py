import os
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path

import docker
import pytest

from pushtune.commands import engine
from pushtune.errors import EngineForbidden, EngineMissing
from pushtune.settings import load_settings

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_dockerd = pytest.mark.skipif(
    not (shutil.which("dockerd") and shutil.which("unshare"))
    or os.geteuid() != 0
    or Path("/run/systemd/system").is_dir(),
    reason="needs dockerd, unshare and root, and no systemd, which would start the machine's own engine",
)


@pytest.fixture
def own_engine(tmp_path, monkeypatch):
    """The command that starts an engine of our own beside the machine's; it is stopped at the end.

    It gets a network namespace: an engine removes the bridge of another one on the same machine when it starts.
    """
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    yield [
        "unshare", "--net", "dockerd", "--host", os.environ["DOCKER_HOST"], "--data-root", str(tmp_path / "data"),
        "--exec-root", str(tmp_path / "exec"), "--pidfile", str(tmp_path / "pid"),
        "--iptables=false", "--bridge=none", "--storage-driver=vfs",
    ]  # fmt: skip
    if (tmp_path / "pid").exists():
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
        deadline = time.monotonic() + 30
        while (tmp_path / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.1)


@pytest.fixture
def no_rights(monkeypatch, tmp_path):
    """A machine where nothing can be installed: no apt-get and no Docker on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.docker
def test_an_engine_that_answers_is_used():
    client = engine.ensure_engine(load_settings())
    assert client.ping()
    client.close()


def test_an_engine_named_by_docker_host_must_answer_and_nothing_is_installed_for_it(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineMissing, match=r"DOCKER_HOST names must answer.*none\.sock.*unset DOCKER_HOST"):
        engine.ensure_engine(load_settings())


def test_an_engine_that_accepts_and_never_answers_does_not_hang(monkeypatch):
    monkeypatch.setattr(engine, "PING_TIMEOUT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(EngineMissing, match=r"must answer.*timed out"):
            engine.ensure_engine(load_settings())


@needs_root
def test_a_socket_closed_to_this_user_is_told_apart(monkeypatch):
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        path = Path(folder) / "docker.sock"
        server.bind(str(path))
        server.listen()
        path.chmod(0o600)
        path.parent.chmod(0o755)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        os.seteuid(65534)
        try:
            with pytest.raises(EngineForbidden, match=r"must be allowed.*Permission.*usermod -aG docker"):
                engine.ensure_engine(load_settings())
        finally:
            os.seteuid(0)


def test_without_rights_the_remedy_says_what_to_install(monkeypatch, no_rights):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert "apt-get install docker.io" in engine._remedy_without_rights()


def test_an_engine_without_root_rights_is_pointed_at(monkeypatch, tmp_path):
    (tmp_path / "docker.sock").touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert f"export DOCKER_HOST=unix://{tmp_path}/docker.sock" in engine._remedy_without_rights()


def test_an_installed_engine_that_does_not_run_is_to_be_started(monkeypatch, tmp_path):
    (tmp_path / "dockerd").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert "systemctl start docker" in engine._remedy_without_rights()


@pytest.mark.docker
@pytest.mark.slow
@needs_dockerd
def test_an_engine_is_started_in_the_background_with_a_log(own_engine, tmp_path):
    client = engine._start(own_engine, tmp_path / "run" / "dockerd.log")
    assert client.info()["DockerRootDir"] == str(tmp_path / "data")
    client.close()
    assert "API listen" in (tmp_path / "run" / "dockerd.log").read_text()


@needs_dockerd
def test_an_engine_that_cannot_start_shows_the_end_of_its_log(own_engine, tmp_path):
    with pytest.raises(EngineMissing, match=r"(?s)must start within.*unknown flag.*dockerd\.log"):
        engine._start([*own_engine, "--no-such-option"], tmp_path / "dockerd.log")


def test_docker_is_the_library_and_not_a_file_of_ours():
    assert docker.__name__ == "docker"
    assert "site-packages" in docker.__file__
