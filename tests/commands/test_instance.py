"""The embedded instance, really started and stopped."""

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from docker.errors import NotFound
from tests.pretended_instance import running_on

from pushtune.commands import instance, supervisor
from pushtune.commands.airflow_api import AirflowApi
from pushtune.commands.airflow_config import passwords_file, read_password
from pushtune.commands.processes import ProcessId, session_members
from pushtune.errors import AirflowNotReady, PortInUse
from pushtune.running.container_labels import fetching_labels
from pushtune.settings import PROJECT_FOLDER, Settings, load_settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_settings(home: Path) -> Settings:
    empty = home / "watched.yaml"
    home.mkdir(parents=True, exist_ok=True)
    empty.write_text("repositories: []\n")
    return Settings(home=home, port=free_port(), watched_repositories=empty)


def processes_of(settings: Settings) -> list[psutil.Process]:
    """Every process that was started with this instance's home in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PUSHTUNE_HOME") == str(settings.home) and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = make_settings(tmp_path_factory.mktemp("instance") / "home")
    instance.up(settings)
    yield settings
    instance.down(settings)
    assert processes_of(settings) == []
    assert not supervisor.instance_file(settings).exists()


@pytest.mark.airflow
@pytest.mark.slow
def test_it_is_healthy_and_private(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert instance.status(settings)
    assert read_password(passwords_file(settings)) not in capsys.readouterr().out
    for path in (passwords_file(settings), settings.airflow_home / "airflow.cfg", settings.run_folder / "secrets.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for folder in (settings.airflow_home, settings.run_folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    for process in processes_of(settings):
        for connection in process.net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip == "127.0.0.1", (process.cmdline(), connection.laddr)


@pytest.mark.airflow
@pytest.mark.slow
def test_the_api_asks_for_a_login(settings: Settings) -> None:
    answer = requests.get(f"http://127.0.0.1:{settings.port}/api/v2/dags", timeout=10)
    assert answer.status_code == 401
    login = {"username": "admin", "password": "wrong"}
    assert requests.post(f"http://127.0.0.1:{settings.port}/auth/token", json=login, timeout=10).status_code == 401


@pytest.mark.airflow
@pytest.mark.slow
def test_a_part_that_dies_is_started_again(settings: Settings) -> None:
    before = json.loads(supervisor.instance_file(settings).read_text())["components"]["triggerer"]
    os.kill(before["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = json.loads(supervisor.instance_file(settings).read_text())["components"].get("triggerer", before)
        if now["pid"] != before["pid"] and ProcessId.from_document(now).is_alive():
            return
        time.sleep(0.3)
    raise AssertionError("the triggerer was not started again")


@pytest.mark.airflow
@pytest.mark.slow
def test_starting_it_again_changes_nothing(settings: Settings) -> None:
    before = supervisor.instance_file(settings).read_text()
    instance.up(settings)
    assert supervisor.instance_file(settings).read_text() == before


@pytest.mark.airflow
@pytest.mark.slow
def test_another_port_of_the_same_instance_is_refused(settings: Settings) -> None:
    with pytest.raises(PortInUse, match="Run `make down` first"):
        instance.up(settings.model_copy(update={"port": free_port()}))


@pytest.mark.airflow
@pytest.mark.slow
def test_changes_at_once_are_all_answered_and_in_the_audit_log(settings: Settings) -> None:
    def change(dag_id: str) -> None:
        api = AirflowApi(settings)
        for _ in range(30):
            api._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def logged() -> int:
        return int(AirflowApi(settings).get("/eventLogs", event="patch_dag", limit=1)["total_entries"])

    before = logged()
    with ThreadPoolExecutor() as pool:
        list(pool.map(change, ("check_containers", "clean_up", "send_delayed_mails", "clean_up")))
    assert logged() == before + 4 * 30


@pytest.mark.airflow
@pytest.mark.slow
def test_nothing_is_left_of_a_part_that_dies_in_the_same_moment_as_its_supervisor(settings: Settings) -> None:
    document = json.loads(supervisor.instance_file(settings).read_text())
    scheduler = document["components"]["scheduler"]["pid"]
    deadline = time.monotonic() + 60
    while len(session_members(scheduler)) < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    before = session_members(scheduler)
    assert len(before) > 1, "workers, which outlive a scheduler that is killed"
    for identity in (document["supervisor"], document["components"]["scheduler"]):
        os.kill(identity["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while instance.is_running(settings) and time.monotonic() < deadline:
        time.sleep(0.1)
    instance.up(settings)
    assert session_members(scheduler) == []


def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "home")
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        with pytest.raises(PortInUse, match=f"Port {settings.port} on 127.0.0.1 must be free"):
            instance.up(settings)
    assert processes_of(settings) == []


def test_an_instance_that_does_not_run_says_how_to_start_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not instance.status(make_settings(tmp_path / "home"))
    assert "make up" in capsys.readouterr().out


def test_who_asks_looks_at_the_port_that_runs_and_nowhere_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(AirflowApi, "health", lambda api: asked.append(api._address) or {"scheduler": "healthy"})
    settings = Settings(home=tmp_path, port=18_080)
    with pytest.raises(AirflowNotReady, match="must run with the files in"):
        instance.running_api(settings)
    with running_on(settings, 18_090):
        assert instance.status(settings)
        instance.running_api(settings).health()
    assert asked == ["http://127.0.0.1:18090"] * 2
    said = capsys.readouterr().out
    assert "http://127.0.0.1:18090" in said and "18080" not in said


def test_starting_again_takes_the_port_that_runs_unless_another_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(AirflowApi, "health", lambda api: asked.append(api._address) or {"scheduler": "healthy"})
    with running_on(Settings(home=tmp_path), 18_090):
        instance.up(load_settings({"PUSHTUNE_HOME": str(tmp_path)}))
        instance.up(load_settings({"PUSHTUNE_HOME": str(tmp_path), "PUSHTUNE_PORT": "18090"}))
        with pytest.raises(PortInUse, match=r"runs on port 18090, asked for 8080.*make down"):
            instance.up(load_settings({"PUSHTUNE_HOME": str(tmp_path), "PUSHTUNE_PORT": "8080"}))
    assert asked == ["http://127.0.0.1:18090"] * 2


def test_the_port_is_known_before_any_part_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Started(Exception):
        pass

    def start(supervised: supervisor.Supervisor, name: str) -> None:
        known = instance.running_settings(Settings(home=tmp_path))
        raise Started(known.port if known else None)

    monkeypatch.setattr(supervisor.signal, "signal", lambda *_: None)
    monkeypatch.setattr(supervisor.Supervisor, "_start", start)
    settings = Settings(home=tmp_path, port=18_090)
    lock = supervisor.acquire_lock(settings)
    assert lock is not None
    with lock, pytest.raises(Started, match="18090"):
        supervisor.Supervisor(settings).run()


def test_down_stops_what_is_ours_and_minds_nothing_that_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, stopped = make_settings(tmp_path), []

    class Fetching:
        name = "pushtune-datasets-1"
        labels = fetching_labels(settings)

        def stop(self, timeout: int) -> None:
            stopped.append(self.name)
            raise NotFound("its task has removed it")

    class Client:
        containers: Any

        def list(self, all: bool, filters: dict[str, str]) -> list[Fetching]:
            name, _, value = filters["label"].partition("=")
            return [Fetching()] * 2 if Fetching.labels[name] == value else []

    client = Client()
    client.containers = client
    monkeypatch.setattr("docker.from_env", lambda timeout: client)
    instance.down(settings)
    assert stopped == ["pushtune-datasets-1"] * 2


def test_the_project_folder_is_where_the_dags_are() -> None:
    assert (PROJECT_FOLDER / "dags" / "train_on_push.py").is_file()
