"""The operator against a real HTTP server: sent once, kept when it must be, refused in words."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.notifying.sendgrid_server import (
    ACCEPT_AND_HANG,
    ACCEPT_AND_RESET,
    HANG,
    SendGridServer,
    refusal,
    running_sendgrid,
)

from pushtune.errors import MailNotSent
from pushtune.notifying.email_operator import EmailOperator, addresses
from pushtune.notifying.outbox import Mail, outbox_entry
from pushtune.records import read_record

CONTEXT: Any = {"ti": SimpleNamespace(dag_id="train_digits", run_id="manual__1", task_id="notify", map_index=-1)}
OTHER_RUN: Any = {"ti": SimpleNamespace(dag_id="train_digits", run_id="manual__2", task_id="notify", map_index=-1)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PUSHTUNE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SendGridServer]:
    with running_sendgrid() as running:
        connection = {"conn_type": "sendgrid", "password": "SG.k", "host": running.address, "extra": {"timeout": 5}}
        monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))
        yield running


def operator(**fields: Any) -> EmailOperator:
    given: dict[str, Any] = {"to": "ada@example.org", "subject": "Done", "html_content": "<p>0.91</p>"}
    return EmailOperator(task_id="notify", **{**given, **fields})


def message(run_folder: Path, **fields: Any) -> dict[str, Any]:
    given = {
        "key": "train_digits/run/target_met", "to": ["ada@example.org"], "subject": "Target met", "html": "<p>1</p>",
        "text": "1", "run_folder": str(run_folder),
    }
    return {**given, **fields}


def test_the_fields_of_airflows_operator(server: SendGridServer) -> None:
    task = operator(to="ada@example.org; bob@example.org", cc=["c@example.org"], from_email="me@example.org")
    assert task.execute(CONTEXT)["state"] == "sent"
    body = server.bodies[0]
    assert body["personalizations"] == [
        {"to": [{"email": "ada@example.org"}, {"email": "bob@example.org"}], "cc": [{"email": "c@example.org"}]}
    ]
    assert (body["from"], body["subject"]) == ({"email": "me@example.org"}, "Done")
    assert body["content"] == [{"type": "text/html", "value": "<p>0.91</p>"}]


def test_a_message_is_passed_on_as_it_is(server: SendGridServer, tmp_path: Path) -> None:
    answer = operator(message=message(tmp_path / "run", html="<p>{{ conn.x.password }}</p>")).execute(CONTEXT)
    assert answer["state"] == "sent" and answer["key"] == "train_digits/run/target_met"
    assert server.bodies[0]["content"] == [
        {"type": "text/plain", "value": "1"}, {"type": "text/html", "value": "<p>{{ conn.x.password }}</p>"}
    ]
    record = read_record(tmp_path / "run", "notify")
    assert record is not None and record["document"] == answer


def test_a_second_attempt_does_not_send_again(server: SendGridServer, home: Path) -> None:
    assert operator().execute(CONTEXT)["state"] == "sent"
    assert operator().execute(CONTEXT)["state"] == "sent_before"
    assert operator().execute(OTHER_RUN)["state"] == "sent"
    assert len(server.requests) == 2
    assert not list((home / "outbox").glob("*.eml"))


def test_a_file_that_an_earlier_attempt_left_is_removed(server: SendGridServer, home: Path) -> None:
    key = operator().execute(CONTEXT)["key"]
    with outbox_entry(home / "outbox", Mail(key, "a@b.c", ["a@b.c"], "Done", "x")) as entry:
        entry.eml.write_bytes(b"left over")
    assert operator().execute(CONTEXT)["state"] == "sent_before"
    assert not entry.eml.exists()


def test_an_attempt_that_is_killed_while_it_waits_is_not_repeated(server: SendGridServer, home: Path) -> None:
    """SendGrid has the mail, and the process that would have noted it is gone."""
    server.answers = [HANG]
    program = (
        "from types import SimpleNamespace; from pushtune.notifying.email_operator import EmailOperator\n"
        "ti = SimpleNamespace(dag_id='train_digits', run_id='manual__1', task_id='notify', map_index=-1)\n"
        "mail = {'to': 'ada@example.org', 'subject': 'Done', 'html_content': '<p>0.91</p>'}\n"
        "EmailOperator(task_id='notify', **mail).execute({'ti': ti})\n"
    )
    project = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{project / 'plugins'}:{project / 'training'}"}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as process:
        while not server.requests and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    answer = operator().execute(CONTEXT)
    assert (answer["state"], len(server.requests)) == ("uncertain", 1)
    assert b"Subject: Done" in Path(answer["where"]).read_bytes()
    assert operator().execute(CONTEXT)["state"] == "uncertain"


@pytest.mark.parametrize("answer", [ACCEPT_AND_HANG, ACCEPT_AND_RESET])
def test_an_attempt_that_hears_no_answer_is_not_repeated(
    server: SendGridServer, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    connection = {"conn_type": "sendgrid", "password": "SG.k", "host": server.address, "extra": {"timeout": 0.5}}
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))
    server.answers = [answer]
    for _ in range(2):
        told = operator().execute(CONTEXT)
        assert told["state"] == "uncertain" and b"Subject: Done" in Path(told["where"]).read_bytes()
    assert len(server.accepted) == len(server.requests) == 1


def test_another_outcome_of_the_same_run_is_told(server: SendGridServer, tmp_path: Path) -> None:
    operator(message=message(tmp_path, key="d/run/failed")).execute(CONTEXT)
    operator(message=message(tmp_path, key="d/run/target_met")).execute(CONTEXT)
    assert len(server.requests) == 2


def test_a_passing_problem_is_sent_by_the_next_attempt(server: SendGridServer, home: Path) -> None:
    server.answers = [500, 429, 202]
    for _ in range(2):
        with pytest.raises(MailNotSent, match="SendGrid must accept the mail with HTTP 202"):
            operator().execute(CONTEXT)
        [kept] = (home / "outbox").glob("*.eml")
        assert b"Subject: Done" in kept.read_bytes()
    assert operator().execute(CONTEXT)["state"] == "sent"
    assert not list((home / "outbox").glob("*.eml"))
    assert operator().execute(CONTEXT)["state"] == "sent_before"


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_refusal_fails_at_once_and_keeps_the_mail(server: SendGridServer, home: Path, status: int) -> None:
    server.answers = [(status, refusal("no"))]
    with pytest.raises(AirflowFailException, match=f"must accept the mail with HTTP 202. Received: HTTP {status}"):
        operator().execute(CONTEXT)
    [record] = (home / "outbox").glob("*.json")
    facts = json.loads(record.read_text())
    assert facts["state"] == "kept" and f"HTTP {status}: no" in facts["reason"]
    assert len(list((home / "outbox").glob("*.eml"))) == 1


def test_the_failed_attempt_is_recorded(server: SendGridServer, tmp_path: Path) -> None:
    server.answers = [401]
    with pytest.raises(AirflowFailException):
        operator(message=message(tmp_path)).execute(CONTEXT)
    record = read_record(tmp_path, "notify")
    assert record is not None and "HTTP 401" in record["document"]["error"]


@pytest.mark.parametrize("connection", [None, {"conn_type": "sendgrid"}])
def test_without_a_key_the_mail_goes_to_the_outbox(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, connection: Any
) -> None:
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))
    answer = operator().execute(CONTEXT)
    assert answer["state"] == "kept"
    assert Path(answer["where"]).parent == home / "outbox" and Path(answer["where"]).exists()


def test_a_kept_mail_is_sent_once_a_key_is_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert operator().execute(CONTEXT)["state"] == "kept"
    with running_sendgrid() as server:
        connection = {"conn_type": "sendgrid", "password": "SG.k", "host": server.address}
        monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))
        assert operator().execute(CONTEXT)["state"] == "sent"
        assert len(server.requests) == 1


def test_what_is_no_address_is_left_out(server: SendGridServer, tmp_path: Path) -> None:
    """The author of a commit chooses the name under which it is made."""
    operator(message=message(tmp_path, to=["a@b.c\r\nBcc: x@y.z", "ada@example.org"])).execute(CONTEXT)
    assert server.bodies[0]["personalizations"] == [{"to": [{"email": "ada@example.org"}]}]


def test_without_a_recipient_the_mail_is_kept(server: SendGridServer, tmp_path: Path) -> None:
    answer = operator(to=[], message=message(tmp_path, to=["nobody"])).execute(CONTEXT)
    assert answer["state"] == "kept" and not server.requests


def test_the_sender_comes_from_the_connection_or_the_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_sendgrid() as server:
        given = {"conn_type": "sendgrid", "password": "SG.k", "host": server.address}
        monkeypatch.setenv("PUSHTUNE_MAIL_FROM", "setting@example.org")
        monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(given))
        operator().execute(CONTEXT)
        monkeypatch.setenv(
            "AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps({**given, "extra": {"from_email": "extra@example.org"}})
        )
        operator().execute(OTHER_RUN)
        assert [body["from"]["email"] for body in server.bodies] == ["setting@example.org", "extra@example.org"]


def test_a_mail_without_text_is_refused(server: SendGridServer) -> None:
    with pytest.raises(AirflowFailException, match="A mail needs a subject and a text. Received: subject '', 0 char"):
        operator(subject="", html_content="").execute(CONTEXT)


def test_addresses_in_either_form() -> None:
    assert addresses("a@b.c, d@e.f;,") == addresses(["a@b.c ", "d@e.f", ""]) == ["a@b.c", "d@e.f"]


def test_smtplib_is_never_imported() -> None:
    """In a new interpreter, with everything that sends a mail loaded."""
    program = (
        "import sys, sendgrid, python_http_client.exceptions\n"
        "import pushtune.notifying.email_operator, pushtune.notifying.message, pushtune.notifying.report\n"
        "assert 'smtplib' not in sys.modules, 'smtplib was imported'\n"
    )
    project = Path(__file__).parents[2]
    paths = f"{project / 'plugins'}:{project / 'training'}"
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": paths, "HOME": "/tmp"}, check=True, timeout=120)
