"""The database and the queue of docker-compose.yaml: locked down, protected by a password, kept over a restart."""

import time
import uuid
from contextlib import suppress

import docker
import pytest
from docker.errors import APIError, NotFound

from pushtune.commands.build_images import ensure_images

pytestmark = [pytest.mark.docker, pytest.mark.slow]
START_TIMEOUT_SECONDS = 60
PSQL = "$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)/psql -h 127.0.0.1 -U airflow airflow -Atc"


@pytest.fixture(scope="module")
def engine():
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def volume(engine):
    volume = engine.volumes.create(f"pushtune-test-{uuid.uuid4().hex[:12]}")
    yield volume.name
    volume.remove(force=True)


@pytest.fixture
def start(engine, volume):
    """Start a service as docker-compose.yaml does, but without a network."""
    containers = []

    def start_service(name, **environment):
        container = engine.containers.run(
            ensure_images([name])[name], detach=True, read_only=True, tmpfs={"/tmp": ""}, cap_drop=["ALL"], init=True,
            security_opt=["no-new-privileges:true"], network_mode="none", environment=environment,
            volumes={volume: {"bind": "/data"}},
        )  # fmt: skip
        containers.append(container)
        return container

    yield start_service
    for container in containers:
        with suppress(NotFound):
            container.remove(force=True, v=True)


def shell(container, command, **environment):
    try:
        code, output = container.exec_run(["sh", "-c", command], environment=environment)
    except APIError as error:  # it does not run
        return 1, f"{error.explanation}: {container.logs().decode()}"
    return code, output.decode().strip()


def wait_for(container, command, **environment):
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while (answer := shell(container, command, **environment))[0] != 0:
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)
    return answer[1]


def test_the_database_is_made_once_and_opens_with_the_password_only(start):
    server = start("postgres", POSTGRES_PASSWORD="right word")
    wait_for(server, f"{PSQL} 'create table t as select 42 as n'", PGPASSWORD="right word")
    assert shell(server, f"{PSQL} 'select 1'", PGPASSWORD="wrong")[0] != 0
    assert shell(server, "id -u")[1] == "10001"
    server.remove(force=True)  # SIGKILL, as a power cut would
    again = start("postgres", POSTGRES_PASSWORD="ignored now")
    assert wait_for(again, f"{PSQL} 'select n from t'", PGPASSWORD="right word") == "42"


def test_a_second_server_on_the_same_volume_is_refused(start):
    wait_for(start("postgres", POSTGRES_PASSWORD="word"), f"{PSQL} 'select 1'", PGPASSWORD="word")
    second = start("postgres", POSTGRES_PASSWORD="word")
    assert second.wait(timeout=START_TIMEOUT_SECONDS)["StatusCode"] == 1
    assert second.logs() == b"Another container serves this volume.\n"


def test_a_start_that_was_interrupted_is_repeated(engine, volume, start):
    halfway = start("postgres", POSTGRES_PASSWORD="word")
    halfway.kill()
    shell_only = ["-c", "mkdir -p /data/database.new && touch /data/database.new/PG_VERSION && rm -rf /data/database"]
    tag = ensure_images(["postgres"])["postgres"]
    engine.containers.run(
        tag, shell_only, entrypoint=["/bin/sh"], remove=True, network_mode="none", volumes={volume: {"bind": "/data"}}
    )
    server = start("postgres", POSTGRES_PASSWORD="word")
    assert wait_for(server, f"{PSQL} 'select 1'", PGPASSWORD="word") == "1"


def test_the_queue_needs_the_password_and_keeps_what_is_in_it(start):
    server = start("redis", REDIS_PASSWORD="right")
    wait_for(server, "redis-cli set key value | grep OK", REDISCLI_AUTH="right")
    assert "NOAUTH" in shell(server, "redis-cli get key")[1]
    assert "right" not in shell(server, "cat /proc/1/cmdline /proc/7/cmdline")[1]
    server.stop(timeout=20)
    server.remove()
    again = start("redis", REDIS_PASSWORD="other")
    assert wait_for(again, "redis-cli get key | grep value", REDISCLI_AUTH="other") == "value"
