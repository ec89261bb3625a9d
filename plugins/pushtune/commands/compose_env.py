"""Prepares ``docker-compose.yaml``: folders, secrets and images, and the file that names them all.

``python -m pushtune.commands.compose_env`` writes, with mode 0600, ``<home>/compose/compose.env`` for the file itself
and ``settings.env`` for the processes: the knobs (``PUSHTUNE_*``), connections (``AIRFLOW_CONN_*``) and proxies of the
calling environment. Secrets that are there already are kept, so that the command can be repeated after every update.
"""

import json
import os
import secrets
import shlex
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from pushtune.commands.build_images import ensure_images
from pushtune.commands.console import exit_code_of, say
from pushtune.commands.engine import ensure_engine
from pushtune.commands.environment_file import environment_text, read_environment_file, write_environment_file
from pushtune.commands.private_files import private_folders, write_private
from pushtune.commands.proxy_variables import LOCAL_HOSTS, direct_variables
from pushtune.errors import RemoteEngine
from pushtune.running.container_labels import installation_id
from pushtune.running.image_catalog import COMPOSE_NAMES, FAMILY_NAMES
from pushtune.settings import PROJECT_FOLDER, Settings, load_settings

USER = "admin"
# Airflow's processes run as this user where the command runs as root; trainings have the same one by default.
CONTAINER_UID = 10_001
DEFAULT_SOCKET = "/var/run/docker.sock"
_TOKEN_NAMES = ("STACK_JWT_SECRET", "STACK_SECRET_KEY", "STACK_POSTGRES_PASSWORD", "STACK_REDIS_PASSWORD")
_SERVICES = ("postgres", "redis", "api-server")


def compose_home(settings: Settings) -> Path:
    """The folder that the services share: workspaces, logs, data sets. The embedded instance has another one."""
    return settings.home / "compose"


def prepare_compose(settings: Settings, environment: Mapping[str, str] = os.environ) -> Path:
    """Build the images, create folders and secrets, and return the path of the environment file.

    Raises:
        RemoteEngine: the engine is not on this machine. InvalidSetting: a variable cannot be passed on.
        And what ``ensure_images`` raises.
    """
    passed_on = environment_text(_passed_on(environment))  # refused before images are built
    socket = engine_socket(environment)
    ensure_engine(settings).close()
    tags = ensure_images([*COMPOSE_NAMES, *FAMILY_NAMES], settings)
    home, user_id = compose_home(settings), CONTAINER_UID if os.getuid() == 0 else os.getuid()
    _make_folders(settings, home, user_id)
    path = home / "compose.env"
    known = read_environment_file(path)
    values = {  # no name is one that Pushtune or Airflow reads: compose lets the caller's environment win over the file
        # Containers, networks and the database's volume are named after it; a new name would begin with an empty one.
        "COMPOSE_PROJECT_NAME": known.get("COMPOSE_PROJECT_NAME") or f"pushtune-{installation_id(settings)[:8]}",
        "STACK_PROJECT": str(PROJECT_FOLDER),
        "STACK_HOME": str(home),
        "STACK_PORT": str(settings.port),
        "STACK_BASE_URL": settings.pages_url,
        "STACK_UID": str(user_id),
        "STACK_DOCKER_SOCKET": str(socket),
        "STACK_DOCKER_GID": str(socket.stat().st_gid),
        "STACK_CERTIFICATES": certificates(environment),
        **{f"STACK_{name.upper()}_IMAGE": tags[name] for name in COMPOSE_NAMES},
        **{name: known.get(name) or secrets.token_urlsafe(32) for name in _TOKEN_NAMES},
        "STACK_FERNET_KEY": known.get("STACK_FERNET_KEY") or Fernet.generate_key().decode(),
    }
    write_environment_file(path, values)
    write_private(home / "settings.env", passed_on)
    _write_password(home / "passwords.json", user_id)
    return path


def engine_socket(environment: Mapping[str, str]) -> Path:
    """Return the socket of the engine on this machine, which the worker mounts. Raises RemoteEngine."""
    host = environment.get("DOCKER_HOST") or f"unix://{DEFAULT_SOCKET}"
    if not host.startswith("unix://"):
        raise RemoteEngine(
            "The Celery worker needs the socket of a Docker engine on this machine.", f"DOCKER_HOST={host}",
            "Run the command on the machine of the engine, without DOCKER_HOST.",
        )
    return Path(host.removeprefix("unix://"))


def certificates(environment: Mapping[str, str]) -> str:
    """Return the host's bundle of certificates, which a company may have added its own to; it is only mounted."""
    for candidate in (environment.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().openssl_cafile):
        if candidate and Path(candidate).is_file():
            return str(Path(candidate).resolve())
    return "/etc/ssl/certs/ca-certificates.crt"


def _passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the services inherit; where they run and listen is decided by the compose file."""
    passed = {
        name: value
        for name, value in environment.items()
        if name.startswith(("PUSHTUNE_", "AIRFLOW_CONN_")) and name not in ("PUSHTUNE_HOME", "PUSHTUNE_PORT") and value
    }
    for name in ("http_proxy", "https_proxy"):
        value = environment.get(name) or environment.get(name.upper(), "")
        passed.update({name: value, name.upper(): value} if value else {})
    return passed | direct_variables(environment, (*LOCAL_HOSTS, *_SERVICES))


def _make_folders(settings: Settings, home: Path, user_id: int) -> None:
    # Whoever may not list these folders may still reach what is mounted out of them: a trial sees its own folder only.
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.home.chmod(0o711)
    private = private_folders(load_settings({"PUSHTUNE_HOME": str(home)}))
    for folder, mode in (
        (home, 0o711), (home / "workspaces", 0o711), (home / "airflow", 0o700), *((path, 0o700) for path in private)
    ):  # fmt: skip
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
        if os.getuid() == 0:
            os.chown(folder, user_id, user_id)


def _write_password(path: Path, user_id: int) -> None:
    """Generate the password of the web pages at the first call."""
    if not path.exists():
        write_private(path, json.dumps({USER: secrets.token_urlsafe(12)}) + "\n")
    if os.getuid() == 0:
        os.chown(path, user_id, user_id)


def main() -> None:
    """Prepare everything and print the command that starts it."""
    settings = load_settings()
    path = prepare_compose(settings)
    program = "docker-compose --project-directory"
    options: list[Any] = [PROJECT_FOLDER, "--file", PROJECT_FOLDER / "docker-compose.yaml", "--env-file", path]
    say("Ready. Start everything (`docker compose` works as well):")
    say(f"  {program} {shlex.join(str(option) for option in options)} up --detach")
    say(f"Airflow: http://127.0.0.1:{settings.port}  user: {USER}  password: in {path.with_name('passwords.json')}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
