"""Where the API's client finds its password, and what it says where there is none."""

from pathlib import Path

import pytest
import requests

from pushtune.clean_up import open_api
from pushtune.commands.airflow_api import AirflowApi
from pushtune.errors import AirflowNotReady
from pushtune.settings import Settings


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_a_password_that_is_not_there_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    passwords = tmp_path / "passwords.json"
    if content is not None:
        passwords.write_text(content)
    answer = requests.Response()
    answer.status_code = 401
    api = open_api(Settings(home=tmp_path), "http://127.0.0.1:1/execution/", str(passwords))
    monkeypatch.setattr(AirflowApi, "_send", lambda *arguments, **more: answer)
    with pytest.raises(AirflowNotReady, match=f"{passwords}.*simple_auth_manager_passwords_file"):
        api.get("/dags")


def test_the_address_is_that_of_the_execution_api(tmp_path: Path) -> None:
    api = open_api(Settings(home=tmp_path), "http://127.0.0.1:1/execution/", "")
    with pytest.raises(AirflowNotReady, match=r"on http://127\.0\.0\.1:1\."):
        api.get("/dags")
