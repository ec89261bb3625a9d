"""Where the API's client finds what proves who it is, what it says without, and that it says none of it."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from tests.serving import answering

from pushtune.commands.airflow_api import AirflowApi, configured_api
from pushtune.errors import AirflowNotReady, AirflowRefused
from pushtune.settings import Settings

SECRET = "a-secret-that-nobody-may-see"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


class AirflowNotFoundException(Exception):
    """Airflow's, by its name."""


def option(passwords: str = "", address: str = "http://127.0.0.1:1", auth_manager: str = "") -> Callable[..., str]:
    """What Airflow's configuration says."""
    values = {
        "execution_api_server_url": f"{address}/execution/",
        "simple_auth_manager_passwords_file": passwords,
        "auth_manager": auth_manager,
    }
    return lambda section, name, fallback: values.get(name, fallback)


def no_connection(name: str) -> Any:
    raise AirflowNotFoundException(name)


def connection(**given: Any) -> Callable[[str], Any]:
    """What Airflow knows as the connection ``pushtune_api``."""
    fields = {"login": None, "password": None, "host": None, "schema": None, "port": None}
    return lambda name: SimpleNamespace(**{**fields, **given})


class Server(BaseHTTPRequestHandler):
    """Answers as Airflow's API with its FAB auth manager does: a token for ada's password, an answer for a token.

    ``refusals``: the codes with which it answers the next requests instead. ``pause_seconds``: before each answer.
    """

    requests: list[tuple[str, str]]
    refusals: list[int]
    pause_seconds: float

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.requests.append((self.path, body))
        known = json.loads(body) == {"username": "ada", "password": SECRET}
        self._answer(201 if known else 401, {"access_token": "the-token"} if known else {"detail": body})

    def do_GET(self) -> None:
        time.sleep(self.pause_seconds)
        self.requests.append((self.path, self.headers.get("Authorization", "")))
        known = {"Bearer the-token": 200, "Bearer weak-token": 403}
        code = self.refusals.pop(0) if self.refusals else known.get(self.headers.get("Authorization", ""), 401)
        self._answer(code, {"dags": []})

    def do_DELETE(self) -> None:
        self.do_GET()

    def _answer(self, code: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # whoever asked has waited long enough
            self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Server.requests, Server.refusals, Server.pause_seconds = [], [], 0.0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    with answering(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.mark.parametrize(
    "known",
    [{"login": "ada", "password": SECRET}, {"password": "the-token"}, {"login": " ", "password": " the-token "}],
)
def test_a_connection_opens_the_api_of_any_auth_manager(settings: Settings, address: str, known: Any) -> None:
    api = configured_api(settings, option(address=address, auth_manager=FAB), connection(**known))
    assert api.get("/dags") == {"dags": []} == api.get("/dags")
    logins = [path for path, _ in Server.requests if path == "/auth/token"]
    assert logins == (["/auth/token"] if "ada" in known.values() else []), "once"


@pytest.mark.parametrize("host", ["{address}", "{address}/", "127.0.0.1"])
def test_the_host_of_the_connection_is_where_the_api_is(settings: Settings, address: str, host: str) -> None:
    port = int(address.rpartition(":")[2]) if host == "127.0.0.1" else None
    given = connection(password="the-token", host=host.format(address=address), port=port, schema="http")
    assert configured_api(settings, option(), given).get("/dags") == {"dags": []}


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"login": "ada", "password": "wrong" + SECRET}, "must accept 'ada'.*401 of POST /auth/token.*pushtune_api"),
        ({"password": "wrong" + SECRET}, "must be allowed to GET /dags.*401.*the token, of the .* connection"),
        ({"password": "weak-token"}, "must be allowed to GET /dags.*403"),
    ],
)
def test_what_is_refused_is_told_without_any_secret(
    settings: Settings, address: str, known: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    api = configured_api(settings, option(address=address), connection(**known))
    with pytest.raises(AirflowRefused, match=text) as refused:
        api.get("/dags")
    assert refused.value.status_code in (401, 403)
    seen = str(refused.value) + repr(refused.value) + repr(api._login) + caplog.text
    assert SECRET not in seen and "weak-token" not in seen


def test_an_empty_connection_is_told(settings: Settings, address: str) -> None:
    with pytest.raises(AirflowNotReady, match="must have a password, or a token.*none.*Add the Airflow connection"):
        configured_api(settings, option(address=address), connection(login="ada")).get("/dags")


@pytest.mark.parametrize("host", ["http://airflow.example.org", "airflow.example.org", "ftp://127.0.0.1"])
def test_a_password_is_not_sent_over_a_network_in_clear(settings: Settings, host: str) -> None:
    given = connection(password=SECRET, host=host, schema="http")
    with pytest.raises(AirflowNotReady, match="must begin with https") as refused:
        configured_api(settings, option(), given)
    assert SECRET not in str(refused.value)


def test_the_address_inside_of_a_network_of_containers_may_be_named(settings: Settings) -> None:
    given = connection(password=SECRET, host="http://api-server:8080")
    configured_api(settings, option(address="http://api-server:8080"), given)


def test_without_a_connection_another_auth_manager_is_told_what_it_needs(settings: Settings, address: str) -> None:
    api = configured_api(settings, option(address=address, auth_manager=FAB), no_connection)
    with pytest.raises(AirflowNotReady, match="no connection 'pushtune_api'.*FabAuthManager.*Add the Airflow"):
        api.get("/dags")


def test_a_connection_that_cannot_be_read_is_told(settings: Settings) -> None:
    def broken(name: str) -> Any:
        raise PermissionError(SECRET)

    with pytest.raises(AirflowNotReady, match="must be readable, or absent.*PermissionError") as refused:
        configured_api(settings, option(), broken)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_a_password_that_is_not_there_is_told_with_its_place(
    settings: Settings, address: str, content: str | None
) -> None:
    passwords = settings.home / "passwords.json"
    if content is not None:
        passwords.write_text(content)
    api = configured_api(settings, option(str(passwords), address), no_connection)
    with pytest.raises(AirflowNotReady, match=f"{re.escape(str(passwords))}.*simple_auth_manager_passwords_file"):
        api.get("/dags")


def test_a_wrong_password_of_the_embedded_instance_says_how_to_make_another(settings: Settings, address: str) -> None:
    passwords = settings.home / "passwords.json"
    passwords.write_text(json.dumps({"admin": SECRET}))
    api = configured_api(settings, option(str(passwords), address), no_connection)
    with pytest.raises(AirflowRefused, match="must accept 'admin'.*401.*make down.*make up") as refused:
        api.get("/dags")
    assert SECRET not in str(refused.value)


def test_the_address_is_that_of_the_execution_api(settings: Settings) -> None:
    with pytest.raises(AirflowNotReady, match=r"on http://127\.0\.0\.1:1\."):
        configured_api(settings, option(), no_connection).get("/dags")


@pytest.mark.parametrize("ask", ["get", "delete"])
def test_a_server_whose_database_is_locked_is_asked_again(settings: Settings, address: str, ask: str) -> None:
    api = configured_api(settings, option(address=address), connection(password="the-token"))
    api.get("/dags")
    Server.refusals = [500, 503]
    getattr(api, ask)("/dags")
    assert Server.refusals == []


def test_it_is_not_asked_for_ever(settings: Settings, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda seconds: None)
    api = configured_api(settings, option(address=address), connection(password="the-token"))
    api.get("/dags")
    Server.refusals = [500] * 100
    with pytest.raises(AirflowRefused, match="must accept GET /dags. Received: 500"):
        api.get("/dags")
    assert len(Server.refusals) == 95


def test_a_model_has_the_time_that_a_prediction_may_take_and_then_it_is_said_what_was_waited_for(
    settings: Settings, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pushtune.commands.airflow_api.CALL_TIMEOUT_SECONDS", 0.2)
    patient = settings.model_copy(update={"serving_answer_seconds": 30.0})
    hasty = settings.model_copy(update={"serving_answer_seconds": 0.1})
    Server.pause_seconds = 1.0
    api = configured_api(patient, option(address=address), connection(password="the-token"))
    assert api.model("digits") == {"dags": []}
    api = configured_api(hasty, option(address=address), connection(password="the-token"))
    with pytest.raises(AirflowNotReady, match=r"answer GET /pushtune/models/digits on .* within 0\.3 s.*it listens"):
        api.model("digits")


def test_what_is_gone_already_needs_no_deletion(settings: Settings, address: str) -> None:
    api = configured_api(settings, option(address=address), connection(password="the-token"))
    api.get("/dags")
    Server.refusals = [404, 404]
    api.delete("/dags/one/dagRuns/two")
    with pytest.raises(AirflowRefused, match="404"):
        api.get("/dags/one/dagRuns/two")


@pytest.mark.airflow
@pytest.mark.slow
def test_it_opens_a_real_api_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its simple auth manager takes a login, and a token that it made before, from the connection."""
    from tests.airflow_processes import AirflowProcesses

    home = tmp_path_factory.mktemp("login")
    airflow = AirflowProcesses(home, ["api-server"])
    try:
        settings = Settings(home=home / "pushtune")
        for known in ({"login": "admin", "password": airflow.password}, {"password": airflow.token()}):
            api = configured_api(settings, option(address=airflow.address), connection(**known))
            assert "dags" in api.get("/dags")
        api = configured_api(settings, option(address=airflow.address), connection(login="admin", password="wrong"))
        with pytest.raises(AirflowRefused, match="401 of POST /auth/token"):
            api.get("/dags")
        assert requests.get(f"{airflow.address}/api/v2/dags", timeout=30).status_code == 401
    finally:
        airflow.stop()
    assert isinstance(api, AirflowApi)
