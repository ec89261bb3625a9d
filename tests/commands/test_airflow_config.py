"""The environment of Airflow's processes is Pushtune's own, whatever the shell says about another Airflow."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pushtune.commands.airflow_config import _write_configuration, environment
from pushtune.settings import Settings


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_an_inherited_proxy_gets_no_call_to_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for inherited in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(inherited, raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv(name, "intranet")
    variables = environment(Settings(home=tmp_path))
    assert variables["http_proxy"] == "http://proxy:3128"
    for read in ("no_proxy", "NO_PROXY"):
        bypassed = {"no": variables[read]}
        assert all(urllib.request.proxy_bypass_environment(host, bypassed) for host in ("127.0.0.1:8080", "intranet"))
        assert not urllib.request.proxy_bypass_environment("example.org", bypassed)


def test_the_configuration_of_another_airflow_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.cfg"
    other.write_text("[database]\nsql_alchemy_conn = sqlite:////nowhere/production.db\n")
    monkeypatch.setenv("AIRFLOW_CONFIG", str(other))
    settings = Settings(home=tmp_path / "home")
    asked = "from airflow.configuration import conf; print(conf.get('database', 'sql_alchemy_conn'))"
    assert answer_of(settings, asked).startswith(f"sqlite:///{settings.airflow_home}/airflow.db")


def answer_of(settings: Settings, asked: str) -> str:
    """Return the last line that one of Airflow's processes prints where it runs ``asked``."""
    for folder in (settings.airflow_home, settings.run_folder):
        folder.mkdir(parents=True, exist_ok=True)
    _write_configuration(settings)
    command, variables = [sys.executable, "-c", asked], environment(settings)
    answer = subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=120)
    return answer.stdout.splitlines()[-1]


def test_the_pages_are_where_a_proxy_has_them_and_tasks_go_to_the_server_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://another.example.org")  # of the Airflow that the shell knows
    names = "('api', 'base_url'), ('api', 'host'), ('api', 'port'), ('core', 'execution_api_server_url')"
    asked = f"from airflow.sdk.configuration import conf; print(*[conf.get(*name) for name in [{names}]])"
    server = "127.0.0.1 8090 http://127.0.0.1:8090/execution/"
    for base_url, pages in (("https://a.example.org/", "https://a.example.org"), ("", "http://127.0.0.1:8090")):
        assert answer_of(Settings(home=tmp_path, port=8090, base_url=base_url), asked) == f"{pages} {server}"
