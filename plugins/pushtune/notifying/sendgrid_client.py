"""One call to SendGrid, with a time-out, and its answer in our own words."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.error import HTTPError as UrllibHTTPError
from urllib.error import URLError
from urllib.parse import urlsplit

from pushtune.errors import InvalidMail, MailNotSent, MailRefused, MailUncertain, SendGridUnreachable
from pushtune.notifying.outbox import Mail
from pushtune.notifying.plain_words import one_line

DEFAULT_HOST = "https://api.sendgrid.com"
ACCEPTED = 202  # the only answer that means "queued for delivery"; 200 is given in sandbox mode, where nothing is sent
TRY_AGAIN = (408, 425, 429)
TIMEOUT_LIMIT_SECONDS = 60  # a call waits several times, and the tasks that call end after some minutes
LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Account:
    """How SendGrid is reached.

    Attributes:
        api_key: never shown. connection: name of the Airflow connection that it comes from, for error texts.
        host: address of the API, ``https`` unless it is on this machine. timeout_seconds: limit of each wait.
    """

    api_key: str
    connection: str
    host: str = DEFAULT_HOST
    timeout_seconds: float = 20.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.host)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL_NAMES):
            raise InvalidMail(
                "The host of SendGrid must be an https address, so that the key is not sent in clear.", repr(self.host),
                f"Correct the host of the connection {self.connection!r}, or leave it empty.",
            )

        if not self.api_key.isascii() or not self.api_key.isprintable() or " " in self.api_key:
            raise InvalidMail(
                "An API key consists of visible ASCII characters.", "a key with a space or a special character",
                f"Copy the key again into the password of the Airflow connection {self.connection!r}.",
            )

    def __repr__(self) -> str:
        return f"Account({self.connection!r}, {self.host!r})"


def account_from(connection_id: str, connection: Any, timeout_seconds: float) -> Account | None:
    """Return the account that an Airflow connection describes; None without a connection or a key.

    ``timeout`` in the connection's extra (seconds, over 0 and at most 60) takes precedence over ``timeout_seconds``.
    Raises InvalidMail where the connection cannot be used.
    """
    if connection is None or not (connection.password or "").strip():
        return None
    wished = connection.extra_dejson.get("timeout", timeout_seconds)
    if isinstance(wished, bool) or not isinstance(wished, int | float) or not 0 < wished <= TIMEOUT_LIMIT_SECONDS:
        raise InvalidMail(
            f"The timeout of SendGrid must be a number of seconds over 0, at most {TIMEOUT_LIMIT_SECONDS}.",
            repr(wished)[:100],
            f"Correct the extra of the connection {connection_id!r}.",
        )
    return Account(connection.password.strip(), connection_id, _base_address(connection), float(wished))


def _base_address(connection: Any) -> str:
    host = (connection.host or "").strip().rstrip("/")
    if not host:
        return DEFAULT_HOST
    address = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    return f"{address}:{connection.port}" if connection.port else address


def prepare(mail: Mail, account: Account) -> Callable[[], str]:
    """Return the call that hands ``mail`` to SendGrid. Everything that can be done before the call is done here.

    The call returns SendGrid's id for the message, which may be empty, and raises

    - MailRefused: the same call would be refused again (a 4xx answer, or an answer that SendGrid never gives).
    - MailNotSent: a later attempt may pass: the answer is 429 or 5xx, or (SendGridUnreachable) the request did not get
      through as a whole.
    - MailUncertain: SendGrid has got the whole request, and no answer came that could be read.
    """
    import sendgrid

    client = sendgrid.SendGridAPIClient(account.api_key, host=account.host)
    client.client.timeout = account.timeout_seconds
    request = as_request(mail)
    return lambda: _call(client, request, account)


def _call(client: Any, request: dict[str, Any], account: Account) -> str:
    from python_http_client.exceptions import HTTPError

    try:
        answer = client.client.mail.send.post(request_body=request)
    except HTTPError as error:
        raise _refusal(int(error.status_code), error.body, account) from error
    except (URLError, InvalidURL) as error:  # urllib's word for whatever fails until the last byte is written
        raise _unreachable(account, str(error)) from error
    except (OSError, HTTPException) as error:  # while it waits for the answer, or reads it
        if isinstance(answered := error.__context__, UrllibHTTPError):  # its status came, its body broke off
            raise _refusal(answered.code, b"", account) from error
        raise _unanswered(account, str(error)) from error
    if answer.status_code != ACCEPTED:
        raise _refusal(int(answer.status_code), answer.body, account)
    return one_line(answer.headers.get("X-Message-Id") or "", 100)


def as_request(mail: Mail) -> dict[str, Any]:
    """Return the JSON body of SendGrid's ``v3/mail/send`` for ``mail``."""
    people: dict[str, Any] = {"to": [{"email": address} for address in mail.to]}
    for name, addresses in (("cc", mail.cc), ("bcc", mail.bcc)):
        if addresses:
            people[name] = [{"email": address} for address in addresses]
    contents = [{"type": "text/plain", "value": mail.text}] if mail.text else []
    request: dict[str, Any] = {
        "from": {"email": mail.sender},
        "personalizations": [people],
        "subject": mail.single_line_subject,
        "content": [*contents, {"type": "text/html", "value": mail.html}],
        "headers": {"Message-ID": mail.message_id},
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
    }
    attachments = [
        {"content": base64.b64encode(content).decode(), "filename": name, "disposition": "attachment"}
        for name, content in mail.attachments()
    ]
    return request | ({"attachments": attachments} if attachments else {})


def _refusal(status: int, body: Any, account: Account) -> MailRefused | MailNotSent:
    received = f"HTTP {status}" + (f": {said}" if (said := _said(body)) else "")
    if status in TRY_AGAIN or status >= 500:
        return MailNotSent(
            f"SendGrid must accept the mail with HTTP {ACCEPTED}.", received,
            "The task is tried again by itself; the mail stays in the outbox until then.",
        )
    remedies = {
        401: f"Put a valid API key into the password of the Airflow connection {account.connection!r}.",
        403: (
            f"The key in the Airflow connection {account.connection!r} needs the permission 'Mail Send', and the "
            "sender (from_email in its extra, or PUSHTUNE_MAIL_FROM) has to be verified at SendGrid."
        ),
        413: "The mail is too large: attach fewer files.",
    }
    remedy = remedies.get(status, "Correct what the answer names; the mail is kept in the outbox.")
    return MailRefused(f"SendGrid must accept the mail with HTTP {ACCEPTED}.", received, remedy)


def _unreachable(account: Account, reason: str) -> SendGridUnreachable:
    return SendGridUnreachable(
        f"SendGrid must take the mail within {account.timeout_seconds:g} seconds at {account.host}.",
        one_line(reason) or "no connection",
        f"Check the network and the host of the Airflow connection {account.connection!r}; the task is tried again.",
    )


def _unanswered(account: Account, reason: str) -> MailUncertain:
    return MailUncertain(
        f"SendGrid must answer within {account.timeout_seconds:g} seconds at {account.host}.",
        f"no usable answer to the whole mail: {one_line(reason) or 'no reason'}",
        "SendGrid may have it, so it is not sent again and lies in the outbox; to send it, remove its .json there and "
        "clear the task notify of its run.",
    )


def _said(body: Any) -> str:
    """Return the messages of SendGrid's error document, or the start of whatever came instead."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        errors = json.loads(text)["errors"]
        return one_line("; ".join(str(error["message"]) for error in errors), 300)
    except (ValueError, KeyError, TypeError):
        return one_line(text, 300)
