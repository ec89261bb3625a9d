"""Airflow's EmailOperator, on SendGrid: no mail is lost, none is sent twice, and no text is rendered as a template."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from pushtune.errors import InvalidMail, MailNotSent, MailRefused, MailUncertain
from pushtune.notifying.delayed_mails import hand_over
from pushtune.notifying.outbox import Mail, OutboxEntry, is_address, outbox_entry
from pushtune.notifying.plain_words import one_line
from pushtune.notifying.sendgrid_client import Account, account_from
from pushtune.records import recorded
from pushtune.settings import Settings, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Context

DEFAULT_CONNECTION = "sendgrid_default"
TASK_LIMIT = timedelta(minutes=5)


class EmailOperator(BaseOperator):
    """Sends one mail through SendGrid, or keeps it in the outbox where no key is configured.

    The key is the password of the connection; its host is another address of the API, its extra may hold ``from_email``
    and ``timeout`` (seconds). Without the connection or its password the mail goes to the outbox and the task succeeds.

    A mail is sent once: another attempt of the same task, or another task with the same key, finds that it was sent, or
    that SendGrid got all of it and no answer came, or an attempt was killed while it waited for one (see ``outbox``);
    then the task succeeds and its log says so. A refusal (4xx) fails the task at once; a failed connection, 429 or 5xx
    fails the attempt, so that Airflow tries again; the last one leaves the mail to ``delayed_mails``. In all these
    cases the mail lies in the outbox.

    What a repository contains must come through ``message``, given as the output of a task: it is passed on as it is.
    Airflow renders the other fields as templates, so they may only hold what the author of the DAG wrote.

    :param to: addresses, as a list or separated by commas or semicolons. (templated)
    :param subject: the subject. (templated)
    :param html_content: the body. (templated)
    :param from_email: the sender; by default that of the connection, then the setting ``mail_from``. (templated)
    :param files: paths of attachments, 20 MiB together. (templated)
    :param cc: further addresses. (templated)
    :param bcc: hidden addresses. (templated)
    :param conn_id: the Airflow connection. (templated)
    :param message: output of a task, as ``message.compose_message`` makes it: ``key``, ``to``, ``subject``, ``html``,
        ``text``, ``run_folder``; it takes precedence over the fields above.
    """

    # No template_ext: an attachment named *.html would be replaced by its content, rendered as a template.
    template_fields: Sequence[str] = (
        "to", "subject", "html_content", "from_email", "files", "cc", "bcc", "conn_id", "message"
    )
    template_fields_renderers = {"html_content": "html", "message": "json"}
    ui_color = "#e6faf9"

    def __init__(  # noqa: PLR0913 (the arguments are those of Airflow's EmailOperator)
        self,
        *,
        to: str | Sequence[str] = (),
        subject: str = "",
        html_content: str = "",
        from_email: str | None = None,
        files: Sequence[str] = (),
        cc: str | Sequence[str] = (),
        bcc: str | Sequence[str] = (),
        conn_id: str = DEFAULT_CONNECTION,
        message: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("execution_timeout", TASK_LIMIT)
        super().__init__(**kwargs)
        self.to = to
        self.subject = subject
        self.html_content = html_content
        self.from_email = from_email
        self.files = files
        self.cc = cc
        self.bcc = bcc
        self.conn_id = conn_id
        self.message = message

    def execute(self, context: "Context") -> dict[str, str]:
        """Send the mail.

        Returns: ``state`` (``sent``, ``sent_before``, ``kept``, ``delayed``, ``uncertain``), ``where``, ``key``.
        """
        settings = load_settings()
        message = self.message if isinstance(self.message, Mapping) else {}
        try:
            if not message.get("run_folder"):
                return self._deliver(context, settings, message)
            with recorded(Path(message["run_folder"]), "notify") as document:
                document.update(self._deliver(context, settings, message))
                return document
        except (MailRefused, InvalidMail) as error:
            raise AirflowFailException(str(error)) from error

    def _deliver(self, context: "Context", settings: Settings, message: Mapping[str, Any]) -> dict[str, str]:
        connection = self._connection()
        mail = self._mail(context, settings, message, connection)
        account = account_from(self.conn_id, connection, settings.sendgrid_timeout_seconds)
        with outbox_entry(settings.outbox, mail) as entry:
            if entry.sent:
                entry.remove_file()  # an earlier attempt may have died between its note and this
                self.log.info("This mail was sent by an earlier attempt: %s", mail.key)
                return {"state": "sent_before", "where": f"connection {self.conn_id}", "key": mail.key}
            if entry.uncertain:
                path = entry.leave_uncertain()
                self.log.warning(
                    "An earlier attempt heard no answer of SendGrid, which may have the mail already. It is not sent "
                    "twice and lies in the outbox: %s (to send it, remove its .json and clear this task)", path
                )
                return {"state": "uncertain", "where": str(path), "key": mail.key}
            if account is None or not mail.to:
                return self._keep(entry, f"no key in connection {self.conn_id}" if mail.to else "no recipient")
            return self._send(entry, mail, account, is_last=_is_last_attempt(context["ti"]))

    def _keep(self, entry: OutboxEntry, reason: str) -> dict[str, str]:
        path = entry.keep(reason)
        self.log.warning("The mail was not sent (%s). It lies in the outbox: %s", reason, path)
        return {"state": "kept", "where": str(path), "key": entry.key}

    def _send(self, entry: OutboxEntry, mail: Mail, account: Account, *, is_last: bool) -> dict[str, str]:
        try:
            answer = hand_over(entry, mail, account)
        except MailNotSent as error:
            if not is_last:
                raise
            self.log.warning("%s It lies in the outbox until SendGrid takes it: %s", error, entry.eml)
            return {"state": "delayed", "where": str(entry.eml), "key": mail.key}
        except MailUncertain as error:
            self.log.warning("%s The mail: %s", error, entry.eml)
            return {"state": "uncertain", "where": str(entry.eml), "key": mail.key}
        except MailRefused:
            self.log.error("The mail was not sent. It lies in the outbox: %s", entry.eml)
            raise
        self.log.info("SendGrid accepted the mail for %s: %s", ", ".join(mail.to), answer or "no message id")
        return {"state": "sent", "where": f"connection {self.conn_id}", "key": mail.key}

    def _connection(self) -> Any:
        try:
            return BaseHook.get_connection(self.conn_id)
        except AirflowNotFoundException:
            return None

    def _mail(self, context: "Context", settings: Settings, message: Mapping[str, Any], connection: Any) -> Mail:
        instance = context["ti"]
        extra = connection.extra_dejson if connection is not None else {}
        subject, html = str(message.get("subject") or self.subject), str(message.get("html") or self.html_content)
        if not subject or not html:
            raise InvalidMail(
                "A mail needs a subject and a text.", f"subject {subject!r:.100}, {len(html)} characters of text",
                "Read the log of the task 'report', which composes the mail.",
            )
        own_key = f"{instance.dag_id}/{instance.run_id}/{instance.task_id}/{instance.map_index}"
        return Mail(
            key=str(message.get("key") or own_key),
            sender=str(self.from_email or extra.get("from_email") or settings.mail_from),
            to=self._recipients(message.get("to") or self.to),
            subject=subject,
            html=html,
            text=str(message.get("text") or ""),
            cc=self._recipients(self.cc),
            bcc=self._recipients(self.bcc),
            files=list(self.files),
        )

    def _recipients(self, given: str | Sequence[str]) -> list[str]:
        """Leave out what is no address: the author of a commit can claim anything to be theirs."""
        found = addresses(given)
        refused = [address for address in found if not is_address(address)]
        if refused:
            self.log.warning("Left out, since they are no e-mail addresses: %s", one_line(refused))
        return [address for address in found if address not in refused]


def _is_last_attempt(instance: Any) -> bool:
    return int(getattr(instance, "try_number", 0)) > int(getattr(instance, "max_tries", 0))


def addresses(given: str | Sequence[str]) -> list[str]:
    """Return the addresses in a list, or in a text that separates them by commas or semicolons."""
    parts = given.replace(";", ",").split(",") if isinstance(given, str) else given
    return [part.strip() for part in parts if part.strip()]
