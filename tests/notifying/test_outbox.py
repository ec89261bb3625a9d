"""The outbox: what is kept, what is not sent twice, and what hostile texts do to a mail file."""

import email
import os
import subprocess
import sys
import time
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from pushtune.errors import InvalidMail, MailNotSent
from pushtune.notifying.outbox import INTERRUPTED, Mail, as_eml, forget_sent, is_settled, outbox_entry
from pushtune_contract.reading import UnsafeFile


def mail_with(**fields: Any) -> Mail:
    given: dict[str, Any] = {
        "key": "dag/run/failed", "sender": "from@example.org", "to": ["ada@example.org"], "subject": "Failed",
        "html": "<p>no</p>", "text": "no",
    }
    return Mail(**{**given, **fields})


def test_a_kept_mail_can_be_opened_by_a_mail_program(tmp_path: Path) -> None:
    attachment = tmp_path / "log\r\nX: y.txt"
    attachment.write_text("line")
    mail = mail_with(cc=["c@example.org"], subject="Größe\r\nBcc: x@y.z", files=[str(attachment)])
    with outbox_entry(tmp_path / "outbox", mail) as entry:
        path = entry.keep("no key")
    assert sorted(file.suffix for file in path.parent.iterdir() if file.suffix != ".lock") == [".eml", ".json"]
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert (message["From"], message["To"], message["Cc"]) == ("from@example.org", "ada@example.org", "c@example.org")
    assert message["Subject"] == "Größe Bcc: x@y.z" and message["Bcc"] is None and message["X"] is None
    body, plain = message.get_body(("html",)), message.get_body(("plain",))
    assert body is not None and plain is not None
    assert (body.get_content().strip(), plain.get_content().strip()) == ("<p>no</p>", "no")
    assert [part.get_content() for part in message.iter_attachments()] == [b"line"]


def test_the_state_survives_the_process(tmp_path: Path) -> None:
    with outbox_entry(tmp_path, mail_with()) as entry:
        assert entry.state() == {}
        entry.start_sending()
        entry.keep("HTTP 500")
        entry.start_sending()
    with outbox_entry(tmp_path, mail_with()) as entry:
        assert (entry.state()["state"], entry.state()["attempts"], entry.sent) == ("sending", 2, False)
        assert entry.uncertain and entry.leave_uncertain() == entry.eml and entry.uncertain
        assert entry.state()["reason"] == INTERRUPTED
        entry.leave_uncertain("no answer")
        entry.leave_uncertain()
        assert entry.state()["reason"] == "no answer"
        assert entry.eml.exists()
        entry.finish_sending("id-1")
    with outbox_entry(tmp_path, mail_with()) as entry:
        assert entry.sent and not entry.uncertain and not entry.eml.exists()
        assert entry.state()["to"] == ["ada@example.org"] and entry.state()["reason"] == "id-1"


def test_a_mail_is_settled_once_nothing_is_to_be_done_by_its_task(tmp_path: Path) -> None:
    mail = mail_with()
    assert not is_settled(tmp_path, mail.key)
    with outbox_entry(tmp_path, mail) as entry:
        assert not is_settled(tmp_path, mail.key)
        entry.start_sending()
        assert not is_settled(tmp_path, mail.key), "its sender may have died: the next attempt finds out"
        for settle in (entry.leave_uncertain, lambda: entry.keep("no"), lambda: entry.delay("no", "c"),
                       lambda: entry.finish_sending("id")):  # fmt: skip
            settle()
            assert is_settled(tmp_path, mail.key)
            entry.start_sending()


def test_each_key_has_its_own_place(tmp_path: Path) -> None:
    for key in ("a/b", "a-b", "../../etc/passwd", "ü", "x" * 500, "\ud800"):
        with outbox_entry(tmp_path / "outbox", mail_with(key=key)) as entry:
            assert not entry.sent
            entry.finish_sending("")
    assert len(list((tmp_path / "outbox").glob("*.json"))) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]


def test_a_mail_is_sent_by_one_process_at_a_time(tmp_path: Path) -> None:
    with outbox_entry(tmp_path, mail_with()):
        second = outbox_entry(tmp_path, mail_with())
        with pytest.raises(MailNotSent, match="by one process at a time. Received: another one is sending"), second:
            pass
    with outbox_entry(tmp_path, mail_with()) as entry:
        assert not entry.sent


def test_a_killed_process_leaves_the_mail_and_no_lock(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from pushtune.notifying.outbox import Mail, outbox_entry\n"
        "mail = Mail('dag/run/failed', 'from@example.org', ['ada@example.org'], 'Failed', '<p>no</p>')\n"
        "with outbox_entry(Path(sys.argv[1]), mail) as entry:\n"
        "    entry.start_sending(); os.kill(os.getpid(), 9)\n"
    )
    project = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{project / 'plugins'}:{project / 'training'}"}
    process = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment, timeout=60)
    assert process.returncode == -9
    with outbox_entry(tmp_path, mail_with()) as entry:
        assert entry.eml.exists() and entry.uncertain


@pytest.mark.parametrize(
    "address", ["ada", "Ada <ada@example.org>", "a@b.c\r\nBcc: x@y.z", "a@b.c,x@y.z", "", "a b@c.d", "ä@b.c", "a@b_c"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    for field in ({"to": [address]}, {"cc": [address]}, {"bcc": [address]}, {"sender": address}):
        with pytest.raises(InvalidMail, match="must look like name@example.org"):
            mail_with(**field)


def test_a_mail_without_a_key_is_refused() -> None:
    with pytest.raises(InvalidMail, match="A mail must have a key, so that it is sent once. Received: an empty key"):
        mail_with(key="")


def test_links_and_large_files_are_not_attached(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(UnsafeFile):
        mail_with(files=[str(tmp_path / "link")]).attachments()
    (tmp_path / "large").write_bytes(b"0" * (20 * 2**20 + 1))
    with pytest.raises(UnsafeFile, match="at most"):
        as_eml(mail_with(files=[str(tmp_path / "large")]))


def test_notes_about_sent_mails_go_after_their_time(tmp_path: Path) -> None:
    for key, finish in (("sent", True), ("kept", False)):
        with outbox_entry(tmp_path, mail_with(key=key)) as entry:
            entry.start_sending()
            entry.finish_sending("id") if finish else entry.keep("no key")
    assert forget_sent(tmp_path, time.time() - 60) == []
    (forgotten,) = forget_sent(tmp_path, time.time() + 60)
    assert forgotten.name.startswith("sent-")
    with outbox_entry(tmp_path, mail_with(key="kept")) as entry:
        assert entry.state()["state"] == "kept" and entry.eml.exists()
        assert forget_sent(tmp_path, time.time() + 60) == []
    with outbox_entry(tmp_path, mail_with(key="sent")) as entry:
        assert not entry.sent
