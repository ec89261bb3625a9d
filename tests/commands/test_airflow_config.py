"""The environment of Airflow's processes is Pushtune's own, whatever the shell says about another Airflow."""

import urllib.request
from pathlib import Path

import pytest

from pushtune.commands.airflow_config import environment
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
