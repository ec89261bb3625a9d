"""The table of faults: each is a function that breaks one thing and says what it did, or nothing where it could not.

``kills`` has what dies, ``people`` what somebody does; here is what is out of order for a while.
"""

import contextlib
import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import kills, people
from tests.faults.world import World
from tests.notifying.sendgrid_server import ACCEPT_AND_HANG, ACCEPT_AND_RESET, DROP, GARBAGE, HANG

from pushtune.commands import instance


@dataclass(frozen=True)
class Fault:
    """One row. ``inject`` returns what it did, empty for nothing. ``weight``: how often, relative to the others."""

    name: str
    inject: Callable[[World], str]
    weight: int


def stop_api_server(world: World) -> str:
    """The API server answers nobody for a minute: SIGSTOP, then SIGCONT."""
    pid = world.component("api-server")
    if not pid or world.is_broken("API server frozen"):
        return ""
    os.kill(pid, signal.SIGSTOP)

    def go_on() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    return world.broken(60, "API server frozen", go_on)


def cut_engine(world: World) -> str:
    """For the instance the Docker engine is gone; the containers go on."""
    if world.is_broken("engine gone"):
        return ""
    world.proxy.cut()
    return world.broken(world.chance.uniform(3, 40), "engine gone", world.proxy.mend)


def down_and_up(world: World) -> str:
    """``make down`` in the middle of everything, pushes meanwhile, ``make up``."""
    if world.is_broken("engine gone"):
        return ""  # nobody could stop the containers then
    instance.down(world.settings)
    left = [*world.reality.containers(), *world.reality.servers()]
    assert left == [], f"a stop leaves no container running: {left}"
    for person in world.developers.values():
        person.push_commit()
    world.start()
    return "down, a push to each repository, up"


def flaky_remote(world: World) -> str:
    """The git host fails half the time."""
    if world.is_broken("remote fails half the time"):
        return ""
    world.remote.failing_share = 0.5
    seconds = world.chance.uniform(20, 90)
    return world.broken(seconds, "remote fails half the time", lambda: setattr(world.remote, "failing_share", 0.0))


def mail_outage(world: World) -> str:
    """SendGrid refuses for the moment, hangs, hangs up, or talks nonsense; it may have taken the mail before."""
    if world.is_broken("mail service out"):
        return ""
    how = world.chance.choice((500, 503, 429, HANG, DROP, GARBAGE, ACCEPT_AND_HANG, ACCEPT_AND_RESET))
    world.mail.answers[:] = [how]

    def mend() -> None:
        world.mail.answers[:] = [202]

    return f"{how}: " + world.broken(world.chance.uniform(20, 120), "mail service out", mend)


def ambush_mail(world: World) -> str:
    """The next mail is accepted, but the process that sends it dies before it hears so."""
    if world.is_broken("mail service out"):
        return ""

    def accept_and_kill() -> int:
        for pid, task in world.task_processes().items():
            if task.task_id == "notify":
                kills.kill_task(world, pid, task, "task process")
        return 202

    world.mail.answers[:] = [accept_and_kill, 202]
    return "the next mail's sender will die while SendGrid accepts it"


FAULTS = (
    Fault("kill_container", kills.kill_container, 24),
    Fault("kill_server", kills.kill_server, 4),
    Fault("kill_task_process", kills.kill_task_process, 18),
    Fault("kill_short_task", kills.kill_short_task, 10),
    Fault("kill_task_supervisor", kills.kill_task_supervisor, 8),
    Fault("kill_scheduler", kills.kill_component("scheduler"), 5),
    Fault("kill_dag_processor", kills.kill_component("dag-processor"), 5),
    Fault("kill_triggerer", kills.kill_component("triggerer"), 5),
    Fault("kill_api_server", kills.kill_component("api-server"), 5),
    Fault("kill_launcher", kills.kill_launcher, 1),
    Fault("cut_power", kills.cut_power, 1),
    Fault("stop_api_server", stop_api_server, 1),
    Fault("cut_engine", cut_engine, 3),
    Fault("down_and_up", down_and_up, 1),
    Fault("burst", people.burst, 1),
    Fault("force_push", people.force_push, 1),
    Fault("rebase", people.rebase, 1),
    Fault("delete_branch", people.delete_branch, 1),
    Fault("pause", people.pause, 1),
    Fault("flaky_remote", flaky_remote, 2),
    Fault("mail_outage", mail_outage, 2),
    Fault("ambush_mail", ambush_mail, 2),
    Fault("clear", people.clear, 2),
    Fault("mark_failed", people.mark_failed, 1),
)


def choose(chance: random.Random) -> Fault:
    """Return a fault by its weight."""
    return chance.choices(FAULTS, [fault.weight for fault in FAULTS])[0]
