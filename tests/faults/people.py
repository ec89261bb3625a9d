"""What people do: push in every way that git allows, pause a DAG, and interfere with tasks by hand."""

import contextlib
from collections.abc import Callable
from typing import Any

from docker.errors import APIError, NotFound
from tests.faults.evidence import Task, owner_of
from tests.faults.kills import some_container
from tests.faults.world import World

from pushtune.errors import AirflowNotReady, AirflowRefused

BURST = 50


def _someone(world: World) -> str:
    return world.chance.choice(sorted(world.developers))


def burst(world: World) -> str:
    """Fifty pushes to one repository, one by one, as fast as git can."""
    name = _someone(world)
    world.developers[name].burst(BURST)
    return f"{BURST} pushes to {name}"


def force_push(world: World) -> str:
    name = _someone(world)
    return f"force-push to {name}: {world.developers[name].force_push()[:12]}"


def rebase(world: World) -> str:
    name = _someone(world)
    return f"rebase of {name}: {world.developers[name].rebase()[:12]}"


def delete_branch(world: World) -> str:
    """Delete the watched branch; it comes back as it was, or with one commit more."""
    name = _someone(world)
    person = world.developers[name]
    if not person.present:
        return ""
    person.delete_branch()
    back = person.recreate if world.chance.random() < 0.5 else person.push_commit
    return world.broken(world.chance.uniform(1, 20), f"branch of {name} deleted", lambda: person.present or back())


def pause(world: World) -> str:
    """Pause a DAG; what is pushed meanwhile has to wait, not to be lost."""
    name = _someone(world)
    if world.is_broken(f"{name} paused"):
        return ""
    # Noted first: a server that is frozen may answer too late, and pause the DAG nevertheless when it goes on.
    told = world.broken(world.chance.uniform(5, 25), f"{name} paused", lambda: world.pause(name, False))
    with contextlib.suppress(AirflowNotReady, AirflowRefused):
        world.pause(name, True)
        world.developers[name].push_commit()
        return told
    return ""


def _interfere(world: World, send: Callable[[Task], object], word: str) -> str:
    """Do by hand what ``send`` does to the task of a container, which dies at the same moment."""
    container = some_container(world)
    task = world.records.tasks().get(owner_of(container)) if container else None
    if task is None or task.state != "running":
        return ""
    with contextlib.suppress(NotFound, APIError, AirflowNotReady, AirflowRefused):
        first = world.chance.random() < 0.5
        if first:
            container.kill(signal="SIGKILL")
        send(task)
        if not first:
            container.kill(signal="SIGKILL")
    return f"{word} {task.dag_id}.{task.task_id}[{task.map_index}] while its container dies"


def clear(world: World) -> str:
    """Somebody clears a training task while its container dies."""

    def send(task: Task) -> None:
        which: Any = [task.task_id, task.map_index] if task.map_index >= 0 else task.task_id
        document = {"dry_run": False, "dag_run_id": task.run_id, "task_ids": [which], "only_failed": False}
        world.api.post(f"/dags/{task.dag_id}/clearTaskInstances", document)

    return _interfere(world, send, "cleared")


def mark_failed(world: World) -> str:
    """Somebody marks a training task as failed while its container dies."""

    def send(task: Task) -> None:
        world.marked_failed.add(task.run_id)
        path = f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}"
        path += f"/{task.map_index}" if task.map_index >= 0 else ""
        world.api._call("PATCH", path, json={"new_state": "failed"})

    return _interfere(world, send, "marked as failed:")
