"""The webhooks over real HTTP: what gets in, what does not, and that a caller without the secret learns nothing."""

import contextlib
import hashlib
import hmac
import http.client
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from tests.serving import serving

from pushtune.watching import webhook_app
from pushtune.watching.watched_repositories import WatchedRepository
from pushtune.watching.webhook import sign
from pushtune.watching.webhook_app import BODY_LIMIT_BYTES, SECRET_KEPT_SECONDS, Secrets, create_hook_app
from pushtune.watching.webhook_memory import REMEMBERED_LIMIT, once

SECRET = "correct horse battery staple"
ENTRIES = {
    "digits": WatchedRepository(name="digits", url="/srv/digits.git", webhook_connection_id="digits_hook"),
    "quiet": WatchedRepository(name="quiet", url="/srv/quiet.git"),
    "weak": WatchedRepository(name="weak", url="/srv/weak.git", webhook_connection_id="weak_hook"),
    "unset": WatchedRepository(name="unset", url="/srv/unset.git", webhook_connection_id="missing_hook"),
}
PASSWORDS = {"digits_hook": SECRET, "weak_hook": "short"}
REFUSED = (401, b'{"result": "not authentic"}')


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[str]:
    app = create_hook_app(ENTRIES.get, PASSWORDS.__getitem__, tmp_path)
    with serving(app) as address:
        yield address


def post(address: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    answer = requests.post(address, data=body, headers=headers, timeout=30)
    return answer.status_code, answer.content


def signed(body: bytes, unix_time: float | None = None) -> dict[str, str]:
    return sign(body, SECRET, int(unix_time or time.time()))


def woken(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "wakes").glob("*"))


def test_a_signed_push_wakes_the_watcher(hooks: str, tmp_path: Path) -> None:
    body = b'{"ref": "refs/heads/main"}'
    assert post(f"{hooks}/digits", body, signed(body)) == (202, b'{"result": "taken"}')
    assert woken(tmp_path) == ["digits"]


def test_a_signed_push_to_another_branch_wakes_nobody(hooks: str, tmp_path: Path) -> None:
    body = b'{"ref": "refs/heads/other"}'
    assert post(f"{hooks}/digits", body, signed(body))[0] == 202
    assert woken(tmp_path) == []


def test_a_replay_is_refused_by_every_sender(hooks: str, tmp_path: Path) -> None:
    body = b'{"ref": "refs/heads/main"}'
    github = {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}
    for headers in (signed(body), github):
        assert post(f"{hooks}/digits", body, headers)[0] == 202
        (tmp_path / "wakes" / "digits").unlink()
        another_delivery = headers | {"X-GitHub-Delivery": "0b989ba4-242f-11e5-81e1-c7b6966d2516"}
        for repeated in (headers, another_delivery):
            assert post(f"{hooks}/digits", body, repeated) == (409, b'{"result": "seen before"}')
        assert woken(tmp_path) == []
    assert post(f"{hooks}/digits", body, signed(body, time.time() - 301)) == REFUSED


def test_of_many_at_once_one_delivery_is_taken_once(hooks: str) -> None:
    body = b"{}"
    headers = signed(body)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(f"{hooks}/digits", body, headers)[0], range(16)))
    assert sorted(answers) == [202] + [409] * 15


def test_a_caller_without_the_secret_cannot_tell_which_repositories_there_are(hooks: str, tmp_path: Path) -> None:
    body = b'{"ref": "refs/heads/main"}'
    wrong = sign(body, "another secret, long enough", int(time.time()))
    answers = []
    for name in ("digits", "quiet", "weak", "unset", "there-is-none", "", "a/b", "..%2f..%2fetc", "%00", "x" * 3000):
        for headers in ({}, wrong, {"X-Gitlab-Token": "short"}, {"X-Gitlab-Token": ""}):
            answer = requests.post(f"{hooks}/{name}", data=body, headers=headers, timeout=30)
            volatile = {"date", "content-length"}
            seen = sorted((key, value) for key, value in answer.headers.items() if key.lower() not in volatile)
            answers.append((answer.status_code, answer.content, seen))
    assert len({str(answer) for answer in answers}) == 1
    assert answers[0][:2] == REFUSED
    assert woken(tmp_path) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["", "digits", "docs", "openapi.json", "there-is-none"])
def test_no_other_way_leads_in(hooks: str, method: str, path: str) -> None:
    answer = requests.request(method, f"{hooks}/{path}", headers=signed(b""), timeout=30, allow_redirects=False)
    assert (answer.status_code, answer.content) in (REFUSED, (401, b""))


def test_a_body_over_the_limit_is_refused_while_it_is_sent(hooks: str, tmp_path: Path) -> None:
    body = b" " * (BODY_LIMIT_BYTES - 2) + b"{}"
    assert post(f"{hooks}/digits", body, signed(body))[0] == 202
    body = b" " + body
    assert post(f"{hooks}/digits", body, signed(body)) == (413, b'{"result": "too large"}')
    parts = urlsplit(hooks)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 65536
            yield b" " * 65536

    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the server hangs up in the middle
        connection.request("POST", "/digits", body=endless(), encode_chunked=True)
    assert sent < 500 * 65536
    connection.close()


def test_a_body_that_does_not_come_is_not_waited_for(hooks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_app, "BODY_TIMEOUT_SECONDS", 0.3)
    parts = urlsplit(hooks)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as slow:
        slow.sendall(b"POST /digits HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_a_secret_is_asked_for_now_and_then_only() -> None:
    asked: list[str] = []
    now = 0.0

    def password(identity: str) -> str:
        asked.append(identity)
        return f"{SECRET} {len(asked)}"

    secrets = Secrets(password, lambda: now)
    first = secrets.of(ENTRIES["digits"])
    assert [secrets.of(ENTRIES["digits"]) for _ in range(5)] == [first] * 5
    unknown = secrets.of(None)
    assert unknown not in (first, "")
    assert asked == ["digits_hook", "pushtune_nobodys_webhook"]
    now += SECRET_KEPT_SECONDS
    assert secrets.of(ENTRIES["digits"]) == f"{SECRET} 3", "a changed secret counts within half a minute"


def test_what_is_wrong_with_a_connection_is_logged_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    secrets = Secrets(PASSWORDS.__getitem__)
    assert len({secrets.of(ENTRIES[name]) for name in ("weak", "unset", "quiet")} | {SECRET}) == 2
    assert "The password of the connection weak_hook must have at least 16 characters" in caplog.text
    assert "The webhook connection missing_hook cannot be read: KeyError" in caplog.text
    assert "short" not in caplog.text and "nobody" not in caplog.text


def test_the_memory_of_deliveries_is_bounded_and_survives_half_a_line(tmp_path: Path) -> None:
    taken = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(3 * REMEMBERED_LIMIT)]
    assert all(once(tmp_path, "digits", identity, lambda: None) for identity in taken)
    path = tmp_path / "webhook-deliveries" / "digits"
    assert len(path.read_text().split("\n")) <= 2 * REMEMBERED_LIMIT + 2
    assert not any(once(tmp_path, "digits", identity, lambda: None) for identity in taken[-REMEMBERED_LIMIT:])
    with path.open("ab") as stream:
        stream.write(b"\nhalf \xff a line")
    assert once(tmp_path, "digits", "f" * 64, lambda: None)
    assert not once(tmp_path, "digits", "f" * 64, lambda: None)


def test_a_delivery_whose_wake_failed_may_come_again(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        once(tmp_path, "digits", "a" * 64, fail)
    assert once(tmp_path, "digits", "a" * 64, lambda: None)
