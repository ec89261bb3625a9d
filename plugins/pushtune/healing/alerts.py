"""Tells a person what was given up: each such action in one mail, whichever process is killed on the way to it.

An action is in the log before anybody hears of it, and a mail is written down here before it is sent. It is composed
anew only once its fate is known, so that a killed sender neither loses it nor says the same under another key.

One mail is for one set of people: nobody reads about the runs of others, or their addresses.
"""

import hashlib
import html
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pushtune.healing.action_log import read_actions
from pushtune.healing.diagnosis import Verdict
from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_contract.validation import ContractViolation, build

REPORTED = (Verdict.LOOPING, Verdict.GIVEN_UP, Verdict.STUCK)
ACTIONS_PER_MAIL = 50
MAIL_FIELDS = {"key", "to", "subject", "html", "text"}
RECENT_SECONDS = 7 * 86_400  # what is older was told by another release, or is no news any more
TRAINING_REMEDY = "Look at the log of the task in Airflow; clear the task to train on from its newest checkpoint."
SERVING_REMEDY = (
    "The former version goes on answering where there is one. Mend what is named and push again, or set 'serve: false' "
    "for a minute and then 'serve: true' to try the same version once more."
)
STUCK_REMEDY = "End the container on its host (docker rm -f, or restart Docker): until then it keeps memory and cores."
Document = dict[str, Any]


@dataclass
class Alerts:
    """What was told.

    Attributes:
        told: digests of actions. mail: the one on its way, empty for none. within: digests of the actions in it.
    """

    told: list[str] = field(default_factory=list)
    mail: Document = field(default_factory=dict)
    within: list[str] = field(default_factory=list)


def next_alert(
    settings: Settings, recipients: Callable[[Document], Iterable[str]], is_settled: Callable[[str], bool]
) -> Document | None:
    """Return the mail that is on its way, or the next one; None where everything is told.

    What others are to be told waits for the next call, since one mail is written down at a time.

    Args:
        recipients: the record of an action -> addresses of those who want to hear about it.
        is_settled: whether nothing more is to be done about the mail with this key: SendGrid has it, or the outbox.
    """
    alerts = _read(settings)
    if alerts.mail and not is_settled(alerts.mail["key"]):
        return alerts.mail
    recent = [record for record in read_actions(settings) if _is_recent(record)]
    digests = {_digest(record): record for record in recent}
    told = {*alerts.told, *alerts.within} & set(digests)  # what has left the log need not be remembered
    news = {digest: record for digest, record in digests.items() if digest not in told}
    people = {digest: sorted(set(recipients(record))) for digest, record in news.items()}
    to = next(iter(people.values()), [])  # those of the oldest action
    within = [digest for digest in news if people[digest] == to][:ACTIONS_PER_MAIL]
    mail = compose_alert([news[digest] for digest in within], to) if within else {}
    _write(settings, Alerts(sorted(told), mail, within))
    return mail or None


def _is_recent(record: Document) -> bool:
    return record.get("verdict") in REPORTED and time.time() - float(record["unix_time"]) < RECENT_SECONDS


def _digest(record: Document) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]


def _path(settings: Settings) -> Path:
    return settings.home / "healing" / "alerts.json"


def _read(settings: Settings) -> Alerts:
    try:
        found = build(Alerts, read_json(_path(settings)))
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        return Alerts()
    return found if not found.mail or set(found.mail) == MAIL_FIELDS else Alerts(found.told)


def _write(settings: Settings, alerts: Alerts) -> None:
    if alerts.told or alerts.mail or _path(settings).exists():
        _path(settings).parent.mkdir(parents=True, exist_ok=True)
        write_json(_path(settings), asdict(alerts))


def compose_alert(records: list[Document], to: list[str]) -> Document:
    """Return the mail to the addresses ``to`` about trainings and models that were given up, one line each."""
    lines = [_told(record) for record in records]
    served = [is_serving(record) for record in records]
    remedy = " ".join(dict.fromkeys(map(_remedy, records)))
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    what = "serving" if all(served) else "training"
    return {
        "key": "given_up/" + hashlib.sha256("".join(map(_digest, records)).encode()).hexdigest()[:32],
        "to": to,
        "subject": f"Pushtune: {len(records)} {what} container(s) given up",
        "html": f"<ul>{items}</ul><p>{html.escape(remedy)}</p>",
        "text": "\n".join([*lines, "", remedy]),
    }


def _remedy(record: Document) -> str:
    if record["verdict"] == Verdict.STUCK:
        return STUCK_REMEDY
    return SERVING_REMEDY if is_serving(record) else TRAINING_REMEDY


def is_serving(record: Document) -> bool:
    """Whether the record of an action is about a container that serves a model."""
    return "version" in record


def _told(record: Document) -> str:
    if is_serving(record):
        return f"{record['dag_id']}, version {record['version']} of its model is not served: {record['reason']}"
    mapped = f"[{record['map_index']}]" if record["map_index"] >= 0 else ""
    given_up = f"was given up after {record['attempt']} attempts"
    what = "cannot be ended" if record["verdict"] == Verdict.STUCK else given_up
    return (
        f"{record['dag_id']}, run {record['run_id']}, task {record['task_id']}{mapped}: container {record['name']} "
        f"{what}: {record['reason']}."
    )
