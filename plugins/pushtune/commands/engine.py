"""Makes sure that a Docker engine answers: one that runs is used, otherwise one is installed and started.

``DOCKER_HOST`` and the other variables of Docker's own clients are respected. An engine is installed only as root on
Debian, Ubuntu and their relatives, from the distribution's own packages; started by systemd where that runs, else
as a background process of its own, with its log in ``settings.run_folder``.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import docker
import requests
from docker.errors import DockerException

from pushtune.commands import distribution
from pushtune.commands.console import step
from pushtune.errors import EngineForbidden, EngineMissing
from pushtune.settings import Settings, load_settings

# Saving a layer of gigabytes may keep the engine silent for minutes on a slow disk.
ANSWER_TIMEOUT_SECONDS = 900
PING_TIMEOUT_SECONDS = 10
START_TIMEOUT_SECONDS = 60
LOG_LINES_SHOWN = 8


def ensure_engine(settings: Settings | None = None) -> docker.DockerClient:
    """Return a client of an engine that answers; install and start one where that is possible.

    Raises:
        EngineForbidden: an engine is there, but its socket is closed to this user.
        EngineMissing: none answers, and this process cannot provide one; the text says what to do.
    """
    client, reason = _connect()
    if client is not None:
        return client
    if os.environ.get("DOCKER_HOST"):
        raise EngineMissing(
            "The Docker engine that DOCKER_HOST names must answer.", f"{os.environ['DOCKER_HOST']}: {reason}",
            "Start that engine, or unset DOCKER_HOST to use the one of this machine.",
        )
    if not distribution.can_install():
        raise EngineMissing("A Docker engine must run on this machine.", reason, _remedy_without_rights())
    if shutil.which("dockerd") is None:
        _install()
    with step("Start the Docker engine"):
        return _start(["dockerd"], (settings or load_settings()).run_folder / "dockerd.log")


def _connect() -> tuple[docker.DockerClient | None, str]:
    """Return a client, or the reason why there is none."""
    try:
        probe = docker.from_env(timeout=PING_TIMEOUT_SECONDS)
        probe.ping()
        probe.close()
        return docker.from_env(timeout=ANSWER_TIMEOUT_SECONDS), ""
    except DockerException as error:
        if "PermissionError" in str(error) or "Permission denied" in str(error):
            raise EngineForbidden(
                "This user must be allowed to use the Docker engine.", error,
                "Run `sudo usermod -aG docker $USER` and log in again, or set DOCKER_HOST to an engine of your own.",
            ) from error
        return None, str(error)
    except requests.RequestException as error:
        return None, str(error)


def _remedy_without_rights() -> str:
    rootless = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / "docker.sock"
    if rootless.exists():
        return f"An engine without root rights has its socket at {rootless}: export DOCKER_HOST=unix://{rootless}"
    if shutil.which("dockerd"):
        return "Docker is installed, but does not run: `sudo systemctl start docker`, or start Docker Desktop."
    return (
        "Install Docker: `sudo apt-get install docker.io` on Debian and Ubuntu, `sudo dnf install docker` on Fedora, "
        "Docker Desktop elsewhere. Or run this command as root on Debian or Ubuntu, and it installs one."
    )


def _install() -> None:
    with step("Install the Docker engine from the distribution") as current:
        try:
            distribution.install_packages("docker.io", on_line=current.note)
        except distribution.DistributionFailed as error:
            raise EngineMissing(
                "The package docker.io must be installable.", error,
                "Check `apt-get update` and `apt-get install docker.io`.",
            ) from error


def _start(command: list[str], log_file: Path) -> docker.DockerClient:
    """Start the engine unless its package has done so, and wait until it answers."""
    process: subprocess.Popen[bytes] | None = None
    if Path("/run/systemd/system").is_dir():
        command = ["systemctl", "start", "docker"]
        subprocess.run(command, check=False, timeout=START_TIMEOUT_SECONDS, capture_output=True)
    elif not Path("/var/run/docker.pid").exists() or _connect()[0] is None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
    deadline, reason = time.monotonic() + START_TIMEOUT_SECONDS, ""
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        client, reason = _connect()
        if client is not None:
            return client
        time.sleep(0.5)
    if process is not None and log_file.exists():
        reason = "\n".join(log_file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
    raise EngineMissing(
        f"The Docker engine must start within {START_TIMEOUT_SECONDS} seconds.", reason,
        "See `journalctl -u docker`." if process is None else f"The whole log is in {log_file}.",
    )
