"""Joins the stages in the mail of a check: what was given up, who wants to hear about it, and what became of it."""

from typing import Any

from pushtune.healing.alerts import next_alert
from pushtune.notifying.outbox import is_settled
from pushtune.settings import Settings
from pushtune.watching.configuration_files import usable_repositories


def alert(settings: Settings) -> dict[str, Any] | None:
    """Return the mail that a person must get now; None where everything is told."""
    recipients = {entry.name: list(entry.notify) for entry in usable_repositories(settings)}
    return next_alert(settings, recipients, lambda key: is_settled(settings.outbox, key))
