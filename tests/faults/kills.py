"""What dies: training containers, the processes of tasks, Airflow's parts, and what starts them again."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
from docker.errors import APIError, NotFound
from tests.faults.evidence import Task
from tests.faults.recovery import Tasks, first_step_after
from tests.faults.world import World

from pushtune.running.container_labels import DAG_ID, TRIAL_FOLDER

SHORT_TASK_PATIENCE_SECONDS = 6
# A task has three tries, a training more: the last one is left alone, since a limit that holds is no loss.
SHORT_TRIES_KILLED = 2
TRAINING_TRIES_KILLED = 20
JOB_TYPES = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}


def _is_training(task: Task) -> bool:
    return task.task_id.startswith("train_") or task.task_id.endswith(("trial", "retrain"))


def some_container(world: World) -> Any:
    running = sorted(world.reality.containers(), key=lambda container: str(container.name))
    return world.chance.choice(running) if running else None


def kill_container(world: World) -> str:
    """SIGKILL to a training container."""
    container = some_container(world)
    if container is None or _still_starts(world, container.labels[TRIAL_FOLDER]):
        return ""
    with contextlib.suppress(NotFound, APIError):
        container.kill(signal="SIGKILL")
        return world.killed("container", f"container {container.name}", folder=container.labels[TRIAL_FOLDER])
    return ""


def kill_server(world: World) -> str:
    """SIGKILL to a container that serves a champion, unless the one before has not answered again yet."""
    running = sorted(world.reality.servers(), key=lambda container: str(container.name))
    if not running or any(kill.part == "server" and kill.seconds is None and not kill.moot for kill in world.kills):
        return ""
    container = world.chance.choice(running)
    with contextlib.suppress(NotFound, APIError):
        container.kill(signal="SIGKILL")
        name = container.labels[DAG_ID]
        return world.killed("server", f"server {container.name}", lambda _: world.served_version(name) is not None)
    return ""


def _still_starts(world: World, folder: str) -> bool:
    """Say whether a trial has not trained since its last kill: killed again and again, it would never get on."""
    before = [kill for kill in world.kills if kill.trial_folder == folder]
    return bool(before) and first_step_after(before[-1]) is None


def _goes_on(task: Task) -> Callable[[Tasks], bool]:
    def look(tasks: Tasks) -> bool:
        now = tasks.get(task.key)
        if now is None or (now.id == task.id and now.try_number == task.try_number):
            return now is not None and now.state == "success"
        return now.state in ("running", "success", "skipped", "deferred")

    return look


def _is_at_last_try(task: Task) -> bool:
    return task.try_number > (TRAINING_TRIES_KILLED if _is_training(task) else SHORT_TRIES_KILLED)


def kill_task(world: World, pid: int, task: Task, part: str) -> str:
    if _is_at_last_try(task):
        return ""
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        victim = pid if part == "task process" else psutil.Process(pid).ppid()
        os.kill(victim, signal.SIGKILL)
        told = f"{part} of {task.dag_id}.{task.task_id}[{task.map_index}], try {task.try_number}"
        return world.killed(part, told, _goes_on(task))
    return ""


def _kill_some_task(world: World, part: str) -> str:
    running = sorted(world.task_processes().items())
    if not running:
        return ""
    pid, task = world.chance.choice(running)
    return kill_task(world, pid, task, part)


def kill_task_process(world: World) -> str:
    """SIGKILL to the process that runs a task's code, whichever task runs."""
    return _kill_some_task(world, "task process")


def kill_task_supervisor(world: World) -> str:
    """SIGKILL to the process between the scheduler and a task's code: nobody is left to report the task's end."""
    return _kill_some_task(world, "task supervisor")


def kill_short_task(world: World) -> str:
    """Lie in wait for a task that is over in a second or two, and kill it somewhere within."""
    deadline = time.monotonic() + SHORT_TASK_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        short = [(pid, task) for pid, task in sorted(world.task_processes().items()) if not _is_training(task)]
        if short:
            pid, task = world.chance.choice(short)
            time.sleep(world.chance.uniform(0, 1.0))
            return kill_task(world, pid, task, "task process") if psutil.pid_exists(pid) else ""
        time.sleep(0.2)
    return ""


def kill_component(name: str) -> Callable[[World], str]:
    def kill(world: World) -> str:
        pid = world.component(name)
        if not pid or any(kill.part == name and kill.seconds is None for kill in world.kills):
            return ""  # one that is still starting has nothing to lose but time
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            since = time.time()
            if name in JOB_TYPES:
                return world.killed(name, name, lambda _: world.records.works_since(JOB_TYPES[name], since))
            return world.killed(name, name, lambda _: bool(world.api.health()))
        return ""

    return kill


def kill_launcher(world: World) -> str:
    """SIGKILL to the process that starts Airflow's parts again; some seconds later somebody calls ``make up``."""
    pid = world.component("launcher")
    if not pid:
        return ""
    os.kill(pid, signal.SIGKILL)
    since, pause = time.time(), world.chance.uniform(1, 8)
    time.sleep(pause)
    world.start()
    return world.killed("launcher", f"launcher, started again {pause:.0f} s later", lambda _: time.time() > since)


def cut_power(world: World) -> str:
    """Everything dies in one moment, containers included, as when the machine loses its power; then ``make up``."""
    tasks = world.task_processes().values()
    containers = [*world.reality.containers(), *world.reality.servers()]
    trained = [folder for container in containers if (folder := container.labels.get(TRIAL_FOLDER))]
    if any(_is_at_last_try(task) for task in tasks) or any(_still_starts(world, folder) for folder in trained):
        return ""
    # The launcher comes first in this list: it would start a part again.
    victims = [*world.processes(), *(container.attrs["State"]["Pid"] for container in containers)]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            if pid > 0:  # 0: a container that has just ended
                os.kill(pid, signal.SIGKILL)
    pause = world.chance.uniform(1, 20)
    told = f"all {len(victims)} processes, {len(containers)} containers among them, started again {pause:.0f} s later"
    for folder in trained:
        world.killed("power", told, folder=folder)
    if not trained:
        world.killed("power", told, lambda _: bool(world.api.health()))
    time.sleep(pause)
    world.start()
    return told
