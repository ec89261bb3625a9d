"""What the reporting task hands to the mailing task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pushtune.notifying.mail_text import compose_mail
from pushtune.notifying.plain_words import one_line


def compose_message(report: Mapping[str, Any], run_folder: Path) -> dict[str, Any]:
    """Return the ``message`` of ``EmailOperator`` for ``report``.

    Keys: ``key`` (one mail per run and outcome), ``to``, ``subject``, ``html``, ``text``, ``run_folder``.
    """
    return {
        "key": f"{run_folder.parent.name}/{run_folder.name}/{report['outcome']}",
        "to": [one_line(address, 320) for address in (report.get("mail") or {}).get("to") or []],
        **compose_mail(report),
        "run_folder": str(run_folder),
    }
