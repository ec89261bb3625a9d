"""What must hold after whatever was done to the system; each rule is computed from evidence of its own.

A rule returns the sentences that say how it was broken; none means that it held.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.faults.evidence import ENDED, ContainerEvent, diary, registered_models
from tests.faults.recovery import Unowned
from tests.faults.world import World
from tests.watching.git_origin import Origin

from pushtune.records import read_record
from pushtune.running.container_labels import DAG_ID
from pushtune.running.outcome import FINAL_CODES
from pushtune.watching.push_ledger import RECORDS_LIMIT

END_STATES = ("trained", "superseded", "filtered", "failed", "dropped")  # dropped: its branch was deleted before a run
UNOWNED_LIMIT_SECONDS = 60.0
# What a kill may cost: a checkpoint is skipped while it would take more than 3 % of the time, and one may be half done.
REPEATED_LIMIT_EPOCHS = 6


def lost_pushes(world: World) -> list[str]:
    """Each commit that was seen has one end, the newest is trained, and so is what led to it or was superseded."""
    found = []
    for name, person in world.developers.items():
        ledger = world.records.ledger(name)
        head = ledger.get(person.head, {})
        if head.get("state") != "trained":
            found.append(f"{name}: the newest push {person.head[:12]} is {head.get('state', 'unknown')}")
        history = person.git("rev-list", "-n", str(RECORDS_LIMIT - 100), person.head).split()
        seen = {*history, *world.records.sightings(name)} - {""}
        known = set(world.records.store(name).get("commits") or [])
        for commit in sorted(seen - before_the_first_look(person, ledger)):
            if len(known) < RECORDS_LIMIT and commit not in ledger:
                found.append(f"{name}: {commit[:12]} was seen and has no end")
        for commit, record in ledger.items():
            if record["state"] not in END_STATES:
                found.append(f"{name}: {commit[:12]} is still {record['state']}, by {record['run_id']}")
    return found


def before_the_first_look(person: Origin, ledger: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return what had been pushed before the first look, which takes the newest commit alone."""
    if not ledger:
        return set()
    first = min(ledger, key=lambda commit: float(ledger[commit]["seen_unix_time"]))
    return {*person.git("rev-list", first).split()} - {first}


def double_trainings(world: World) -> list[str]:
    """No commit is trained by two runs; no trial is trained again once it has given its answer."""
    trained = defaultdict(list)
    for name, run_id, folder in world.run_folders():
        record = read_record(folder, "check_out")
        if record is not None and diary(folder / "baseline"):
            trained[name, record["document"]["commit"]].append(run_id)
    found = [
        f"{name}: {commit[:12]} was trained by {runs}" for (name, commit), runs in trained.items() if len(runs) > 1
    ]
    return found + [
        f"{folder}: a container was created after another one had given its answer"
        for folder, events in by_trial(world.reality.events).items()
        if is_created_after_answer(events)
    ]


def is_created_after_answer(events: Iterable[ContainerEvent]) -> bool:
    """Say whether one trial got another container after one that had ended with an answer."""
    answered = False
    for event in events:
        if event.action == "create" and answered:
            return True
        answered = answered or (event.action == "die" and event.exit_code in FINAL_CODES)
    return False


def wrong_registrations(world: World) -> list[str]:
    """The registry has one model of each commit that was trained, and none twice."""
    path = world.settings.registry_folder / "mlflow.db"
    models = registered_models(path) if path.exists() else {}
    found = [f"{name}: {commit[:12]} has {count} models" for (name, commit), count in models.items() if count > 1]
    for name in world.developers:
        trained = [commit for commit, record in world.records.ledger(name).items() if record["state"] == "trained"]
        missing = [commit for commit in trained if (name, commit) not in models]
        found += [f"{name}: {commit[:12]} was trained and has no model" for commit in missing]
    return found


def repeated_epochs(world: World) -> list[str]:
    """No epoch is trained again beyond what the newest checkpoint could not yet hold."""
    found = []
    for folder in trial_folders(world):
        repeated, worst = repetitions(diary(folder))
        if worst > REPEATED_LIMIT_EPOCHS:
            found.append(f"{folder}: {repeated} epochs were trained twice, {worst} of them after one kill")
    return found


def repetitions(entries: Iterable[dict[str, object]]) -> tuple[int, int]:
    """Return how many epochs of one trial were trained once more, and how many of these by one process."""
    done: set[object] = set()
    again: Counter[object] = Counter()
    for entry in entries:
        if entry["what"] == "end":
            if entry["epoch"] in done:
                again[entry["process"]] += 1
            done.add(entry["epoch"])
    return sum(again.values()), max(again.values(), default=0)


def containers_at_once(world: World) -> list[str]:
    """Two containers of one trial never live at the same time."""
    most = {folder: most_at_once(events) for folder, events in by_trial(world.reality.events).items()}
    return [f"{folder}: {number} containers at once" for folder, number in most.items() if number > 1]


def most_at_once(events: Iterable[ContainerEvent]) -> int:
    """Return how many containers of one trial lived at the same time at most."""
    alive: set[str] = set()
    most = 0
    for event in events:
        if event.action == "start":
            alive.add(event.container_id)
        elif event.action in ("die", "destroy"):
            alive.discard(event.container_id)
        most = max(most, len(alive))
    return most


def by_trial(events: Iterable[ContainerEvent]) -> dict[str, list[ContainerEvent]]:
    """Return trial folder -> its events in order."""
    found: dict[str, list[ContainerEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.unix_time):
        found[event.trial_folder].append(event)
    return found


def double_mails(world: World) -> list[str]:
    """SendGrid accepts no mail twice."""
    ids = Counter(str(body["headers"]["Message-ID"]) for body in world.mail.accepted)
    found = [f"the mail {name} was accepted {count} times" for name, count in ids.items() if count > 1]
    return found + [
        f"run {run_id} was told of by {count} mails" for run_id, count in mails_of_runs(world).items() if count > 1
    ]


def lost_mails(world: World) -> list[str]:
    """Each run that reported something is told of by a mail, however long SendGrid was out.

    A mail whose sender was killed during the call, or heard no answer to the whole of it, is not sent again, as
    SendGrid may have it: it lies in the outbox.
    """
    uncertain = uncertain_mails(world)
    return [
        f"{run} has reported, and no mail tells of it"
        for run, mails in mails_of_runs(world).items()
        if not mails and run not in uncertain
    ]


def uncertain_mails(world: World) -> list[str]:
    """Return the runs of which Pushtune cannot know whether SendGrid has their mail."""
    outbox = [json.loads(path.read_text()) for path in world.settings.outbox.glob("*.json")]
    keys = [str(entry["key"]) for entry in outbox if entry["state"] in ("sending", "uncertain")]
    return [
        f"{name}/{run_id}"
        for name, run_id, folder in world.run_folders()
        if any(key.startswith(f"{folder.parent.name}/{folder.name}/") for key in keys)
    ]


def mails_of_runs(world: World) -> dict[str, int]:
    """Return run id -> how many accepted mails name the page of the run, for each run that has reported."""
    texts = [json.dumps(body) for body in world.mail.accepted]
    counts = {}
    for name, run_id, folder in world.run_folders():
        if read_record(folder, "report") is not None:
            page = f"/dags/{name}/runs/{quote(run_id)}"
            counts[f"{name}/{run_id}"] = sum(page in text for text in texts)
    return counts


def failed_runs(world: World) -> list[str]:
    """No run fails of what was done to it, save those that a person marked as failed."""
    found = []
    for name in world.developers:
        for run_id, state in world.records.runs(name).items():
            if state not in ENDED:
                found.append(f"{name}/{run_id} is still {state}")
            elif state == "failed" and run_id not in world.marked_failed:
                found.append(f"{name}/{run_id} failed: {failed_tasks(world, name, run_id)}")
    return found


def failed_tasks(world: World, name: str, run_id: str) -> str:
    """Return the tasks of a run that failed, for a person."""
    of_run = [task for key, task in world.records.tasks().items() if key[:2] == (name, run_id)]
    return ", ".join(f"{task.task_id} (try {task.try_number})" for task in of_run if task.state == "failed")


def unowned_containers(world: World) -> list[str]:
    """No container stays without an owner for longer than a minute, and none is left at the end."""
    found = [
        f"{entry.name} {'ran' if entry.lived else 'lay'} without an owner for {entry.seconds:.0f} s"
        for entry in unowned_for_long(world.watcher.unowned.values())
    ]
    left = [container.name for container in world.reality.containers(everything=True)]
    return found + [f"{name} is left" for name in left]


def unowned_for_long(entries: Iterable[Unowned]) -> list[Unowned]:
    return [entry for entry in entries if entry.lived and entry.seconds > UNOWNED_LIMIT_SECONDS]


def unserved_champions(world: World) -> list[str]:
    """The champion of each repository answers, and no other container serves beside it."""
    found = [f"{name}: its champion does not answer" for name in world.developers if not world.serves_champion(name)]
    servers = Counter(container.labels[DAG_ID] for container in world.reality.servers())
    return found + [f"{name}: {count} containers serve" for name, count in servers.items() if count > 1]


def left_by_stop(world: World) -> list[str]:
    """``make down`` ends every container."""
    return [f"{name} still ran after the stop" for name in world.left_by_stop]


def left_processes(world: World) -> list[str]:
    """After ``make down`` none of the instance's processes exists any more."""
    return [f"process {identity.pid} is left" for identity in world.watcher.seen_processes if identity.is_alive()]


def trial_folders(world: World) -> list[Path]:
    """Return the folders of all trials of all runs."""
    found = []
    for _, _, folder in world.run_folders():
        found += [path.parent for path in sorted(folder.rglob("diary.jsonl"))]
    return found


RULES: dict[str, Callable[[World], list[str]]] = {
    "lost pushes": lost_pushes,
    "double trainings": double_trainings,
    "models missing or registered twice": wrong_registrations,
    "epochs repeated beyond a checkpoint": repeated_epochs,
    "containers of one trial at once": containers_at_once,
    "double mails": double_mails,
    "lost mails": lost_mails,
    "failed runs": failed_runs,
    "unowned containers": unowned_containers,
    "champions not served": unserved_champions,
}
RULES_AFTER_STOP: dict[str, Callable[[World], list[str]]] = {
    "left processes": left_processes,
    "containers left by a stop": left_by_stop,
}
