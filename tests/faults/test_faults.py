"""The short storm: each kind of kill once, in an order that the seed decides, with outages and rewritten history."""

import pytest
from tests.faults.faults import FAULTS
from tests.faults.storm import storm_over

from pushtune.commands.build_images import ensure_images
from pushtune.commands.console import say
from pushtune.settings import load_settings

pytestmark = [pytest.mark.docker, pytest.mark.airflow]

SEED = 2026
PAUSE_SECONDS = 3.0
# What takes a minute or more to recover from is left to the long storm: `make soak`.
INJECTED = (
    "kill_container",
    "kill_container",
    "kill_task_process",
    "kill_short_task",
    "kill_scheduler",
    "kill_dag_processor",
    "kill_triggerer",
    "kill_api_server",
    "kill_server",
    "cut_engine",
    "burst",
    "force_push",
    "delete_branch",
    "flaky_remote",
    "mail_outage",
)


def test_nothing_is_lost_and_nothing_is_done_twice() -> None:
    ensure_images(["dense"], load_settings())
    faults = {fault.name: fault for fault in FAULTS}
    with storm_over(("alder",), SEED, say) as storm:
        order = list(INJECTED)
        storm.world.chance.shuffle(order)
        for name in order:
            assert storm.inject_soon(faults[name]), f"{name} found nothing to break"
            storm.wait(storm.world.chance.uniform(0.5, 2) * PAUSE_SECONDS)
        storm.calm()
        storm.judge()
    assert {rule: sentences for rule, sentences in storm.broken.items() if sentences} == {}, f"seed {SEED}"
    assert storm.figures["kills"] == sum(name.startswith("kill") for name in INJECTED)
