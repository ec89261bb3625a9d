"""A small client of Airflow's public REST API, for commands and tasks that start, follow and clear runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pushtune.commands.airflow_config import passwords_file
from pushtune.commands.airflow_login import Login, PasswordFile, address_of, found_connection, login_of
from pushtune.errors import AirflowNotReady, AirflowRefused, ModelNotServed
from pushtune.settings import Settings

CALL_TIMEOUT_SECONDS = 30
# Airflow answers 5xx while its database is locked or away. Calls that may be repeated are, after 0, 2, 4 and 8 seconds.
PASSING = Retry(
    4, connect=0, read=False, backoff_factor=1, status_forcelist=(500, 502, 503, 504),
    allowed_methods=("GET", "DELETE"), raise_on_status=False,
)  # fmt: skip
PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class AirflowApi:
    """Calls the API of the instance that ``settings`` describes; logs in when needed.

    Args:
        address: of the server, where it is not the embedded one. login: where the embedded one's password is not used.
    """

    def __init__(self, settings: Settings, address: str = "", login: Login | None = None) -> None:
        self._login = login or PasswordFile(passwords_file(settings))
        # The web server asks the model for as long as that, and says so itself where it has got no answer.
        self._model_timeout_seconds = settings.serving_answer_seconds + CALL_TIMEOUT_SECONDS
        self._address = address or f"http://127.0.0.1:{settings.port}"
        self._session = requests.Session()
        # The server is on this machine: a company's proxy has no part in it.
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=PASSING))

    def health(self) -> dict[str, str]:
        """Return part -> ``healthy`` or another word; empty while nothing answers."""
        try:
            answer = self._session.get(f"{self._address}/api/v2/monitor/health", timeout=5)
            parts = answer.json()
        except (requests.RequestException, ValueError):
            return {}
        if not isinstance(parts, dict):
            return {}
        return {part: str((parts.get(part) or {}).get("status") or "missing") for part in PARTS}

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Return the JSON answer of ``GET /api/v2<path>``. Raises AirflowRefused or AirflowNotReady."""
        return self._call("GET", path, params=parameters)

    def post(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON answer of ``POST /api/v2<path>``. Raises AirflowRefused or AirflowNotReady."""
        return self._call("POST", path, json=document)

    def delete(self, path: str) -> None:
        """Call ``DELETE /api/v2<path>``; what is gone already is no error. Raises AirflowRefused or AirflowNotReady."""
        try:
            self._call("DELETE", path)
        except AirflowRefused as error:
            if error.status_code != 404:
                raise

    def model(self, dag_id: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what is known about the served model of a DAG or, with a document, its answer to that.

        Raises:
            ModelNotServed: nothing answers, or the model refuses it. AirflowRefused, AirflowNotReady: see ``get``.
        """
        path, method = f"/pushtune/models/{quote(dag_id, safe='')}", "GET"
        arguments: dict[str, Any] = {"timeout_seconds": self._model_timeout_seconds}
        if document is not None:
            path, method, arguments["json"] = f"{path}/predict", "POST", document
        answer = self._logged_in(method, path, **arguments)
        known = answer.json() if answer.headers.get("content-type") == "application/json" else {}
        if answer.status_code >= 400:
            raise ModelNotServed(
                f"The model of {dag_id} must be served, and take what it is given.",
                known.get("error") or f"{answer.status_code} {answer.text[:200]}",
                f"docs/operations.md, 'Serving the champion', says what there is; GET {path} shows the inputs.",
            )
        return cast(dict[str, Any], known)

    def run_page(self, dag_id: str, run_id: str) -> str:
        """Return the address of a run's page."""
        return f"{self._address}/dags/{quote(dag_id)}/runs/{quote(run_id)}"

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer = self._logged_in(method, f"/api/v2{path}", **arguments)
        if answer.status_code >= 400:
            raise AirflowRefused(
                f"Airflow must accept {method} {path}.",
                f"{answer.status_code} {answer.text[:500]}",
                "Correct what the answer names.",
                answer.status_code,
            )
        return cast(dict[str, Any], answer.json() if answer.content else {})

    def _logged_in(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Return the answer to a call with a token; a new one is fetched where that is refused."""
        answer = self._send(method, path, **arguments)
        if answer.status_code == 401:
            self._log_in()
            answer = self._send(method, path, **arguments)
        if answer.status_code in (401, 403):
            raise AirflowRefused(
                f"The user of Airflow's API must be allowed to {method} {path.removeprefix('/api/v2')}.",
                f"{answer.status_code}",
                self._login.remedy,
                answer.status_code,
            )
        return answer

    def _log_in(self) -> None:
        """Get a token. Raises AirflowNotReady where nothing is known that would open the API, else AirflowRefused."""
        proof = self._login.proof()
        token = proof.token
        if not token:
            answer = self._send("POST", "/auth/token", json={"username": proof.username, "password": proof.password})
            token = _token_in(answer)
            if answer.status_code >= 400 or not token:
                raise AirflowRefused(
                    f"Airflow's login must accept {proof.username!r} with the password that is kept.",
                    f"{answer.status_code} of POST /auth/token",
                    self._login.remedy,
                    answer.status_code,
                )
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _send(
        self, method: str, path: str, timeout_seconds: float = CALL_TIMEOUT_SECONDS, **arguments: Any
    ) -> requests.Response:
        try:
            return self._session.request(method, self._address + path, timeout=timeout_seconds, **arguments)
        except requests.ReadTimeout as error:
            raise AirflowNotReady(
                f"Airflow must answer {method} {path} on {self._address} within {timeout_seconds:g} s.",
                "no answer, though it listens",
                "It is busy or hung: `make status` and `make logs` show how it does. Then try again.",
            ) from error
        except requests.RequestException as error:
            raise AirflowNotReady(
                f"Airflow must answer on {self._address}.",
                type(error).__name__,
                "Start it with `make up`; see `make logs`.",
            ) from error


def _token_in(answer: requests.Response) -> str:
    try:
        return str(answer.json()["access_token"])
    except (ValueError, KeyError, TypeError):
        return ""


def configured_api(settings: Settings, option: Callable[..., str], find: Callable[[str], Any]) -> AirflowApi:
    """Return the API as Airflow's own configuration, or its connection ``pushtune_api``, says. For tasks.

    Args:
        option: ``conf.get`` of Airflow: section and name of an option, and ``fallback``, to its value.
        find: ``BaseHook.get_connection`` of Airflow.

    Raises:
        AirflowNotReady: the connection cannot be used.
    """
    address = option("core", "execution_api_server_url", fallback="").rstrip("/").removesuffix("/execution")
    connection = found_connection(find)
    if connection is not None:
        return AirflowApi(settings, address_of(connection, address), login_of(connection))
    passwords = option("core", "simple_auth_manager_passwords_file", fallback="")
    path = Path(passwords) if passwords else passwords_file(settings)
    return AirflowApi(settings, address, PasswordFile(path, option("core", "auth_manager", fallback="")))
