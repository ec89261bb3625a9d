"""Hands mails to SendGrid, and once more those that met an outage, so that it delays them and costs none.

A mail is only ever handed over while its lock is held, and what became of it is written down before and after.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from pushtune.errors import InvalidMail, MailNotSent, MailRefused, MailUncertain, SendGridUnreachable
from pushtune.notifying.outbox import Mail, OutboxEntry, delayed, note_interrupted, outbox_entry
from pushtune.notifying.sendgrid_client import Account, account_from, prepare
from pushtune.settings import Settings

# More than a day at one attempt in two minutes; then it is for a person to look at.
ATTEMPTS_LIMIT = 1000
# No call begins later than this in a round. The task has twice the time: its own limit would end it in mid-call, and
# nobody could tell any more whether the mail was sent.
ROUND_LIMIT_SECONDS = 600.0

log = logging.getLogger(__name__)


def hand_over(entry: OutboxEntry, mail: Mail, account: Account) -> str:
    """Send ``mail``, note what became of it, and return SendGrid's id for it. Only inside ``outbox_entry``.

    Raises:
        MailNotSent: it may pass later; the mail is noted as delayed. MailRefused: it will not; the mail is kept.
        MailUncertain: SendGrid may have it; the mail is noted as such and never sent again.
    """
    call = prepare(mail, account)
    entry.start_sending()
    try:
        answer = call()
    except MailNotSent as error:
        entry.delay(str(error), account.connection)
        raise
    except MailRefused as error:
        entry.keep(str(error))
        raise
    except MailUncertain as error:
        entry.leave_uncertain(str(error))
        raise
    entry.finish_sending(answer)
    return answer


def send_delayed(settings: Settings, connection: Callable[[str], Any]) -> dict[str, int]:
    """Try each mail that met an outage once more; return how many were ``sent``, ``kept``, and are still ``delayed``.

    After the first call over a connection that does not get through, or is not answered, its other mails wait for the
    next round, as do those that this round has no time for.
    ``uncertain`` counts those that SendGrid may have: of this round, and of senders that died since the last one.

    Args:
        connection: returns the Airflow connection with this name.
    """
    counts = {"sent": 0, "delayed": 0, "kept": 0, "uncertain": 0}
    for path in note_interrupted(settings.outbox):
        counts["uncertain"] += 1
        log.error(
            "The sender of this mail died during its call, so SendGrid may have it already. It is not sent twice and "
            "lies in the outbox: %s (to send it, remove its .json and clear the task notify of its run)", path
        )
    deadline, silent = time.monotonic() + ROUND_LIMIT_SECONDS, set()
    for mail, name in delayed(settings.outbox):
        if name in silent or time.monotonic() > deadline:
            counts["delayed"] += 1
            continue
        try:
            with outbox_entry(settings.outbox, mail) as entry:
                counts[_try_again(entry, mail, name, settings, connection)] += 1
        except MailNotSent as error:
            log.warning("%s: %s", mail.key, error)
            counts["delayed"] += 1
            silent |= {name} if isinstance(error, SendGridUnreachable) else set()
        except (MailRefused, InvalidMail, FileNotFoundError) as error:
            log.error("%s: %s", mail.key, error)
            counts["kept"] += 1
        except MailUncertain as error:
            log.error("%s: %s", mail.key, error)
            counts["uncertain"] += 1
            silent.add(name)
    return counts


def _try_again(
    entry: OutboxEntry, mail: Mail, name: str, settings: Settings, connection: Callable[[str], Any]
) -> str:
    if entry.state().get("state") != "delayed":
        return "sent"  # by the task itself, since we looked
    account = account_from(name, connection(name), settings.sendgrid_timeout_seconds)
    if account is None or entry.attempts >= ATTEMPTS_LIMIT:
        entry.keep(f"not sent in {entry.attempts} attempts" if account else f"no key in connection {name}")
        return "kept"
    hand_over(entry, mail, account)
    log.info("SendGrid accepted the mail for %s: %s", ", ".join(mail.to), mail.key)
    return "sent"
