"""A mail that met an outage is sent later, once, and without the run that it tells of."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.connection import Connection
from tests.notifying.sendgrid_server import ACCEPT_AND_HANG, ACCEPT_AND_RESET, SendGridServer, running_sendgrid

from pushtune.errors import MailNotSent, SendGridUnreachable
from pushtune.notifying import delayed_mails
from pushtune.notifying.delayed_mails import send_delayed
from pushtune.notifying.email_operator import TASK_LIMIT, EmailOperator
from pushtune.notifying.outbox import delayed, outbox_entry
from pushtune.notifying.sendgrid_client import TIMEOUT_LIMIT_SECONDS
from pushtune.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PUSHTUNE_HOME", str(tmp_path))
    return Settings(home=tmp_path)


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[SendGridServer]:
    with running_sendgrid() as running:
        connection = {"conn_type": "sendgrid", "password": "SG.k", "host": running.address}
        monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))
        yield running


def connection(server: SendGridServer, password: str = "SG.k") -> Any:
    return lambda name: Connection(conn_id=name, conn_type="sendgrid", host=server.address, password=password)


def counted(**numbers: int) -> dict[str, int]:
    return {"sent": 0, "delayed": 0, "kept": 0, "uncertain": 0, **numbers}


def notify(try_number: int, run_id: str = "1") -> dict[str, str]:
    """Run the task that tells of a run, whose third try is the last."""
    instance = SimpleNamespace(
        dag_id="digits", run_id=run_id, task_id="notify", map_index=-1, try_number=try_number, max_tries=2
    )
    operator = EmailOperator(
        task_id="notify", to="ada@example.org", cc="bob@example.org", subject="Done", html_content="<p>0.91</p>"
    )
    return operator.execute({"ti": instance})  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [408, 429, 500, 503])
def test_an_outage_delays_a_mail_and_fails_nothing(settings: Settings, server: SendGridServer, answer: Any) -> None:
    server.answers = [answer]
    with pytest.raises(MailNotSent):
        notify(1)
    assert notify(3)["state"] == "delayed"
    assert send_delayed(settings, connection(server)) == counted(delayed=1)
    server.answers = [202]
    assert send_delayed(settings, connection(server)) == counted(sent=1)
    assert send_delayed(settings, connection(server)) == counted()
    assert notify(3)["state"] == "sent_before"
    (body,) = server.accepted
    assert body == server.bodies[0], "it says what the first attempt said"


def test_a_mail_that_its_task_is_sending_is_left_alone(settings: Settings, server: SendGridServer) -> None:
    server.answers = [503, 202]
    notify(3)
    ((mail, _),) = delayed(settings.outbox)
    with outbox_entry(settings.outbox, mail):
        assert send_delayed(settings, connection(server)) == counted(delayed=1)
    assert server.accepted == []


def test_a_mail_whose_sender_died_in_the_call_is_noted_for_a_person(
    settings: Settings, server: SendGridServer
) -> None:
    server.answers = [503]
    assert notify(3)["state"] == "delayed"
    (mail, _), = delayed(settings.outbox)
    with outbox_entry(settings.outbox, mail) as entry:
        entry.start_sending()  # and no more: what a kill leaves behind
        assert send_delayed(settings, connection(server)) == counted()
        assert entry.state()["state"] == "sending"  # its lock is held, so somebody is at it
    server.requests.clear()
    assert send_delayed(settings, connection(server)) == counted(uncertain=1)
    assert send_delayed(settings, connection(server)) == counted()
    assert entry.uncertain and entry.state()["state"] == "uncertain" and entry.eml.exists()
    assert server.requests == []
    assert notify(3)["state"] == "uncertain"


@pytest.mark.parametrize("answer", [ACCEPT_AND_HANG, ACCEPT_AND_RESET])
def test_a_mail_that_sendgrid_took_without_a_word_is_not_sent_again(
    settings: Settings, server: SendGridServer, answer: str
) -> None:
    settings = settings.model_copy(update={"sendgrid_timeout_seconds": 0.5})
    server.answers = [503, answer]
    assert notify(3)["state"] == "delayed"
    assert send_delayed(settings, connection(server)) == counted(uncertain=1)
    assert send_delayed(settings, connection(server)) == counted()
    assert notify(3)["state"] == "uncertain" and len(server.accepted) == 1
    (record,) = settings.outbox.glob("*.json")
    assert "no usable answer to the whole mail" in json.loads(record.read_text())["reason"]
    assert record.with_suffix(".eml").exists()


def test_a_refusal_is_kept_for_a_person(settings: Settings, server: SendGridServer) -> None:
    server.answers = [503, 401, 202]
    notify(3)
    assert send_delayed(settings, connection(server))["kept"] == 1
    assert send_delayed(settings, connection(server)) == counted()
    assert list(settings.outbox.glob("*.eml"))


def test_it_is_not_tried_for_ever(
    settings: Settings, server: SendGridServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delayed_mails, "ATTEMPTS_LIMIT", 2)
    server.answers = [503]
    notify(3)
    counts = [send_delayed(settings, connection(server)) for _ in range(3)]
    assert [count["delayed"] for count in counts] == [1, 0, 0] and counts[1]["kept"] == 1
    assert len(server.requests) == 2


def delay_mails(server: SendGridServer, count: int) -> None:
    server.answers = [503]
    for number in range(count):
        assert notify(3, f"run-{number}")["state"] == "delayed"
    server.requests.clear()


def test_a_silent_sendgrid_is_asked_once_in_a_round(settings: Settings, server: SendGridServer) -> None:
    """Else each mail of a long list waited for its time-out, and the limit of the task ended the last one's call."""
    settings = settings.model_copy(update={"sendgrid_timeout_seconds": 0.5})
    delay_mails(server, 3)
    server.answers = [ACCEPT_AND_HANG, 202]
    assert send_delayed(settings, connection(server)) == counted(uncertain=1, delayed=2)
    assert len(server.requests) == 1
    assert send_delayed(settings, connection(server)) == counted(sent=2)


def test_an_unreachable_sendgrid_is_called_once_in_a_round(
    settings: Settings, server: SendGridServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    delay_mails(server, 3)
    calls = []

    def unreachable(*_: Any) -> str:
        calls.append(1)
        raise SendGridUnreachable("SendGrid must take the mail.", "no connection", "Check the network.")

    with monkeypatch.context() as patched:
        patched.setattr(delayed_mails, "hand_over", unreachable)
        assert send_delayed(settings, connection(server)) == counted(delayed=3)
    assert len(calls) == 1
    server.answers = [503]
    assert send_delayed(settings, connection(server)) == counted(delayed=3)
    assert len(server.requests) == 3, "what it refuses for the moment says nothing about another mail"


def test_a_round_ends_before_its_task_is_ended(
    settings: Settings, server: SendGridServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    delay_mails(server, 2)
    monkeypatch.setattr(delayed_mails, "ROUND_LIMIT_SECONDS", -1.0)
    server.answers = [202]
    assert send_delayed(settings, connection(server)) == counted(delayed=2)
    assert server.requests == []


def test_the_limits_of_tasks_leave_time_for_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call waits for the connection, for the encryption, for its request to be taken, and for the answer."""
    dag = runpy.run_path(str(Path(__file__).parents[2] / "dags" / "send_delayed_mails.py"))["dag"]
    limit = dag.get_task("send").execution_timeout
    assert limit is not None and limit.total_seconds() > delayed_mails.ROUND_LIMIT_SECONDS + 4 * TIMEOUT_LIMIT_SECONDS
    assert TASK_LIMIT.total_seconds() > 4 * TIMEOUT_LIMIT_SECONDS


def test_without_a_key_it_is_kept(settings: Settings, server: SendGridServer) -> None:
    server.answers = [503]
    notify(3)
    assert send_delayed(settings, connection(server, password=""))["kept"] == 1


def test_a_record_that_cannot_be_read_hides_no_other(settings: Settings, server: SendGridServer) -> None:
    server.answers = [503, 202]
    notify(3)
    for name, text in (("a.json", "{"), ("b.json", '{"state": "delayed"}'), ("c.json", "[]")):
        (settings.outbox / name).write_text(text)
    assert send_delayed(settings, connection(server))["sent"] == 1
