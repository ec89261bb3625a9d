"""What is sent to SendGrid, and what each of its answers means."""

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.notifying.sendgrid_server import (
    ACCEPT_AND_HANG,
    ACCEPT_AND_RESET,
    DROP,
    GARBAGE,
    HANG,
    SendGridServer,
    refusal,
    running_sendgrid,
)

from pushtune.errors import InvalidMail, MailNotSent, MailRefused, MailUncertain, SendGridUnreachable
from pushtune.notifying.outbox import Mail
from pushtune.notifying.sendgrid_client import Account, account_from, prepare


@pytest.fixture
def server() -> Iterator[SendGridServer]:
    with running_sendgrid() as running:
        yield running


def mail_with(**fields: Any) -> Mail:
    given: dict[str, Any] = {
        "key": "dag/run/target_met", "sender": "from@example.org", "to": ["ada@example.org"], "subject": "Done",
        "html": "<p>0.91</p>", "text": "0.91",
    }
    return Mail(**{**given, **fields})


def account_of(server: SendGridServer, timeout_seconds: float = 10) -> Account:
    return Account("SG.secret", "sendgrid_default", server.address, timeout_seconds)


def connection(**fields: Any) -> Any:
    given: dict[str, Any] = {"password": "SG.k", "host": None, "schema": None, "port": None, "extra_dejson": {}}
    return SimpleNamespace(**{**given, **fields})


def test_the_whole_request(server: SendGridServer, tmp_path: Path) -> None:
    attachment = tmp_path / "curve.csv"
    attachment.write_bytes(b"1,0.5\n")
    mail = mail_with(cc=["c@example.org"], bcc=["b@example.org"], files=[str(attachment)])
    assert prepare(mail, account_of(server))() == "id-1"
    [(path, authorization, body)] = server.requests
    assert (path, authorization) == ("/v3/mail/send", "Bearer SG.secret")
    assert body == {
        "from": {"email": "from@example.org"},
        "personalizations": [
            {
                "to": [{"email": "ada@example.org"}],
                "cc": [{"email": "c@example.org"}],
                "bcc": [{"email": "b@example.org"}],
            }
        ],
        "subject": "Done",
        "content": [{"type": "text/plain", "value": "0.91"}, {"type": "text/html", "value": "<p>0.91</p>"}],
        "headers": {"Message-ID": mail.message_id},
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        "attachments": [
            {"content": base64.b64encode(b"1,0.5\n").decode(), "filename": "curve.csv", "disposition": "attachment"}
        ],
    }


def test_each_recipient_is_named_once(server: SendGridServer) -> None:
    """SendGrid answers 400 otherwise, and nobody gets the mail."""
    mail = mail_with(
        to=["Ada@example.org", "bob@example.org", "ada@EXAMPLE.org"], cc=["BOB@example.org", "c@example.org"],
        bcc=["C@example.org", "ada@example.org", "d@example.org", "D@example.org"],
    )
    prepare(mail, account_of(server))()
    assert server.bodies[0]["personalizations"] == [
        {
            "to": [{"email": "Ada@example.org"}, {"email": "bob@example.org"}],
            "cc": [{"email": "c@example.org"}],
            "bcc": [{"email": "d@example.org"}],
        }
    ]
    prepare(mail_with(cc=["ADA@example.org"]), account_of(server))()
    assert server.bodies[1]["personalizations"] == [{"to": [{"email": "ada@example.org"}]}]


def test_the_same_key_gives_the_same_message_id() -> None:
    assert mail_with(subject="a").message_id == mail_with(subject="b").message_id
    assert mail_with(key="other").message_id != mail_with().message_id


def test_a_line_break_in_the_subject_starts_no_header(server: SendGridServer) -> None:
    prepare(mail_with(subject="Done\r\nBcc: all@example.org\u2028x"), account_of(server))()
    assert server.bodies[0]["subject"] == "Done Bcc: all@example.org x"


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "Correct what the answer names"),
        (401, "Put a valid API key into the password of the Airflow connection 'sendgrid_default'"),
        (403, "needs the permission 'Mail Send', and the sender"),
        (404, "Correct what the answer names"),
        (413, "The mail is too large: attach fewer files."),
    ],
)
def test_a_refusal_says_what_to_do(server: SendGridServer, status: int, remedy: str) -> None:
    server.answers = [(status, refusal("Does not contain\r\na valid address."))]
    with pytest.raises(MailRefused) as caught:
        prepare(mail_with(), account_of(server))()
    assert str(caught.value).startswith(
        f"SendGrid must accept the mail with HTTP 202. Received: HTTP {status}: Does not contain a valid address.."
    )
    assert remedy in str(caught.value) and "SG.secret" not in str(caught.value)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_passing_problem_may_be_tried_again(server: SendGridServer, status: int) -> None:
    server.answers = [(status, b"<html>" + b"busy " * 1000)]
    with pytest.raises(MailNotSent, match=f"Received: HTTP {status}: <html>busy busy .*…. The task is tried") as caught:
        prepare(mail_with(), account_of(server))()
    assert not isinstance(caught.value, SendGridUnreachable), "another mail may fare better"


@pytest.mark.parametrize("status", [200, 204])
def test_only_202_means_that_the_mail_will_be_delivered(server: SendGridServer, status: int) -> None:
    server.answers = [status]
    with pytest.raises(MailRefused, match=f"HTTP 202. Received: HTTP {status}"):
        prepare(mail_with(), account_of(server))()


def test_a_login_page_behind_a_redirection_is_not_taken_for_success(server: SendGridServer) -> None:
    server.answers = [302]
    with pytest.raises(MailRefused, match="Received: HTTP 200: <html>log in</html>"):
        prepare(mail_with(), account_of(server))()


NO_ANSWERS = [
    (HANG, "timed out"), (DROP, "Remote end closed"), (GARBAGE, "not HTTP"), (ACCEPT_AND_HANG, "timed out"),
    (ACCEPT_AND_RESET, "Connection reset"),
]


@pytest.mark.parametrize(("answer", "reason"), NO_ANSWERS)
def test_no_usable_answer_leaves_it_uncertain(server: SendGridServer, answer: str, reason: str) -> None:
    server.answers = [answer]
    with pytest.raises(MailUncertain, match=f"answer within 0.5 seconds at http://127.0.0.1.* whole mail.*{reason}"):
        prepare(mail_with(), account_of(server, timeout_seconds=0.5))()


def test_a_request_that_did_not_get_through_may_be_tried_again() -> None:
    """A server that reads nothing: it cannot have the mail, whose end was never written."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        account = Account("SG.secret", "sendgrid_default", f"http://127.0.0.1:{deaf.getsockname()[1]}", 0.5)
        with pytest.raises(SendGridUnreachable, match="must take the mail within 0.5 seconds.*timed out"):
            prepare(mail_with(html="x" * 2**25), account)()


def test_no_server_may_be_tried_again() -> None:
    with running_sendgrid() as gone:
        account = account_of(gone)
    with pytest.raises(SendGridUnreachable, match="Connection refused.*Check the network and the host"):
        prepare(mail_with(), account)()


@pytest.mark.parametrize("host", ["http://api.sendgrid.com", "ftp://127.0.0.1", "api.sendgrid.com"])
def test_the_key_is_never_sent_in_clear(host: str) -> None:
    with pytest.raises(InvalidMail, match="must be an https address, so that the key is not sent in clear"):
        Account("SG.secret", "sendgrid_default", host)


@pytest.mark.parametrize("key", ["SG.a\nX: y", "SG.a b", "SG.ä"])
def test_a_damaged_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InvalidMail, match="An API key consists of visible ASCII characters") as caught:
        Account(key, "sendgrid_default")
    assert "SG." not in str(caught.value)


def test_the_key_is_not_part_of_what_is_printed() -> None:
    assert "SG." not in repr(Account("SG.secret", "sendgrid_default"))


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({}, "https://api.sendgrid.com"),
        ({"host": "https://api.eu.sendgrid.com/"}, "https://api.eu.sendgrid.com"),
        ({"host": "api.eu.sendgrid.com"}, "https://api.eu.sendgrid.com"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8025}, "http://127.0.0.1:8025"),
    ],
)
def test_the_connection_may_name_another_host(fields: dict[str, Any], host: str) -> None:
    account = account_from("c", connection(**fields), 20)
    assert account is not None and (account.host, account.timeout_seconds) == (host, 20)


def test_without_a_key_there_is_no_account() -> None:
    assert account_from("c", None, 20) is None
    assert account_from("c", connection(password=" "), 20) is None


@pytest.mark.parametrize("timeout", [0, -1, 61, "20", True, None])
def test_a_senseless_timeout_is_refused(timeout: Any) -> None:
    with pytest.raises(InvalidMail, match="The timeout of SendGrid must be a number of seconds over 0, at most 60"):
        account_from("c", connection(extra_dejson={"timeout": timeout}), 20)
