"""A champion in its container, asked through a real API server with a token, as `curl` would."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from tests.airflow_processes import AirflowProcesses
from tests.promoting.serving_harness import DAG, Served, served

__all__ = ["served"]
pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.slow]


@pytest.fixture
def address(served: Served) -> Iterator[tuple[str, dict[str, str]]]:
    served.champion(served.fit("[0, 0, 1, 1]"), 0.95)
    served.check()
    server = AirflowProcesses(served.home, ["api-server"])
    try:
        yield f"{server.address}/pushtune/models/{DAG}", {"Authorization": f"Bearer {server.token()}"}
    finally:
        server.stop()


def test_whoever_has_a_token_may_ask_and_nobody_else(served: Served, address: tuple[str, dict[str, str]]) -> None:
    url, token = address
    body: dict[str, Any] = {"instances": [[0, 0], [5, 5]]}
    assert requests.post(f"{url}/predict", json=body, timeout=60).status_code == 401
    assert requests.get(url, params={"dag_id": "other"}, timeout=60).status_code == 401
    answer = requests.post(f"{url}/predict", json=body, headers=token, timeout=60)
    assert (answer.status_code, answer.json()) == (200, {"predictions": [0, 1]})
    assert requests.get(url, headers=token, timeout=60).json()["version"] == 1
    refused = requests.post(f"{url}/predict", data=b"nonsense", headers=token, timeout=60)
    assert refused.status_code == 400 and "must be a JSON document" in refused.json()["error"]
    served.client.kill(served.containers()[0]["Id"])
    assert requests.post(f"{url}/predict", json=body, headers=token, timeout=60).status_code == 503
    served.check()
    assert requests.post(f"{url}/predict", json=body, headers=token, timeout=60).status_code == 200
