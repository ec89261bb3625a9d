"""A second Docker engine whose runtime "nvidia" is plain runc: it offers a GPU as one with NVIDIA's toolkit does."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

START_SECONDS = 60


@contextlib.contextmanager
def second_engine() -> Iterator[str]:
    """Start the engine; yield its address. It has no network of its own and leaves nothing behind."""
    daemon, runtime, unshare = shutil.which("dockerd"), shutil.which("runc"), shutil.which("unshare")
    if os.geteuid() != 0 or daemon is None or runtime is None or unshare is None:
        pytest.skip("a second engine needs root, dockerd, runc and unshare")
    folder = Path(tempfile.mkdtemp(prefix="pt-", dir="/tmp"))  # a socket's path is short
    address = f"unix://{folder}/d.sock"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [  # in a network of its own: an engine without a bridge removes the one that it finds, docker0
                unshare, "--net", daemon, "-H", address,
                "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid",
                "--bridge=none", "--iptables=false", "--ip-forward=false",
                "--add-runtime", f"nvidia={runtime}",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _wait(process, address, folder / "log")
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: Any, address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(docker.errors.DockerException):
            client = docker.DockerClient(base_url=address, timeout=5)
            with contextlib.closing(client):
                if client.ping():
                    return
        time.sleep(0.2)
    pytest.skip(f"a second engine does not start here: {log.read_text()[-500:]}")


def copy_image(source: Any, target: Any, tag: str) -> None:
    """Load ``tag`` of one engine into the other."""
    target.images.load(source.images.get(tag).save(named=True))
