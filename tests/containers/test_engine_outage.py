"""The engine goes away while a container trains, as it does when the engine itself is restarted with live restore."""

import threading
import time

import pytest
from tests.containers.engine_proxy import EngineProxy

from pushtune.errors import EngineUnavailable
from pushtune.running import supervision
from pushtune.running.container_engine import ContainerEngine, connect

pytestmark = pytest.mark.docker

BODY = """
for epoch in range(1, 100):
    progress(epoch, objective=epoch / 100)
    if os.path.exists(TRIAL + "enough"):
        end("done", 0, objective=OBJECTIVE)
    time.sleep(0.1)
"""


@pytest.fixture
def proxy(tmp_path):
    made = EngineProxy(tmp_path / "engine.sock")
    yield made
    made.cut()


def behind(proxy, made):
    """Let the trial talk to the engine through the proxy."""
    made.engine = made.container._engine = ContainerEngine(connect(proxy.url, 30))
    return made


def test_a_short_outage_costs_nothing(trial, proxy):
    made = behind(proxy, trial(BODY))
    seen = []

    def outage():
        while not (made.folder / "progress.jsonl").exists():
            time.sleep(0.05)
        proxy.cut()
        seen.append("cut")
        time.sleep(2)
        proxy.mend()
        (made.folder / "enough").touch()

    threading.Thread(target=outage, daemon=True).start()
    assert made.run()["status"] == "done" and seen == ["cut"]
    assert made.container.attempts.containers == 1


def test_a_long_outage_ends_the_try_and_leaves_the_container_for_the_next(trial, proxy, monkeypatch):
    monkeypatch.setattr(supervision, "ENGINE_OUTAGE_SECONDS", 1.0)
    made = behind(proxy, trial(BODY))
    container_id = made.create()

    def outage():
        while not (made.folder / "progress.jsonl").exists():
            time.sleep(0.05)
        proxy.cut()

    threading.Thread(target=outage, daemon=True).start()
    with pytest.raises(EngineUnavailable, match="must be running and reachable"):
        made.run()
    proxy.mend()
    (made.folder / "enough").touch()
    assert made.run()["container_id"] == container_id, made.lines
