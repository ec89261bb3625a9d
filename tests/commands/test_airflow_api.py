"""Where the API's client finds its password, and what it says where there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from pushtune.commands.airflow_api import AirflowApi, configured_api
from pushtune.errors import AirflowNotReady
from pushtune.settings import Settings


def option(passwords: str) -> Callable[..., str]:
    """What Airflow's configuration says."""
    address = "http://127.0.0.1:1/execution/"
    values = {"execution_api_server_url": address, "simple_auth_manager_passwords_file": passwords}
    return lambda section, name, fallback: values.get(name, fallback)


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_a_password_that_is_not_there_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    passwords = tmp_path / "passwords.json"
    if content is not None:
        passwords.write_text(content)
    answer = requests.Response()
    answer.status_code = 401
    api = configured_api(Settings(home=tmp_path), option(str(passwords)))
    monkeypatch.setattr(AirflowApi, "_send", lambda *arguments, **more: answer)
    with pytest.raises(AirflowNotReady, match=f"{passwords}.*simple_auth_manager_passwords_file"):
        api.get("/dags")


def test_the_address_is_that_of_the_execution_api(tmp_path: Path) -> None:
    api = configured_api(Settings(home=tmp_path), option(""))
    with pytest.raises(AirflowNotReady, match=r"on http://127\.0\.0\.1:1\."):
        api.get("/dags")
