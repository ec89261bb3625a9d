import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pushtune.commands.compose_env import (
    certificates,
    compose_home,
    engine_socket,
    prepare_compose,
)
from pushtune.commands.environment_file import read_environment_file
from pushtune.errors import InvalidSetting, RemoteEngine
from pushtune.running.image_catalog import COMPOSE_NAMES, image_tag
from pushtune.settings import PROJECT_FOLDER, load_settings

COMPOSE_FILE = PROJECT_FOLDER / "docker-compose.yaml"
SECRETS = [
    f"STACK_{name}" for name in ("JWT_SECRET", "SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "FERNET_KEY")
]
SERVICES = "localhost,127.0.0.1,::1,postgres,redis,api-server"
needs_compose = pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")


@pytest.fixture
def services():
    return yaml.safe_load(COMPOSE_FILE.read_text())["services"]


@pytest.fixture
def images(monkeypatch):
    """The images need not be there to see what is written about them."""
    monkeypatch.setattr(
        "pushtune.commands.compose_env.ensure_images", lambda names, settings: {name: image_tag(name) for name in names}
    )


@pytest.fixture
def settings(tmp_path):
    return load_settings({"PUSHTUNE_HOME": str(tmp_path / "home"), "PUSHTUNE_PORT": "18099"})


@pytest.fixture
def engine(images, monkeypatch, tmp_path):
    """The engine need not be there either; return what names its socket."""

    class Engine:
        def close(self):
            pass

    monkeypatch.setattr("pushtune.commands.compose_env.ensure_engine", lambda settings: Engine())
    (tmp_path / "docker.sock").touch()
    return {"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"}


def test_two_installations_of_one_machine_share_nothing(engine, settings, tmp_path):
    other = load_settings({"PUSHTUNE_HOME": str(tmp_path / "other")})
    names = [prepare(one, **engine)[1]["COMPOSE_PROJECT_NAME"] for one in (settings, other, settings)]
    assert names[0] == names[2] != names[1]
    assert all(re.fullmatch(r"pushtune-[0-9a-f]{8}", name) for name in names)


def test_an_installation_keeps_the_name_of_its_volumes(engine, settings):
    compose_home(settings).mkdir(parents=True)
    (compose_home(settings) / "compose.env").write_text("COMPOSE_PROJECT_NAME=pushtune\nSTACK_JWT_SECRET=abc\n")
    for _ in range(2):
        _, values = prepare(settings, **engine)
        assert (values["COMPOSE_PROJECT_NAME"], values["STACK_JWT_SECRET"]) == ("pushtune", "abc")


def test_values_that_need_quotes_arrive(engine, settings):
    connection = '{"conn_type": "http",\n "password": "pa$sword # 1"}'
    prepare(settings, AIRFLOW_CONN_GIT=connection, **engine)
    assert read_environment_file(compose_home(settings) / "settings.env") == {
        "AIRFLOW_CONN_GIT": connection, "no_proxy": SERVICES, "NO_PROXY": SERVICES,
    }  # fmt: skip


@pytest.mark.parametrize("base_url", ["", "https://pushtune.example.org"])
def test_the_pages_are_where_people_reach_them(engine, tmp_path, services, base_url):
    given = {"PUSHTUNE_HOME": str(tmp_path / "home"), "PUSHTUNE_PORT": "18099", "PUSHTUNE_BASE_URL": base_url}
    _, values = prepare(load_settings(given), **engine)
    assert values["STACK_BASE_URL"] == (base_url or "http://127.0.0.1:18099")
    known = services["worker"]["environment"]
    assert known["AIRFLOW__API__BASE_URL"] == "${STACK_BASE_URL}"
    assert known["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://api-server:8080/execution/"


def test_what_cannot_be_passed_on_is_refused_before_anything_is_made(engine, settings):
    with pytest.raises(InvalidSetting, match="Received: AIRFLOW_CONN_GIT,") as caught:
        prepare(settings, AIRFLOW_CONN_GIT="s3cret${HOME}", **engine)
    assert "s3cret" not in str(caught.value) and not settings.home.exists()


def prepare(settings, **environment):
    path = prepare_compose(settings, environment)
    return path, read_environment_file(path)


@pytest.mark.docker
def test_every_variable_of_the_compose_file_is_written(images, settings):
    _, values = prepare(settings)
    used = set(re.findall(r"\$\{(\w+)(?!\w|:-)", COMPOSE_FILE.read_text()))
    assert used <= set(values) | {"STACK_WORKER_CONCURRENCY"}
    assert all(values[name] for name in used - {"STACK_WORKER_CONCURRENCY"})
    assert values["STACK_PORT"] == "18099"
    for name in COMPOSE_NAMES:
        assert values[f"STACK_{name.upper()}_IMAGE"] == image_tag(name)


@pytest.mark.docker
def test_secrets_are_long_different_private_and_kept(images, settings):
    path, first = prepare(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(len(first[name]) >= 43 for name in SECRETS)
    assert len({first[name] for name in SECRETS}) == len(SECRETS)
    password = (compose_home(settings) / "passwords.json").read_text()
    _, second = prepare(settings)
    assert second == first
    assert (compose_home(settings) / "passwords.json").read_text() == password
    assert len(json.loads(password)["admin"]) >= 16


@pytest.mark.docker
def test_the_folders_belong_to_the_user_of_the_services(images, settings):
    _, values = prepare(settings)
    home = compose_home(settings)
    user_id = int(values["STACK_UID"])
    assert user_id == (10_001 if os.getuid() == 0 else os.getuid())
    for name, mode in (("", 0o711), ("workspaces", 0o711), ("airflow", 0o700), ("passwords.json", 0o600)):
        facts = (home / name).stat()
        assert (facts.st_uid, facts.st_mode & 0o777) == (user_id, mode), name


@pytest.mark.docker
def test_knobs_connections_and_proxies_are_passed_on_and_nothing_else(images, settings):
    prepare(settings, PUSHTUNE_TRIALS_AT_ONCE="3", PUSHTUNE_HOME="/elsewhere", AIRFLOW_CONN_MAIL="sendgrid://:key@",
            https_proxy="http://proxy:3128", NO_PROXY="intranet", SHELL="/bin/sh")  # fmt: skip
    passed = read_environment_file(compose_home(settings) / "settings.env")
    services = f"intranet,{SERVICES}"
    assert passed == {
        "PUSHTUNE_TRIALS_AT_ONCE": "3", "AIRFLOW_CONN_MAIL": "sendgrid://:key@", "https_proxy": "http://proxy:3128",
        "HTTPS_PROXY": "http://proxy:3128", "no_proxy": services, "NO_PROXY": services,
    }  # fmt: skip


@pytest.mark.docker
@needs_compose
def test_docker_compose_accepts_the_file(images, settings):
    path, _ = prepare(settings)
    command = ["docker-compose", "--file", str(COMPOSE_FILE), "--env-file", str(path), "config"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    assert "STACK_" not in shown.stdout


def test_only_the_worker_gets_the_engine(services):
    holders = [name for name, service in services.items() if "DOCKER_SOCKET" in str(service.get("volumes", ""))]
    assert holders == ["worker"]


def test_nothing_listens_beyond_this_machine(services):
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:${STACK_PORT}:8080"]


def test_every_service_is_locked_down(services):
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name


def test_the_database_and_the_queue_are_out_of_reach_from_outside(services):
    for name in ("postgres", "redis"):
        assert services[name]["networks"] == ["backend"]


def test_every_process_sees_the_shared_folders_at_the_paths_of_the_host(services):
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker", "migration"):
        assert {"${STACK_PROJECT}:${STACK_PROJECT}:ro", "${STACK_HOME}:${STACK_HOME}"} <= set(services[name]["volumes"])


def test_the_file_holds_no_secret():
    for line in COMPOSE_FILE.read_text().splitlines():
        if re.search(r"SECRET|PASSWORD|KEY|CONN:|URL:|BACKEND:", line.partition(":")[0]):
            assert "${STACK_" in line, line


def test_an_engine_on_another_machine_is_refused():
    with pytest.raises(RemoteEngine, match=r"on this machine.*DOCKER_HOST=tcp://10\.0\.0\.1:2376.*without DOCKER_HOST"):
        engine_socket({"DOCKER_HOST": "tcp://10.0.0.1:2376"})


@pytest.mark.parametrize(("environment", "expected"), [
    ({}, "/var/run/docker.sock"), ({"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}, "/run/user/1000/docker.sock"),
])  # fmt: skip
def test_the_socket_is_the_one_that_docker_itself_uses(environment, expected):
    assert engine_socket(environment) == Path(expected)


def test_the_hosts_own_certificates_are_used(tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    assert certificates({"SSL_CERT_FILE": str(bundle)}) == str(bundle)
    assert Path(certificates({"SSL_CERT_FILE": "/nonexistent"})).name.endswith((".crt", ".pem"))


