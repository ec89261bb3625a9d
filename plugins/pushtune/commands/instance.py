"""Starts, stops and describes the embedded instance: ``up``, ``down``, ``status``, ``logs``."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import docker
from docker.errors import DockerException, NotFound

from pushtune.commands import supervisor
from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.airflow_config import USER, configuration_file, environment, passwords_file, prepare
from pushtune.commands.console import say, step
from pushtune.commands.processes import ProcessId, end_sessions, orphans, send
from pushtune.errors import AirflowNotReady, PortInUse
from pushtune.running.container_labels import INSTALLATION, installation_id
from pushtune.running.scratch import remove_abandoned
from pushtune.settings import Settings

START_TIMEOUT_SECONDS = 180
STOP_TIMEOUT_SECONDS = 60
CONTAINER_GRACE_SECONDS = 10


def is_running(settings: Settings) -> bool:
    """Say whether a supervisor of this instance is at work."""
    lock = supervisor.acquire_lock(settings)
    if lock is None:
        return True
    lock.close()
    return False


def running_settings(settings: Settings) -> Settings | None:
    """Return the settings with the port that this home's instance was started with; None where none runs."""
    port = _instance_document(settings).get("port") if is_running(settings) else None
    return None if port is None else settings.model_copy(update={"port": port})


def running_api(settings: Settings) -> AirflowApi:
    """Return a client of the running instance. On any other port another program might get the password.

    Raises:
        AirflowNotReady: no instance of this home runs.
    """
    running = running_settings(settings)
    if running is None:
        raise AirflowNotReady(
            f"Airflow must run with the files in {settings.home}.", "it does not", "Start it with `make up`."
        )
    return AirflowApi(running)


def up(settings: Settings) -> AirflowApi:
    """Start Airflow unless it runs, wait until every part is healthy, and return a client of its API.

    Raises:
        PortInUse: something else listens on the port, or this home's instance runs on another than was asked for.
        AirflowNotReady: it did not become healthy in time.
    """
    if is_running(settings):
        settings = _on_its_port(settings)
    else:
        _end_leftovers(settings)
        _require_free_port(settings)
        remove_abandoned(settings)
        with step("Prepare Airflow's database and configuration"):
            prepare(settings)
        _start_supervisor(settings)
    api = AirflowApi(settings)
    with step("Start Airflow"):
        _wait_until_healthy(settings, api)
    return api


def describe(settings: Settings) -> None:
    """Print where the pages are and how to get in."""
    settings = running_settings(settings) or settings
    say(f"Airflow: http://127.0.0.1:{settings.port}  user: {USER}  password: in {passwords_file(settings)}")
    place = f"AIRFLOW_HOME={settings.airflow_home} AIRFLOW_CONFIG={configuration_file(settings)}"
    say(f"Airflow's own commands: {place} {sys.executable} -m airflow ...")


def down(settings: Settings, remove: bool = False) -> None:
    """Stop Airflow and its containers. At the next start trainings go on from their checkpoints, and models answer.

    Args:
        remove: the containers are removed as well.
    """
    if is_running(settings):
        with step("Stop Airflow"):
            _stop_supervisor(settings)
    else:
        say("Airflow does not run.")
    _end_leftovers(settings)
    _stop_containers(settings, remove)


def status(settings: Settings) -> bool:
    """Print the state of each part; return whether all is well."""
    running = running_settings(settings)
    if running is None:
        say("Airflow does not run. Start it with `make up`.")
        return False
    health = AirflowApi(running).health()
    for name, state in sorted(health.items()):
        say(f"{name}: {state}")
    describe(running)
    return bool(health) and all(state == "healthy" for state in health.values())


def logs(settings: Settings, lines: int = 40) -> None:
    """Print the end of each component's log."""
    for component in (*supervisor.COMPONENTS, "supervisor"):
        path = supervisor.log_file(settings, component)
        say(f"--- {path}")
        if path.exists():
            for line in path.read_text(errors="replace").splitlines()[-lines:]:
                say(line)


def _instance_document(settings: Settings) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(supervisor.instance_file(settings).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return document


def _on_its_port(settings: Settings) -> Settings:
    """Return the settings with the port of the running instance, unless another one was asked for: PortInUse."""
    running = running_settings(settings)
    if running is None:  # it is being started by another command
        return settings
    if "port" in settings.model_fields_set and settings.port != running.port:
        raise PortInUse(
            "One instance uses one port.",
            f"it runs on port {running.port}, asked for {settings.port}",
            "Run `make down` first.",
        )
    return running


def _require_free_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.port))
        except OSError as error:
            raise PortInUse(
                f"Port {settings.port} on 127.0.0.1 must be free for Airflow's pages.",
                error.strerror or str(error),
                "Stop the program that uses it, or choose another port: `make up PORT=8090`.",
            ) from error


def _start_supervisor(settings: Settings) -> None:
    path = supervisor.log_file(settings, "supervisor")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as output:
        subprocess.Popen(
            [sys.executable, "-m", "pushtune.commands.supervisor"],
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_healthy(settings: Settings, api: AirflowApi) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    health: dict[str, str] = {}
    while time.monotonic() < deadline:
        health = api.health()
        if health and all(state == "healthy" for state in health.values()):
            return
        time.sleep(0.5)
    raise AirflowNotReady(
        f"Airflow must be healthy within {START_TIMEOUT_SECONDS} s.",
        health or "no answer",
        f"`make logs` shows what its parts say; the files are in {settings.run_folder / 'logs'}.",
    )


def _stop_supervisor(settings: Settings) -> None:
    document = _instance_document(settings)
    identity = ProcessId.from_document(document["supervisor"]) if document else None
    if identity is not None and identity.is_alive():
        send([identity.pid], signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    # The supervisor gives its lock back a moment before it is gone.
    while time.monotonic() < deadline and (is_running(settings) or (identity is not None and identity.is_alive())):
        time.sleep(0.2)
    if is_running(settings):
        raise AirflowNotReady(
            f"Airflow must stop within {STOP_TIMEOUT_SECONDS} s.", "it still runs", "See `make logs`, then try again."
        )


def _end_leftovers(settings: Settings) -> None:
    """End parts whose supervisor was killed, and what is left of those that were killed in the same moment."""
    for name, component in _instance_document(settings).get("components", {}).items():
        identity = ProcessId.from_document(component)
        if identity.is_alive():
            end_sessions([identity.pid], 2.0)
        else:
            send(orphans(identity.pid, supervisor.log_file(settings, name).parent), signal.SIGKILL)
    supervisor.instance_file(settings).unlink(missing_ok=True)


def _stop_containers(settings: Settings, remove: bool) -> None:
    try:
        client = docker.from_env(timeout=CONTAINER_GRACE_SECONDS + 20)
        own = {"label": f"{INSTALLATION}={installation_id(settings)}"}
        found = client.containers.list(all=remove, filters=own)
    except DockerException:
        return
    for container in found:
        # One that fetches data sets is removed by its task, which may do so at this moment.
        with step(f"{'Remove' if remove else 'Stop'} container {container.name}"), contextlib.suppress(NotFound):
            container.stop(timeout=CONTAINER_GRACE_SECONDS)
            if remove:
                container.remove(force=True, v=True)
