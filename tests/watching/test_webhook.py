"""Only who knows the secret is heard, whatever else a request says."""

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.watching.webhook import TIMESTAMP_WINDOW_SECONDS, concerns, sign, verify

SECRET = "correct horse battery staple"
NOW = 1_800_000_000
BODY = b'{"ref": "refs/heads/main"}'


def digest(signed: bytes, key: bytes = SECRET.encode()) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


def plain(body: bytes = BODY, unix_time: int = NOW) -> dict[str, str]:
    return {name.lower(): value for name, value in sign(body, SECRET, unix_time).items()}


def standard(body: bytes = BODY, unix_time: int = NOW, key: bytes = SECRET.encode()) -> dict[str, str]:
    signature = base64.b64encode(digest(b"id-1.%d." % unix_time + body, key)).decode()
    timestamp = str(unix_time)
    return {"webhook-id": "id-1", "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


def senders(body: bytes = BODY) -> dict[str, dict[str, str]]:
    return {
        "plain": plain(body),
        "gitlab": standard(body),
        "github": {"x-hub-signature-256": f"sha256={digest(body).hex()}"},
        "gitea": {"x-gitea-signature": digest(body).hex()},
        "forgejo": {"x-forgejo-signature": digest(body).hex()},
        "gitlab token": {"x-gitlab-token": SECRET},
    }


SIGNING = sorted(set(senders()) - {"gitlab token"})


@pytest.mark.parametrize("sender", sorted(senders()))
def test_each_sender_is_heard(sender: str) -> None:
    identity = verify(senders()[sender], BODY, SECRET, NOW)
    assert identity is not None and len(identity) == 64
    assert verify(senders()[sender], BODY, SECRET, NOW + 60) == identity, "a repetition is recognised"
    assert verify(senders(b"{}")[sender], b"{}", SECRET, NOW) != identity


def test_the_example_of_githubs_documentation_is_heard() -> None:
    """docs.github.com, "Validating webhook deliveries": secret, payload and signature to test with."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert verify({"x-hub-signature-256": signature}, b"Hello, World!", "It's a Secret to Everybody", NOW)


@pytest.mark.parametrize("sender", sorted(senders()))
@pytest.mark.parametrize("secret", ["another secret, long enough", "", "short", SECRET[:-1]])
def test_another_secret_is_not_heard(sender: str, secret: str) -> None:
    assert verify(senders()[sender], BODY, secret, NOW) is None


def test_an_empty_or_short_secret_verifies_nothing() -> None:
    for secret in ("", "123456789012345"):
        headers = {"x-hub-signature-256": f"sha256={digest(BODY, secret.encode()).hex()}"}
        assert verify(headers, BODY, secret, NOW) is None
        assert verify({"x-gitlab-token": secret}, BODY, secret, NOW) is None


@pytest.mark.parametrize("sender", SIGNING)
@given(body=st.binary(max_size=200))
def test_another_body_is_not_heard(sender: str, body: bytes) -> None:
    if body != BODY:
        assert verify(senders()[sender], body, SECRET, NOW) is None


@pytest.mark.parametrize("age", [-TIMESTAMP_WINDOW_SECONDS - 1, TIMESTAMP_WINDOW_SECONDS + 1, 10**9])
def test_an_old_or_future_timestamp_is_not_heard(age: float) -> None:
    for headers in (plain(), standard()):
        assert verify(headers, BODY, SECRET, NOW + age) is None
        assert verify(headers, BODY, SECRET, NOW + TIMESTAMP_WINDOW_SECONDS) is not None


@pytest.mark.parametrize("timestamp", ["", "x", "-1", "1e9", " 1800000000", "1800000000.0", "١٨", "9" * 13, "1_800"])
def test_a_timestamp_is_a_plain_number(timestamp: str) -> None:
    signature = f"sha256={digest(timestamp.encode() + b'.' + BODY).hex()}"
    headers = {"x-pushtune-timestamp": timestamp, "x-pushtune-signature": signature}
    assert verify(headers, BODY, SECRET, NOW) is None


def test_a_timestamp_that_was_not_signed_is_not_heard() -> None:
    assert verify(plain() | {"x-pushtune-timestamp": str(NOW + 1)}, BODY, SECRET, NOW) is None
    assert verify(standard() | {"webhook-timestamp": str(NOW + 1)}, BODY, SECRET, NOW) is None
    assert verify(standard() | {"webhook-id": "id-2"}, BODY, SECRET, NOW) is None


def test_one_of_several_signatures_is_enough_while_a_sender_changes_its_secret() -> None:
    headers = standard()
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']} v2,BBBB"
    assert verify(headers, BODY, SECRET, NOW)


def test_a_secret_in_the_form_of_standard_webhooks() -> None:
    key = bytes(range(24))
    secret = "whsec_" + base64.b64encode(key).decode()
    assert verify(standard(key=key), BODY, secret, NOW)
    assert verify(standard(key=key), BODY, "whsec_!" + "A" * 20, NOW) is None


def test_a_good_signature_does_not_rescue_a_bad_one() -> None:
    headers = senders()["github"] | {"x-pushtune-signature": "sha256=00", "x-pushtune-timestamp": str(NOW)}
    assert verify(headers, BODY, SECRET, NOW) is None
    assert verify(senders()["gitlab token"] | {"x-hub-signature-256": "sha256=00"}, BODY, SECRET, NOW) is None


def test_the_older_signature_of_github_is_not_heard() -> None:
    sha1 = hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    assert verify({"x-hub-signature": f"sha1={sha1}"}, BODY, SECRET, NOW) is None


NAMES = st.sampled_from(
    [name for headers in senders().values() for name in headers] + ["x-github-event", "content-type", "x-other"]
)


@given(headers=st.dictionaries(NAMES, st.text(max_size=80), max_size=6), body=st.binary(max_size=300))
def test_no_request_is_heard_by_accident_or_breaks_the_check(headers: dict[str, str], body: bytes) -> None:
    encodable = {name: value.encode("utf-8", "replace").decode("latin-1") for name, value in headers.items()}
    assert verify(encodable, body, SECRET, NOW) is None


@given(
    headers=st.dictionaries(NAMES, st.text(st.characters(codec="latin-1"), max_size=40), max_size=4),
    body=st.one_of(st.binary(max_size=300), st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["ref", "x"]), inner, max_size=3),
    ).map(lambda document: json.dumps(document).encode())),
)
def test_whatever_a_verified_body_says_there_is_an_answer(headers: dict[str, str], body: bytes) -> None:
    asked: list[str] = []

    def is_watched(ref: str) -> bool:
        asked.append(ref)
        return True

    assert concerns(headers, body, is_watched) in (True, False)
    assert all(ref.startswith(("refs/heads/", "refs/tags/")) for ref in asked)


def test_deep_nesting_is_an_answer_too() -> None:
    assert concerns({}, b"[" * 500_000, lambda ref: False)


@pytest.mark.parametrize(
    ("headers", "document", "expected"),
    [
        ({"x-github-event": "push"}, {"ref": "refs/heads/main"}, True),
        ({"x-github-event": "push"}, {"ref": "refs/heads/other"}, False),
        ({"x-github-event": "ping"}, {"zen": "Design for failure."}, False),
        ({"x-github-event": "issues"}, {"ref": "refs/heads/main"}, False),
        ({"x-github-event": "create"}, {"ref": "main"}, True),
        ({"x-gitlab-event": "Push Hook"}, {"ref": "refs/heads/other"}, False),
        ({"x-gitlab-event": "Tag Push Hook"}, {"ref": "refs/tags/v1"}, False),
        ({"x-gitlab-event": "Note Hook"}, {}, False),
        ({}, {}, True),
        ({}, {"ref": 5}, True),
        ({}, [], True),
    ],
)
def test_what_concerns_no_watched_ref_wakes_nobody(headers: dict[str, str], document: object, expected: bool) -> None:
    assert concerns(headers, json.dumps(document).encode(), {"refs/heads/main"}.__contains__) is expected


def test_the_form_in_which_github_sends_by_default() -> None:
    headers = {"x-github-event": "push", "content-type": "application/x-www-form-urlencoded"}
    for ref, expected in (("refs/heads/main", True), ("refs/heads/other", False)):
        body = urlencode({"payload": json.dumps({"ref": ref})}).encode()
        assert concerns(headers, body, {"refs/heads/main"}.__contains__) is expected
    assert concerns(headers, b"nothing=here", {"refs/heads/main"}.__contains__)
