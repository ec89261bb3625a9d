"""The outbox: every mail is written here before it is sent, so that none is lost and none is sent twice.

Two files per mail, named after its key: ``<name>.json`` says what became of it (``kept``, ``delayed``, ``sending``,
``uncertain`` or ``sent``, and why), ``<name>.eml`` is the mail itself and is removed once SendGrid has it. The record
of a ``delayed`` mail, which met an outage, holds what ``delayed_mails`` needs to send it later. A lock per mail keeps
two processes from sending the same one; the kernel frees it when its holder dies.

SendGrid knows no key that would make a second call harmless. A mail is not sent again where it may have arrived: where
the answer to the whole request never came, and where ``sending`` is found without anybody sending, whose process died
during the call, most likely while it waited for the answer.
"""

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from pushtune.errors import InvalidMail, MailNotSent
from pushtune.file_locks import try_lock
from pushtune.notifying.plain_words import one_line
from pushtune_contract.reading import UnsafeFile, read_bytes, read_json, write_json

SUBJECT_LIMIT_CHARACTERS = 250
INTERRUPTED = "an attempt ended during the call, so SendGrid may have the mail already"
ATTACHMENTS_LIMIT_BYTES = 20 * 2**20  # SendGrid refuses mails over 30 MB, and base64 adds a third
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True)
class Mail:
    """One mail.

    Attributes:
        key: the same for every attempt to say the same thing; a key is sent once.
        sender, to, cc, bcc: plain addresses; each recipient once, in whatever case, where it stands first.
        subject: one line. html, text: the two forms of the body.
        files: paths of attachments; what a container wrote is read as what it is, never through a link.
    """

    key: str
    sender: str
    to: list[str]
    subject: str
    html: str
    text: str = ""
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for address in [self.sender, *self.to, *self.cc, *self.bcc]:
            if not is_address(address):
                raise InvalidMail(
                    "An e-mail address must look like name@example.org, without a display name.", repr(address)[:200],
                    "Correct it where the repository is listed (notify) or in the setting mail_from.",
                )
        self._name_each_recipient_once()
        if not self.key:
            raise InvalidMail("A mail must have a key, so that it is sent once.", "an empty key", "Give it a key.")

    def _name_each_recipient_once(self) -> None:
        """SendGrid refuses the whole mail where somebody is named twice, also where only the case differs."""
        seen: set[str] = set()
        for name in ("to", "cc", "bcc"):
            new = []
            for address in getattr(self, name):
                if address.lower() not in seen:
                    new.append(address)
                    seen.add(address.lower())
            object.__setattr__(self, name, new)  # a frozen dataclass has no other way to correct what it is given

    @property
    def message_id(self) -> str:
        """Stable, so that mail programs can see one mail where a person has it sent again."""
        return f"<{_digest(self.key)}@pushtune>"

    @property
    def single_line_subject(self) -> str:
        """The subject without line breaks, which would start a new header."""
        return one_line(self.subject, SUBJECT_LIMIT_CHARACTERS)

    def attachments(self) -> list[tuple[str, bytes]]:
        """Return (name, content) of the files. Raises UnsafeFile over the limit, FileNotFoundError without one."""
        left, found = ATTACHMENTS_LIMIT_BYTES, []
        for path in self.files:
            content = read_bytes(path, left)
            left -= len(content)
            found.append((one_line(Path(path).name, 100), content))
        return found


class OutboxEntry:
    """The place of one mail in the outbox, while its lock is held."""

    def __init__(self, folder: Path, mail: Mail) -> None:
        self._mail = mail
        self.key = mail.key
        self._record = folder / f"{_file_stem(mail.key)}.json"
        self.eml = self._record.with_suffix(".eml")

    @property
    def sent(self) -> bool:
        """Whether SendGrid has accepted the mail."""
        return self.state().get("state") == "sent"

    def state(self) -> dict[str, Any]:
        """Return what is known about the mail: ``state``, ``reason``, ``attempts``, ``unix_time`` and its head."""
        try:
            found: dict[str, Any] = read_json(self._record)
        except FileNotFoundError:
            return {}
        return found

    @property
    def attempts(self) -> int:
        """How often it was handed to SendGrid so far."""
        return int(self.state().get("attempts", 0))

    @property
    def uncertain(self) -> bool:
        """Whether SendGrid may have the mail without our having seen its answer."""
        return self.state().get("state") in ("sending", "uncertain")

    def keep(self, reason: str) -> Path:
        """Write the mail and why it lies here; return the path of the ``.eml`` file."""
        self.eml.write_bytes(as_eml(self._mail))
        self._write("kept", reason)
        return self.eml

    def delay(self, reason: str, connection: str) -> Path:
        """Write the mail down to be sent over ``connection`` later; return the path of the ``.eml`` file."""
        self.eml.write_bytes(as_eml(self._mail))
        self._write("delayed", reason, {"connection": connection, "mail": asdict(self._mail)})
        return self.eml

    def leave_uncertain(self, reason: str = "") -> Path:
        """Note that the mail will not be sent again; return the path of the ``.eml`` file.

        Without a ``reason`` the noted one stays; where there is none, the sender died before it could note one.
        """
        self._write("uncertain", reason or str(self.state().get("reason") or INTERRUPTED))
        return self.eml

    def start_sending(self) -> None:
        """Write the mail down before the call, so that it survives our own death during it."""
        self.eml.write_bytes(as_eml(self._mail))
        self._write("sending", "", new_attempts=1)

    def finish_sending(self, answer: str) -> None:
        """Note that SendGrid has the mail."""
        self._write("sent", answer)
        self.remove_file()

    def remove_file(self) -> None:
        """Remove the mail itself, of which SendGrid has a copy; what became of it stays noted."""
        self.eml.unlink(missing_ok=True)

    def _write(self, state: str, reason: str, further: dict[str, Any] | None = None, new_attempts: int = 0) -> None:
        count = self.attempts + new_attempts
        mail = asdict(self._mail)
        facts = {name: mail[name] for name in ("key", "to", "cc", "bcc", "sender", "subject")}
        write_json(
            self._record,
            {"state": state, "reason": reason, "attempts": count, "unix_time": time.time(), **facts, **(further or {})},
        )


@contextmanager
def outbox_entry(folder: Path, mail: Mail) -> Iterator[OutboxEntry]:
    """Yield the entry of ``mail`` in the outbox ``folder`` while nobody else works on the same mail.

    Raises:
        MailNotSent: another process is sending this mail right now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _lock_file(folder / f"{_file_stem(mail.key)}.json").open("w") as lock:
        if not try_lock(lock):
            raise MailNotSent(
                "A mail is sent by one process at a time.", f"another one is sending {mail.key!r}",
                "Nothing is to be done: the next attempt finds out whether it was sent.",
            )
        yield OutboxEntry(folder, mail)


def is_settled(folder: Path, key: str) -> bool:
    """Return whether no attempt is to be made by the task of this mail: it is sent, kept, delayed or uncertain."""
    try:
        state = read_json(folder / f"{_file_stem(key)}.json")["state"]
    except (FileNotFoundError, UnsafeFile, KeyError, TypeError):
        return False
    return state in ("sent", "kept", "delayed", "uncertain")


def _unused_records(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each record and what it says, while its lock is held; those that somebody else works on are passed over."""
    for record in sorted(folder.glob("*.json")):
        with _lock_file(record).open("w") as lock:
            if not try_lock(lock):
                continue
            try:
                state = read_json(record)
            except (FileNotFoundError, UnsafeFile):
                continue
            if isinstance(state, dict):
                yield record, state


def _lock_file(record: Path) -> Path:
    return record.with_name(f".{record.stem}.lock")


def forget_sent(folder: Path, older_than_unix_time: float) -> list[Path]:
    """Remove the notes about mails that SendGrid has had since before that time; return their paths.

    A mail that was kept, or whose fate is not certain, stays: it is for a person to look at.
    """
    forgotten = []
    for record, state in _unused_records(folder):
        if state.get("state") == "sent" and float(state.get("unix_time", 0)) < older_than_unix_time:
            for path in (record, record.with_suffix(".eml"), _lock_file(record)):
                path.unlink(missing_ok=True)
            forgotten.append(record)
    return forgotten


def delayed(folder: Path) -> list[tuple[Mail, str]]:
    """Return the mails that met an outage, each with the connection that it was to be sent over."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            record = read_json(path)
            if record.get("state") == "delayed":
                found.append((Mail(**record["mail"]), str(record["connection"])))
        except (FileNotFoundError, UnsafeFile, InvalidMail, AttributeError, KeyError, TypeError):
            continue  # sent or removed meanwhile, or of another release
    return found


def note_interrupted(folder: Path) -> list[Path]:
    """Note as uncertain each mail whose sender died during the call, and return their ``.eml`` files.

    Whoever holds the lock of a mail is sending it right now: it is passed over.
    """
    found = []
    for record, state in _unused_records(folder):
        if state.get("state") == "sending":
            write_json(record, {**state, "state": "uncertain", "reason": INTERRUPTED})
            found.append(record.with_suffix(".eml"))
    return found


def is_address(text: str) -> bool:
    """Return whether ``text`` is a plain ASCII address, without a display name."""
    return ADDRESS.fullmatch(text) is not None


def as_eml(mail: Mail) -> bytes:
    """Return the mail as a file that every mail program opens."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = mail.sender, mail.single_line_subject
    for name, people in (("To", mail.to), ("Cc", mail.cc)):
        if people:
            message[name] = ", ".join(people)
    message["Message-ID"] = mail.message_id
    message.set_content(mail.text or "This mail is written in HTML.")
    message.add_alternative(mail.html, subtype="html")
    for name, content in mail.attachments():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _file_stem(key: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", key).strip(".-")[:80]
    return f"{readable}-{_digest(key)[:8]}"
