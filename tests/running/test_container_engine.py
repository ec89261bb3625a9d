import json
import os
import socket
import threading
from types import SimpleNamespace

import docker
import pytest
from docker.errors import DockerException

from pushtune.errors import ContainerRefused, EngineForbidden, EngineUnavailable
from pushtune.running.container_engine import ContainerEngine, connect, unreachable
from pushtune.running.container_labels import to_labels


def test_no_engine_at_all_is_told_with_the_remedy(tmp_path):
    with pytest.raises(EngineUnavailable, match=r"must be running.*systemctl start docker.*DOCKER_HOST"):
        connect(f"unix://{tmp_path}/no.sock", 5)


def test_an_engine_that_does_not_answer_ends_in_a_time_out(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        with pytest.raises(EngineUnavailable, match="must be running"):
            connect(f"unix://{tmp_path}/silent.sock", 1)


def test_a_socket_that_may_not_be_used_names_the_group():
    error = unreachable(DockerException("Error while fetching the version: PermissionError(13, 'Permission denied')"))
    assert isinstance(error, EngineForbidden) and "usermod -aG" in str(error)


@pytest.mark.parametrize(
    ("options", "user"),
    [(["name=seccomp"], "10001:10001"), (["name=seccomp", "name=rootless"], "0:0"), (None, "10001:10001")],
)
def test_on_an_engine_without_root_rights_training_runs_as_the_engines_own_user(options, user):
    client = SimpleNamespace(info=lambda: {"ID": "x", "SecurityOptions": options})
    assert ContainerEngine(client).training_user(10_001) == user


@pytest.mark.docker
def test_two_creations_at_once_yield_one_container(trial):
    made = trial("end('done', 0)")
    labels, found = to_labels(made.owner), []
    threads = [
        threading.Thread(target=lambda: found.append(made.engine.create("pushtune-two", made.image, {}, labels=labels)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1 and len(made.containers()) == 1


@pytest.mark.docker
def test_stopping_and_removing_what_is_gone_is_no_error(client):
    engine = ContainerEngine(client)
    engine.stop("no-such-container", 1)
    engine.remove("no-such-container")
    assert engine.find("no-such-container") is None
    assert engine.engine_id() == ContainerEngine(client).engine_id() != ""


@pytest.mark.docker
def test_the_proxies_of_the_user_stay_outside(trial, tmp_path, monkeypatch):
    configuration = {"proxies": {"default": {"httpProxy": "http://user:secret-word@proxy:3128"}}}
    (tmp_path / "config.json").write_text(json.dumps(configuration))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    made = trial("end('done', 0)")
    client = docker.from_env()
    container = ContainerEngine(client.api).create("pushtune-proxy", made.image, {}, labels=to_labels(made.owner))
    assert "secret-word" not in json.dumps(client.api.inspect_container(container))
    client.close()


@pytest.mark.docker
def test_what_the_engine_refuses_is_told(trial):
    made = trial("")
    made.spec["checkout"] = "/no/such/folder"
    with pytest.raises(ContainerRefused, match=r"must accept the request.*bind source path does not exist"):
        made.create()


@pytest.mark.docker
def test_a_frozen_container_can_be_stopped(trial):
    made = trial("time.sleep(60)")
    container_id = made.create()
    made.engine.start(container_id)
    made.client.pause(container_id)
    assert made.engine.find(container_id).is_running
    made.engine.stop(container_id, 1)
    state = made.engine.find(container_id)
    assert state.status == "exited" and state.seconds > 0


@pytest.mark.docker
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not")
def test_a_real_user_without_the_right_gets_the_remedy(client):
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        try:
            connect("unix:///var/run/docker.sock", 5)
        except EngineForbidden:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
